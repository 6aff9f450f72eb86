#include "cache/retry.h"

#include <gtest/gtest.h>

namespace bodega::cache {
namespace {

using http::FetchFailure;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Outcome = std::variant<int, FetchFailure>;

std::optional<Duration> decide(Outcome outcome, int number = 1, Duration elapsed = {}, std::optional<Duration> retry_after = {}) {
  return retry_delay(RetryPolicy{}, FailedTry{number, outcome, retry_after, elapsed}, 0.5);
}

TEST(Retry, WhatMayHealIsTriedAgain) {
  struct Case {
    Outcome outcome;
    bool first;  // after the first try
    bool later;  // after the second
  };
  const Case cases[] = {
      {500, true, false},
      {502, true, true},
      {503, true, true},
      {504, true, true},
      {429, false, false},  // no Retry-After: asking again makes it worse
      {400, false, false},
      {401, false, false},
      {403, false, false},
      {404, false, false},
      {501, false, false},
      {FetchFailure::resolve, true, true},
      {FetchFailure::connect, true, true},
      {FetchFailure::timeout, true, true},
      {FetchFailure::cut, true, true},
      {FetchFailure::protocol, true, false},
      {FetchFailure::tls, false, false},
      {FetchFailure::policy, false, false},
      {FetchFailure::too_large, false, false},
      {FetchFailure::cancelled, false, false},
      {FetchFailure::other, false, false},
  };
  for (const auto& c : cases) {
    const std::string name = std::holds_alternative<int>(c.outcome) ? std::to_string(std::get<int>(c.outcome))
                                                                    : std::string(to_string(std::get<FetchFailure>(c.outcome)));
    EXPECT_EQ(decide(c.outcome, 1).has_value(), c.first) << name;
    EXPECT_EQ(decide(c.outcome, 2).has_value(), c.later) << name;
  }
}

TEST(Retry, WaitsDoubleUpToTheCap) {
  RetryPolicy policy;
  policy.max_tries = 100;
  policy.patience = std::chrono::hours(1);
  const milliseconds expected[] = {milliseconds(250),  milliseconds(500),  milliseconds(1000),
                                   milliseconds(2000), milliseconds(4000), milliseconds(4000)};
  for (int number = 1; number <= 6; ++number) {
    EXPECT_EQ(retry_delay(policy, FailedTry{number, 503, {}, {}}, 1.0), Duration(expected[number - 1])) << number;
    EXPECT_EQ(retry_delay(policy, FailedTry{number, 503, {}, {}}, 0.0), Duration(expected[number - 1]) / 2) << number;
  }
  EXPECT_EQ(retry_delay(policy, FailedTry{90, 503, {}, {}}, 1.0), Duration(seconds(4)));
}

TEST(Retry, RandomOutsideItsRangeDoesNoHarm) {
  EXPECT_EQ(retry_delay(RetryPolicy{}, FailedTry{1, 503, {}, {}}, 7.0), Duration(milliseconds(250)));
  EXPECT_EQ(retry_delay(RetryPolicy{}, FailedTry{1, 503, {}, {}}, -1.0), Duration(milliseconds(125)));
}

TEST(Retry, PatienceAndTriesAreBounded) {
  EXPECT_TRUE(decide(503, 3, seconds(8)));
  EXPECT_FALSE(decide(503, 4, seconds(8)));
  EXPECT_FALSE(decide(503, 1, seconds(15)));
  EXPECT_FALSE(decide(FetchFailure::timeout, 1, seconds(30)));
  EXPECT_TRUE(decide(FetchFailure::timeout, 1, seconds(5)));  // a connect timeout: there is time for another
  EXPECT_FALSE(decide(503, 1, milliseconds(14'900)));         // the wait itself would outlast it
}

TEST(Retry, RetryAfterIsHonouredOrTheAnswerGivenOn) {
  const auto soon = decide(503, 1, {}, seconds(2));
  ASSERT_TRUE(soon);
  EXPECT_GE(*soon, Duration(seconds(2)));
  EXPECT_LE(*soon, Duration(milliseconds(2250)));
  EXPECT_FALSE(decide(503, 1, {}, seconds(60)));
  EXPECT_FALSE(decide(503, 1, seconds(10), seconds(6)));
  EXPECT_TRUE(decide(429, 1, {}, seconds(1)));
  EXPECT_FALSE(decide(429, 1, {}, seconds(6)));
  EXPECT_FALSE(decide(503, 1, {}, std::chrono::hours(24)));
}

TEST(Retry, RetryAfterIsReadInBothForms) {
  const WallTime now = *parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(parse_retry_after("3", now), Duration(seconds(3)));
  EXPECT_EQ(parse_retry_after(" 0 ", now), Duration::zero());
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:49:40 GMT", now), Duration(seconds(3)));
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:00:00 GMT", now), Duration::zero());
  EXPECT_EQ(parse_retry_after("999999999999999999", now), Duration(std::chrono::hours(24)));
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 2094 08:49:37 GMT", now), Duration(std::chrono::hours(24)));
  for (const char* bad : {"", "soon", "-1", "1.5", "99999999999999999999999", "Sun 06 Nov"}) {
    EXPECT_EQ(parse_retry_after(bad, now), std::nullopt) << bad;
  }
}

TEST(Retry, SickStatuses) {
  for (const int status : {429, 500, 502, 503, 504}) EXPECT_TRUE(is_failing_status(status)) << status;
  for (const int status : {200, 304, 400, 401, 403, 404, 410, 501, 505}) EXPECT_FALSE(is_failing_status(status)) << status;
}

}  // namespace
}  // namespace bodega::cache
