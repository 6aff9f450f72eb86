#include "web/search/expendable.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace bodega::web {
namespace {

TEST(Expendable, WorkThatFinishesIsWaitedFor) {
  int made = 0;
  EXPECT_EQ(run_expendable([&made] { made = 7; }), Outcome::finished);
  EXPECT_EQ(made, 7);
}

// As Xapian does when the disk fails while it writes the lists of values.
[[noreturn]] void write_to_a_full_disk() { throw std::runtime_error("the disk is full"); }

struct WritesWhenItGoes {
  ~WritesWhenItGoes() { write_to_a_full_disk(); }
};

TEST(Expendable, ADestructorThatThrowsEndsTheWorkAndNotTheProcess) {
  EXPECT_EQ(run_expendable([] { const WritesWhenItGoes goes; }), Outcome::given_up);
  EXPECT_EQ(run_expendable([] { throw std::runtime_error("left alone"); }), Outcome::given_up);
  EXPECT_EQ(run_expendable([] {}), Outcome::finished) << "others go on";
}

TEST(ExpendableDeathTest, ElsewhereTheProcessEndsAsEver) {
  EXPECT_EQ(run_expendable([] {}), Outcome::finished);
  EXPECT_DEATH(std::terminate(), "");
}

}  // namespace
}  // namespace bodega::web
