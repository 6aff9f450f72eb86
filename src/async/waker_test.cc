#include "async/waker.h"

#include <optional>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <boost/asio/detached.hpp>

#include "async/loop.h"

namespace bodega {
namespace {

Task<void> park(std::optional<Waker>& waker, Loop& loop, int& resumed) {
  auto keep = [&waker](Waker given) { waker = std::move(given); };
  co_await suspend(std::move(keep));
  EXPECT_TRUE(loop.here());
  ++resumed;
}

Task<void> park_and_wake_at_once(int& resumed) {
  auto at_once = [](const Waker& given) { given.wake(); };
  for (int i = 0; i < 3; ++i) {
    co_await suspend(at_once);
    ++resumed;
  }
}

struct WakerTest : ::testing::Test {
  Loop loop{"test"};
  std::optional<Waker> waker;
  int resumed = 0;

  void run() {
    while (loop.poll() > 0) {
    }
  }
  void start() {
    asio::co_spawn(loop.executor(), park(waker, loop, resumed), asio::detached);
    run();
  }
};

TEST_F(WakerTest, ParksUntilWoken) {
  start();
  ASSERT_TRUE(waker);
  EXPECT_FALSE(waker->spent());
  EXPECT_EQ(resumed, 0);
  waker->wake();
  EXPECT_TRUE(waker->spent());
  EXPECT_EQ(resumed, 0) << "never inside wake()";
  run();
  EXPECT_EQ(resumed, 1);
}

TEST_F(WakerTest, OnlyTheFirstWakeCounts) {
  start();
  const Waker copy = *waker;
  copy.wake();
  waker->wake();
  copy.wake();
  run();
  waker.reset();
  run();
  EXPECT_EQ(resumed, 1);
}

TEST_F(WakerTest, DroppedUnwokenItResumes) {
  start();
  std::optional<Waker> copy = *waker;
  waker.reset();
  run();
  EXPECT_EQ(resumed, 0) << "a copy still lives";
  copy.reset();
  run();
  EXPECT_EQ(resumed, 1);
}

TEST_F(WakerTest, MayBeWokenBeforeParkingEnds) {
  asio::co_spawn(loop.executor(), park_and_wake_at_once(resumed), asio::detached);
  run();
  EXPECT_EQ(resumed, 3);
}

TEST_F(WakerTest, ResumesOnItsOwnLoopWhoeverWakes) {
  start();
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back([copy = *waker] { copy.wake(); });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(resumed, 0);
  run();
  EXPECT_EQ(resumed, 1);
}

TEST_F(WakerTest, AnEmptyOneDoesNothing) {
  const Waker none;
  EXPECT_TRUE(none.spent());
  none.wake();
}

}  // namespace
}  // namespace bodega
