#include "access/attempts.h"

#include <gtest/gtest.h>

namespace bodega::access {
namespace {

using std::chrono::seconds;

MonoTime at(int second) { return MonoTime(seconds(1000 + second)); }

TEST(Attempts, TenFailuresInFiveMinutesAndNoMore) {
  Attempts attempts;
  for (int i = 0; i < 9; ++i) attempts.failed("alice", at(i));
  EXPECT_FALSE(attempts.wait("alice", at(9)));
  attempts.failed("alice", at(9));
  EXPECT_EQ(attempts.wait("alice", at(9)), seconds(291));  // the oldest was at 0 and counts for 300
  EXPECT_EQ(attempts.wait("alice", at(299)), seconds(1));
  EXPECT_FALSE(attempts.wait("alice", at(300)));
  EXPECT_FALSE(attempts.wait("bob", at(9)));
}

TEST(Attempts, TheWindowSlides) {
  Attempts attempts;
  for (int i = 0; i < 10; ++i) attempts.failed("alice", at(i * 10));
  EXPECT_FALSE(attempts.wait("alice", at(300)));
  attempts.failed("alice", at(300));  // the oldest of the last ten is now the one at 10
  EXPECT_EQ(attempts.wait("alice", at(301)), seconds(9));
}

TEST(Attempts, ForgettingEndsTheCount) {
  Attempts attempts;
  for (int i = 0; i < 10; ++i) attempts.failed("alice", at(0));
  ASSERT_TRUE(attempts.wait("alice", at(1)));
  attempts.forget("alice");
  attempts.forget("nobody");
  EXPECT_FALSE(attempts.wait("alice", at(1)));
  EXPECT_EQ(attempts.size(), 0U);
}

TEST(Attempts, MemoryIsBoundedAndTheBusiestStay) {
  Attempts attempts({.max_failures = 2, .window = seconds(300), .max_subjects = 100});
  for (int i = 0; i < 1000; ++i) {
    attempts.failed("root", at(i));
    attempts.failed("s" + std::to_string(i), at(i));
  }
  EXPECT_EQ(attempts.size(), 100U);
  EXPECT_TRUE(attempts.wait("root", at(1000)));
}

}  // namespace
}  // namespace bodega::access
