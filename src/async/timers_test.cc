#include "async/timers.h"

#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <boost/asio/detached.hpp>

#include "async/loop.h"

namespace bodega {
namespace {

using namespace std::chrono_literals;

Task<void> sleep_and_note(Timers& timers, const Clock& clock, MonoTime when, int name, std::vector<int>& order) {
  co_await sleep_until(timers, when);
  EXPECT_GE(clock.mono(), when);
  order.push_back(name);
}

struct TimersTest : ::testing::Test {
  SystemClock clock;
  Loop loop{"test"};
  std::unique_ptr<Timers> timers = make_loop_timers(loop, clock);
  std::vector<int> order;

  void start(Duration from_now, int name) {
    asio::co_spawn(loop.executor(), sleep_and_note(*timers, clock, clock.mono() + from_now, name, order), asio::detached);
  }
  void run_until(std::size_t count) {
    while (order.size() < count) {
      loop.poll();
      std::this_thread::yield();
    }
  }
};

TEST_F(TimersTest, WakeInTheOrderOfTheirTimes) {
  start(9ms, 3);
  start(3ms, 1);
  start(6ms, 2);
  run_until(3);
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
}

TEST_F(TimersTest, AnEarlierOneAddedLaterIsNotHeldUp) {
  start(1h, 2);
  loop.poll();
  start(1ms, 1);
  run_until(1);
  EXPECT_EQ(order, std::vector<int>{1});
}

TEST_F(TimersTest, ATimeThatIsPastWakesAtOnce) {
  start(-1h, 1);
  run_until(1);
  EXPECT_EQ(order, std::vector<int>{1});
}

TEST_F(TimersTest, ManyAtOneTimeAllWake) {
  const MonoTime when = clock.mono() + 2ms;
  for (int i = 0; i < 100; ++i) asio::co_spawn(loop.executor(), sleep_and_note(*timers, clock, when, i, order), asio::detached);
  run_until(100);
  EXPECT_EQ(order.size(), 100U);
}

TEST_F(TimersTest, MayBeSetFromAnotherLoop) {
  Loop other("other");
  std::vector<int> elsewhere;
  asio::co_spawn(other.executor(), sleep_and_note(*timers, clock, clock.mono() + 1ms, 7, elsewhere), asio::detached);
  while (elsewhere.empty()) {
    other.poll();
    loop.poll();
  }
  EXPECT_EQ(elsewhere, std::vector<int>{7});
}

TEST_F(TimersTest, TheEndOfTheLoopTakesSleepersWithIt) {
  start(1h, 1);
  loop.poll();
  EXPECT_TRUE(order.empty());  // the fixture destroys the timers, then the loop: nothing hangs, leaks or runs
}

}  // namespace
}  // namespace bodega
