#include "async/allowance.h"

#include <gtest/gtest.h>

#include "testing/manual_timers.h"
#include "testing/run_task.h"

namespace bodega {
namespace {

using testing::run;
using testing::Running;
using Share = Allowance::Share;
using Asking = Running<Result<Share>>;

struct AllowanceTest : ::testing::Test {
  testing::ManualClock clock;
  testing::ManualTimers timers{clock};
  Loop loop{"test"};
  Allowance allowance{1600, timers, clock};

  Share take(std::uint64_t bytes) { return run(loop, allowance.take(bytes)).value(); }
};

TEST_F(AllowanceTest, WhatFitsIsThereAtOnceAndComesBack) {
  {
    const Share one = take(1000);
    const Share other = take(600);
    EXPECT_EQ(allowance.taken(), 1600U);
  }
  EXPECT_EQ(allowance.taken(), 0U);
}

TEST_F(AllowanceTest, WhoDoesNotFitWaitsForThoseBefore) {
  std::optional<Share> one = take(1000);
  Asking second(loop, allowance.take(1000));
  Asking third(loop, allowance.take(1000));
  EXPECT_FALSE(second.done());
  one.reset();
  auto got = second.get();
  loop.poll();
  EXPECT_FALSE(third.done()) << "two of them are too many";
  got = Share();
  EXPECT_TRUE(third.get().has_value());
}

TEST_F(AllowanceTest, LittlePassesThoseWhoWaitForMuch) {
  const Share one = take(1000);
  const Asking large(loop, allowance.take(1000));
  EXPECT_TRUE(Asking(loop, allowance.take(100)).done());
  EXPECT_FALSE(Asking(loop, allowance.take(500)).done()) << "it would fit, but others were first";
}

TEST_F(AllowanceTest, WhoWantsMoreThanAllRunsAlone) {
  std::optional<Share> one = take(10);
  Asking huge(loop, allowance.take(5000));
  EXPECT_FALSE(huge.done());
  one.reset();
  EXPECT_TRUE(huge.get().has_value());
}

TEST_F(AllowanceTest, TheOldestGrowsWhateverOthersHold) {
  Share oldest = take(800);
  Share other = take(800);
  Asking stuck(loop, allowance.grow(std::move(other), 1000));
  EXPECT_FALSE(stuck.done());
  oldest = run(loop, allowance.grow(std::move(oldest), 1000)).value();
  EXPECT_EQ(oldest.bytes(), 1000U);
  oldest = Share();
  EXPECT_EQ(stuck.get()->bytes(), 1000U);
}

TEST_F(AllowanceTest, NothingGrowsIntoANewShare) {
  const Share share = run(loop, allowance.grow(Share(), 100)).value();
  EXPECT_EQ(share.bytes(), 100U);
  EXPECT_EQ(allowance.taken(), 100U);
}

TEST_F(AllowanceTest, ShrinkingLetsTheNextOneIn) {
  Share one = take(1600);
  Asking next(loop, allowance.take(1000));
  EXPECT_FALSE(next.done());
  one.shrink(600);
  EXPECT_TRUE(next.get().has_value());
}

TEST_F(AllowanceTest, ItSaysWhenSomebodyBeginsToWait) {
  std::optional<Share> spare;
  allowance.on_want([&spare] { spare.reset(); });
  spare = take(1600);
  EXPECT_TRUE(Asking(loop, allowance.take(1000)).get().has_value());
}

TEST_F(AllowanceTest, AfterAWhileTheAnswerIsBusyAndTheQueueMovesOn) {
  const Share one = take(800);
  Asking large(loop, allowance.take(1600));
  const Asking behind(loop, allowance.take(400));
  EXPECT_FALSE(behind.done());
  clock.advance(std::chrono::seconds(11));
  timers.fire();
  const auto refused = large.get();
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Code::busy);
  EXPECT_TRUE(refused.error().retry_after.has_value());
}

}  // namespace
}  // namespace bodega
