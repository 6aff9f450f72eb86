#include "cache/breaker.h"

#include <gtest/gtest.h>

#include <vector>

namespace bodega::cache {
namespace {

using Outcome = Breaker::Outcome;
using State = Breaker::State;
using std::chrono::milliseconds;
using std::chrono::seconds;

class BreakerTest : public ::testing::Test {
 protected:
  // One request from ask to settle; false when it was not let through.
  bool request(Outcome outcome) {
    const auto permit = breaker.ask(now);
    if (permit.granted) breaker.settle(permit, outcome, now);
    return permit.granted;
  }
  void open_it() {
    for (int i = 0; i < 5; ++i) request(Outcome::failure);
    ASSERT_EQ(breaker.state(now), State::open);
  }

  Breaker breaker;
  MonoTime now = MonoTime(std::chrono::hours(1));
};

TEST_F(BreakerTest, OpensAfterFiveFailuresInARow) {
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(request(Outcome::failure));
  EXPECT_EQ(breaker.state(now), State::closed);
  EXPECT_TRUE(request(Outcome::failure));
  EXPECT_EQ(breaker.state(now), State::open);
  const auto permit = breaker.ask(now + milliseconds(400));
  EXPECT_FALSE(permit.granted);
  EXPECT_EQ(permit.wait, Duration(milliseconds(600)));
}

TEST_F(BreakerTest, ASuccessInBetweenStartsTheCountAnew) {
  for (int i = 0; i < 4; ++i) request(Outcome::failure);
  request(Outcome::success);
  for (int i = 0; i < 4; ++i) request(Outcome::failure);
  EXPECT_EQ(breaker.state(now), State::closed);
}

TEST_F(BreakerTest, TwoSlowFailuresAreEnough) {
  request(Outcome::failure);
  now += seconds(9);
  request(Outcome::failure);
  EXPECT_EQ(breaker.state(now), State::closed);
  now += seconds(1);
  request(Outcome::failure);
  EXPECT_EQ(breaker.state(now), State::open);
}

TEST_F(BreakerTest, NeutralAndAbandonedSayNothing) {
  for (int i = 0; i < 20; ++i) {
    request(Outcome::neutral);
    request(Outcome::abandoned);
  }
  EXPECT_EQ(breaker.state(now), State::closed);
  EXPECT_TRUE(breaker.pristine());
}

TEST_F(BreakerTest, OneProbeAtATime) {
  open_it();
  now += seconds(1);
  EXPECT_EQ(breaker.state(now), State::half_open);
  const auto probe = breaker.ask(now);
  EXPECT_TRUE(probe.granted);
  EXPECT_TRUE(probe.probe);
  for (int i = 0; i < 3; ++i) {
    const auto other = breaker.ask(now);
    EXPECT_FALSE(other.granted);
    EXPECT_EQ(other.wait, Duration(seconds(1)));
  }
  EXPECT_TRUE(breaker.settle(probe, Outcome::success, now));
  EXPECT_EQ(breaker.state(now), State::closed);
  EXPECT_TRUE(breaker.ask(now).granted);
}

TEST_F(BreakerTest, AnAbandonedProbeLeavesItsPlace) {
  open_it();
  now += seconds(1);
  const auto probe = breaker.ask(now);
  breaker.settle(probe, Outcome::abandoned, now);
  EXPECT_EQ(breaker.state(now), State::half_open);
  EXPECT_TRUE(breaker.ask(now).probe);
}

TEST_F(BreakerTest, OpenTimesDoubleToAMinute) {
  open_it();
  std::vector<Duration> times;
  for (int i = 0; i < 8; ++i) {
    times.push_back(breaker.open_for());
    now += breaker.open_for();
    EXPECT_TRUE(request(Outcome::failure));
    EXPECT_EQ(breaker.state(now), State::open);
  }
  const std::vector<Duration> expected = {seconds(1),  seconds(2),  seconds(4),  seconds(8),
                                          seconds(16), seconds(32), seconds(60), seconds(60)};
  EXPECT_EQ(times, expected);
}

TEST_F(BreakerTest, AfterASuccessTheTimesStartAnew) {
  open_it();
  now += seconds(1);
  request(Outcome::failure);
  now += seconds(2);
  request(Outcome::success);
  open_it();
  EXPECT_EQ(breaker.open_for(), Duration(seconds(1)));
}

TEST_F(BreakerTest, LateFailuresOfRequestsFromBeforeChangeNothing) {
  std::vector<Breaker::Permit> early;
  for (int i = 0; i < 5; ++i) early.push_back(breaker.ask(now));
  open_it();
  for (const auto& permit : early) EXPECT_FALSE(breaker.settle(permit, Outcome::failure, now));
  EXPECT_EQ(breaker.open_for(), Duration(seconds(1)));
}

TEST_F(BreakerTest, ALateSuccessClosesIt) {
  const auto early = breaker.ask(now);
  open_it();
  EXPECT_TRUE(breaker.settle(early, Outcome::success, now));
  EXPECT_EQ(breaker.state(now), State::closed);
}

TEST_F(BreakerTest, ASuccessWhileAProbeIsOutFreesEverybodyAndTheProbeMayStillFail) {
  const auto early = breaker.ask(now);
  open_it();
  now += seconds(1);
  const auto probe = breaker.ask(now);
  breaker.settle(early, Outcome::success, now);
  EXPECT_EQ(breaker.state(now), State::closed);
  breaker.settle(probe, Outcome::failure, now);
  EXPECT_EQ(breaker.state(now), State::closed);  // one failure among healthy answers
}

TEST_F(BreakerTest, SettleTellsWhenTheStateChanges) {
  for (int i = 0; i < 4; ++i) EXPECT_FALSE(breaker.settle(breaker.ask(now), Outcome::failure, now));
  EXPECT_TRUE(breaker.settle(breaker.ask(now), Outcome::failure, now));
  now += seconds(1);
  EXPECT_FALSE(breaker.settle(breaker.ask(now), Outcome::failure, now));  // still open, no news
  now += seconds(2);
  EXPECT_TRUE(breaker.settle(breaker.ask(now), Outcome::success, now));
  EXPECT_FALSE(breaker.settle(breaker.ask(now), Outcome::success, now));
}

}  // namespace
}  // namespace bodega::cache
