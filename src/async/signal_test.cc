#include "async/signal.h"

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <boost/asio/detached.hpp>

#include "async/loop.h"

namespace bodega {
namespace {

// A counter with its signal: what every user of Signal looks like.
struct Level {
  std::atomic<int> value{0};
  Signal changed;
  void raise() {
    ++value;
    changed.notify_all();
  }
};

Task<void> wait_for(Level& level, int wanted, int& seen) {
  auto too_low = [&level, wanted] { return level.value.load() < wanted; };
  while (too_low()) co_await level.changed.wait(too_low);
  seen = level.value.load();
}

Task<void> wait_for_either(Level& level, std::vector<Waker>& others, int& resumed) {
  auto always = [] { return true; };
  auto also = [&others](const Waker& waker) { others.push_back(waker); };
  co_await level.changed.wait(always, also);
  ++resumed;
}

struct SignalTest : ::testing::Test {
  Level level;
  Loop loop{"test"};

  void run() {
    while (loop.poll() > 0) {
    }
  }
  void start(int wanted, int& seen) {
    asio::co_spawn(loop.executor(), wait_for(level, wanted, seen), asio::detached);
    run();
  }
};

TEST_F(SignalTest, WakesEveryWaiterThatHasWhatItWants) {
  int first = 0;
  int second = 0;
  int third = 0;
  start(1, first);
  start(1, second);
  start(2, third);
  level.raise();
  run();
  EXPECT_EQ(first, 1);
  EXPECT_EQ(second, 1);
  EXPECT_EQ(third, 0);
  level.raise();
  run();
  EXPECT_EQ(third, 2);
}

TEST_F(SignalTest, WhatIsThereAlreadyNeedsNoNotify) {
  level.value = 5;
  int seen = 0;
  start(3, seen);
  EXPECT_EQ(seen, 5);
}

TEST_F(SignalTest, NobodyWaitingIsFine) { level.raise(); }

TEST_F(SignalTest, ASecondSourceWakesOnceToo) {
  std::vector<Waker> others;
  int resumed = 0;
  asio::co_spawn(loop.executor(), wait_for_either(level, others, resumed), asio::detached);
  run();
  ASSERT_EQ(others.size(), 1U);
  others[0].wake();
  run();
  EXPECT_EQ(resumed, 1);
  level.raise();
  run();
  EXPECT_EQ(resumed, 1);
}

TEST(Signal, ItsEndWakesWhoStillWaits) {
  Loop loop("test");
  auto level = std::make_unique<Level>();
  std::vector<Waker> none;
  int resumed = 0;
  asio::co_spawn(loop.executor(), wait_for_either(*level, none, resumed), asio::detached);
  loop.poll();
  none.clear();
  level.reset();
  while (loop.poll() > 0) {
  }
  EXPECT_EQ(resumed, 1);
}

TEST(Signal, NoNotifyIsLostBetweenThreads) {
  constexpr int kRaises = 2000;
  Level level;
  Loop loop("waiter");
  std::atomic<int> done{0};
  std::vector<int> seen(50, 0);
  loop.start();
  for (std::size_t i = 0; i < seen.size(); ++i) {
    const int wanted = static_cast<int>((i + 1) * kRaises / seen.size());
    asio::co_spawn(loop.executor(), wait_for(level, wanted, seen[i]), [&done](const std::exception_ptr&) { ++done; });
  }
  std::thread raiser([&level] {
    for (int i = 0; i < kRaises; ++i) level.raise();
  });
  raiser.join();
  while (done.load() < static_cast<int>(seen.size())) std::this_thread::yield();
  loop.stop();
  loop.join();
  for (std::size_t i = 0; i < seen.size(); ++i) EXPECT_GE(seen[i], static_cast<int>((i + 1) * kRaises / seen.size()));
}

}  // namespace
}  // namespace bodega
