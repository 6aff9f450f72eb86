#include "async/loop.h"

#include <atomic>
#include <stdexcept>
#include <string>
#include <thread>

#include <gtest/gtest.h>
#include <boost/asio/detached.hpp>

namespace bodega {
namespace {

Task<std::string> answer(Loop& where) {
  EXPECT_TRUE(where.here());
  co_return "from over there";
}

Task<int> throws() {
  throw std::runtime_error("a bug");
  co_return 1;
}

Task<void> visit(Loop& own, Loop& other, std::string& result) {
  EXPECT_TRUE(own.here());
  auto task = answer(other);
  result = co_await on(other, std::move(task));
  EXPECT_TRUE(own.here());
  EXPECT_FALSE(other.here());
}

Task<void> visit_often(Loop& own, Loop& other, int rounds, std::atomic<int>& done) {
  for (int i = 0; i < rounds; ++i) {
    auto task = answer(other);
    const auto text = co_await on(other, std::move(task));
    EXPECT_TRUE(own.here() && !text.empty());
  }
  ++done;
}

Task<void> visit_bug(Loop& other, std::string& caught) {
  auto task = throws();
  try {
    co_await on(other, std::move(task));
  } catch (const std::runtime_error& error) {
    caught = error.what();
  }
}

void run(Loop& one, Loop& two) {
  while (one.poll() + two.poll() > 0) {
  }
}

TEST(Loop, OnRunsThereAndComesBack) {
  Loop own("own");
  Loop other("other");
  std::string result;
  asio::co_spawn(own.executor(), visit(own, other, result), asio::detached);
  EXPECT_TRUE(result.empty());
  run(own, other);
  EXPECT_EQ(result, "from over there");
}

TEST(Loop, OnBringsExceptionsHome) {
  Loop own("own");
  Loop other("other");
  std::string caught;
  asio::co_spawn(own.executor(), visit_bug(other, caught), asio::detached);
  run(own, other);
  EXPECT_EQ(caught, "a bug");
}

TEST(Loop, TwoRunningLoopsVisitEachOther) {
  Loop one("one");
  Loop two("two");
  one.start();
  two.start();
  std::atomic<int> done{0};
  for (int i = 0; i < 10; ++i) {
    asio::co_spawn(one.executor(), visit_often(one, two, 100, done), asio::detached);
    asio::co_spawn(two.executor(), visit_often(two, one, 100, done), asio::detached);
  }
  while (done.load() < 20) std::this_thread::yield();
  EXPECT_FALSE(one.here());
  one.stop();
  two.stop();
  one.join();
  two.join();
}

TEST(Loop, PostedWorkRunsInOrder) {
  Loop loop("test");
  std::string order;
  loop.post([&order] { order += 'a'; });
  loop.post([&order] { order += 'b'; });
  EXPECT_EQ(order, "");
  EXPECT_EQ(loop.poll(), 2U);
  EXPECT_EQ(order, "ab");
  EXPECT_EQ(loop.poll(), 0U);
}

TEST(Loop, StopsWhileIdle) {
  Loop loop("a name longer than the system allows for threads");
  loop.start();
  loop.stop();
  loop.join();
}

}  // namespace
}  // namespace bodega
