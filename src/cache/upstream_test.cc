#include "cache/upstream.h"

#include <gtest/gtest.h>

#include "testing/manual_clock.h"
#include "testing/manual_timers.h"
#include "testing/memory_log.h"
#include "testing/run_task.h"
#include "testing/scripted_client.h"

namespace bodega::cache {
namespace {

using http::FetchFailure;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::answer;
using testing::answer_error;
using testing::answer_status;

const std::string kPage = "https://pypi.example/simple/flask/";

http::FetchRequest request_for(std::string_view url) {
  http::FetchRequest request;
  request.url = *Url::parse(url);
  return request;
}

class UpstreamTest : public ::testing::Test {
 protected:
  using Answered = Result<http::FetchResponse>;
  using Fetching = testing::Running<Answered>;

  Fetching start(http::FetchRequest request) { return Fetching(loop, upstream->fetch(std::move(request))); }
  Fetching start(std::string_view url) { return start(request_for(url)); }

  // Lets time pass from timer to timer until the fetch has ended; how long that took.
  Duration finish(Fetching& fetching) {
    const MonoTime began = clock.mono();
    while (!fetching.done() && timers.next()) {
      clock.advance(*timers.next() - clock.mono());
      timers.fire();
      for (int i = 0; i < 5; ++i) loop.poll();
    }
    return clock.mono() - began;
  }
  Answered fetch(std::string_view url) {
    auto fetching = start(url);
    finish(fetching);
    return fetching.get();
  }
  void break_it() {
    for (int i = 0; i < 5; ++i) client.once(kPage, answer_error(FetchFailure::connect));
    EXPECT_FALSE(fetch(kPage));
    EXPECT_TRUE(upstream->counters().breakers.empty());
    EXPECT_FALSE(fetch(kPage));
    EXPECT_EQ(upstream->counters().breakers.size(), 1U);
  }

  Loop loop{"test"};
  testing::ManualClock clock;
  testing::ManualTimers timers{clock};
  testing::MemoryLog log;
  testing::ScriptedClient client;
  std::unique_ptr<Upstream> upstream = std::make_unique<Upstream>(Upstream::Dependencies{client, timers, clock, log, [] { return 1.0; }},
                                                                  Upstream::Options{}, UpstreamCredentials());
};

TEST_F(UpstreamTest, GivesAnswersOn) {
  client.on(kPage, answer("page", "\"e\""));
  const auto got = fetch(kPage);
  ASSERT_TRUE(got);
  EXPECT_EQ(got->status, 200);
  EXPECT_EQ(client.count(), 1U);
  EXPECT_TRUE(log.events().empty());
}

TEST(AnswerTimes, TellsOfTheLastAnswersOnly) {
  AnswerTimes times;
  EXPECT_EQ(times.median(), Duration{});
  EXPECT_EQ(times.longest(), Duration{});
  times.add(seconds(9));
  EXPECT_EQ(times.median(), seconds(9));
  for (int i = 0; i < 31; ++i) times.add(milliseconds(20));
  EXPECT_EQ(times.median(), milliseconds(20));
  EXPECT_EQ(times.longest(), seconds(9));
  times.add(milliseconds(30));
  EXPECT_EQ(times.longest(), milliseconds(30)) << "the first is forgotten";
  EXPECT_EQ(times.answers(), 33U);
}

TEST_F(UpstreamTest, OriginsTellHowFastTheyAnswerAndWhetherTheyDo) {
  EXPECT_TRUE(upstream->origins().empty());
  client.on(kPage, answer_status(404));
  EXPECT_TRUE(fetch(kPage));
  ASSERT_EQ(upstream->origins().size(), 1U);
  EXPECT_EQ(upstream->origins().at("https://pypi.example").times.answers(), 1U) << "a 404 is an answer";
  break_it();
  const auto origin = upstream->origins().at("https://pypi.example");
  EXPECT_EQ(origin.state, Breaker::State::open);
  EXPECT_EQ(origin.times.answers(), 1U) << "what failed has no time";
}

TEST_F(UpstreamTest, A404IsAnAnswerAndAskedOnce) {
  client.on(kPage, answer_status(404));
  EXPECT_EQ(fetch(kPage)->status, 404);
  EXPECT_EQ(client.count(), 1U);
}

TEST_F(UpstreamTest, TriesAgainAfterFailuresThatHeal) {
  client.once(kPage, answer_error(FetchFailure::connect));
  client.once(kPage, answer_status(503));
  client.on(kPage, answer("page"));
  auto fetching = start(kPage);
  EXPECT_EQ(finish(fetching), Duration(milliseconds(750)));
  EXPECT_EQ(fetching.get()->status, 200);
  EXPECT_EQ(client.count(kPage), 3U);
  EXPECT_EQ(client.bodies_alive(), 0);
  const auto counters = upstream->counters();
  EXPECT_EQ(counters.requests, 3U);
  EXPECT_EQ(counters.retries, 2U);
  EXPECT_EQ(counters.statuses_5xx, 1U);
  EXPECT_EQ(counters.failures[static_cast<std::size_t>(FetchFailure::connect)], 1U);
  const auto retries = log.events("upstream.retry");
  ASSERT_EQ(retries.size(), 2U);
  EXPECT_EQ(retries[0]["reason"], "connect");
  EXPECT_EQ(retries[0]["delay_ms"], "250");
  EXPECT_EQ(retries[1]["reason"], "status 503");
}

TEST_F(UpstreamTest, GivesUpWithTheLastAnswer) {
  client.on(kPage, answer_status(502));
  const auto got = fetch(kPage);
  ASSERT_TRUE(got);
  EXPECT_EQ(got->status, 502);
  EXPECT_EQ(client.count(), 4U);
}

TEST_F(UpstreamTest, HonoursRetryAfterWithinPatience) {
  auto busy = answer_status(429);
  busy.headers.add("Retry-After", "2");
  client.once(kPage, busy);
  client.on(kPage, answer("page"));
  auto fetching = start(kPage);
  EXPECT_EQ(finish(fetching), Duration(milliseconds(2250)));
  EXPECT_EQ(fetching.get()->status, 200);
}

TEST_F(UpstreamTest, ALongRetryAfterIsTheCallersNews) {
  auto busy = answer_status(503);
  busy.headers.add("Retry-After", "120");
  client.on(kPage, busy);
  EXPECT_EQ(fetch(kPage)->status, 503);
  EXPECT_EQ(client.count(), 1U);
}

TEST_F(UpstreamTest, OtherMethodsAreNeverRepeated) {
  client.on(kPage, answer_error(FetchFailure::cut));
  auto request = request_for(kPage);
  request.method = "POST";
  request.body = "x";
  auto fetching = start(std::move(request));
  finish(fetching);
  EXPECT_FALSE(fetching.get());
  ASSERT_EQ(client.count(), 1U);
  EXPECT_EQ(client.requests()[0].body, "x");
}

TEST_F(UpstreamTest, WhileTheBreakerIsOpenNobodyIsAsked) {
  break_it();
  client.forget_requests();
  const auto refused = fetch(kPage);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::upstream_failed);
  EXPECT_EQ(refused.error().context, "breaker open");
  EXPECT_EQ(refused.error().retry_after, seconds(1));
  EXPECT_NE(refused.error().message.find("pypi.example"), std::string::npos);
  EXPECT_EQ(client.count(), 0U);
  EXPECT_EQ(upstream->counters().refused_by_breaker, 1U);
  EXPECT_EQ(upstream->counters().breakers.at("https://pypi.example"), Breaker::State::open);
  ASSERT_EQ(log.events("upstream.breaker_open").size(), 1U);
}

TEST_F(UpstreamTest, TheBreakerIsOfOneOrigin) {
  break_it();
  client.on("https://files.example/a.whl", answer("wheel"));
  EXPECT_TRUE(fetch("https://files.example/a.whl"));
}

TEST_F(UpstreamTest, OneProbeThenEverybody) {
  break_it();
  client.forget_requests();
  clock.advance(seconds(1));
  auto probe = answer("page");
  probe.hold_head = testing::make_gate();
  client.once(kPage, probe);
  client.on(kPage, answer("page"));
  auto first = start(kPage);
  auto second = start(kPage);
  EXPECT_EQ(client.count(), 1U);
  EXPECT_EQ(second.get().error().context, "breaker open");
  probe.hold_head->open();
  EXPECT_TRUE(first.get());
  EXPECT_TRUE(fetch(kPage));
  EXPECT_EQ(log.events("upstream.breaker_closed").size(), 1U);
  EXPECT_TRUE(upstream->counters().breakers.empty());
}

TEST_F(UpstreamTest, ARetryStopsWhenTheBreakerOpensMeanwhile) {
  // Their tries add up to five failures in a row; neither goes on to wait before a closed door.
  client.on(kPage, answer_error(FetchFailure::connect));
  auto first = start(kPage);
  auto second = start(kPage);
  while (!(first.done() && second.done()) && timers.next()) {
    clock.advance(*timers.next() - clock.mono());
    timers.fire();
    for (int i = 0; i < 5; ++i) loop.poll();
  }
  EXPECT_FALSE(first.get());
  EXPECT_FALSE(second.get());
  EXPECT_LE(client.count(), 6U);
}

TEST_F(UpstreamTest, OurOwnRefusalsDoNotOpenTheBreaker) {
  for (const auto kind : {FetchFailure::policy, FetchFailure::too_large, FetchFailure::cancelled}) {
    for (int i = 0; i < 6; ++i) {
      client.once(kPage, answer_error(kind));
      EXPECT_FALSE(fetch(kPage));
    }
  }
  EXPECT_TRUE(upstream->counters().breakers.empty());
  EXPECT_EQ(client.count(), 18U);
}

TEST_F(UpstreamTest, ADestroyedFetchGivesItsProbeBack) {
  break_it();
  clock.advance(seconds(1));
  {
    Loop short_lived("short");
    auto never = answer("");
    never.never = true;
    client.once(kPage, never);
    testing::Running<Answered> dropped(short_lived, upstream->fetch(request_for(kPage)));
    EXPECT_FALSE(dropped.done());
    EXPECT_EQ(client.waiting(), 1);
    client.abandon_waiting();
  }
  client.on(kPage, answer("page"));
  EXPECT_TRUE(fetch(kPage));
}

TEST_F(UpstreamTest, CredentialsGoToTheirOriginOnly) {
  UpstreamCredentials credentials;
  credentials.add({"https://pypi.example", "alice", Secret("s3cret")});
  upstream->replace_credentials(std::move(credentials));
  client.otherwise([](const http::FetchRequest&) { return answer("x"); });
  fetch(kPage);
  fetch("https://files.example/a.whl");
  fetch("http://pypi.example/simple/");
  ASSERT_EQ(client.count(), 3U);
  ASSERT_TRUE(client.requests()[0].credentials);
  EXPECT_EQ(client.requests()[0].credentials->user, "alice");
  EXPECT_FALSE(client.requests()[1].credentials);
  EXPECT_FALSE(client.requests()[2].credentials);
}

TEST_F(UpstreamTest, ErrorsAreLoggedOnceASecond) {
  client.on(kPage, answer_error(FetchFailure::tls));
  for (int i = 0; i < 4; ++i) fetch(kPage);
  EXPECT_EQ(log.events("upstream.error").size(), 1U);
  clock.advance(seconds(1));
  fetch(kPage);
  const auto errors = log.events("upstream.error");
  ASSERT_EQ(errors.size(), 2U);
  EXPECT_EQ(errors[1]["reason"], "tls");
  EXPECT_EQ(errors[1]["not_logged_before"], "3");
}

TEST_F(UpstreamTest, OriginsFromPagesDoNotPileUp) {
  client.otherwise([](const http::FetchRequest&) { return answer_error(FetchFailure::tls); });
  for (int i = 0; i < 2000; ++i) fetch("https://host" + std::to_string(i) + ".example/");
  EXPECT_LE(upstream->origins_known(), 256U);
}

TEST(CheckStatus, SortsTheAnswers) {
  struct Case {
    int status;
    std::optional<Code> code;
    const char* words;
  };
  const Case cases[] = {
      {200, {}, ""},
      {206, {}, ""},
      {304, {}, ""},
      {404, {}, ""},
      {410, {}, ""},
      {401, Code::upstream_failed, "refuses our credentials"},
      {403, Code::upstream_failed, "refuses our credentials"},
      {429, Code::upstream_busy, "limits"},
      {503, Code::upstream_busy, "not available"},
      {500, Code::upstream_failed, "the upstream pypi.example answered 500"},
      {502, Code::upstream_failed, "502"},
      {504, Code::upstream_failed, "504"},
      {302, Code::upstream_failed, "302"},
      {400, Code::upstream_failed, "400"},
      {416, Code::upstream_failed, "416"},
  };
  for (const auto& c : cases) {
    http::FetchResponse response;
    response.status = c.status;
    response.final_url = *Url::parse("https://u:hunter2@pypi.example/secret/path");
    const auto checked = check_status(response);
    ASSERT_EQ(checked.has_value(), !c.code) << c.status;
    if (checked) continue;
    EXPECT_EQ(checked.error().code, *c.code) << c.status;
    EXPECT_NE(checked.error().message.find(c.words), std::string::npos) << checked.error().message;
    EXPECT_EQ(checked.error().message.find("secret"), std::string::npos);
    EXPECT_EQ(checked.error().message.find("hunter2"), std::string::npos);
  }
}

TEST(CheckStatus, PassesRetryAfterOn) {
  http::FetchResponse response;
  response.status = 503;
  EXPECT_EQ(check_status(response).error().retry_after, seconds(1));
  response.headers.set("Retry-After", "17");
  EXPECT_EQ(check_status(response).error().retry_after, seconds(17));
  response.headers.set("Retry-After", "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(check_status(response).error().retry_after, seconds(1));
  response.headers.set("Date", "Sun, 06 Nov 1994 08:49:07 GMT");
  EXPECT_EQ(check_status(response).error().retry_after, seconds(30));
}

}  // namespace
}  // namespace bodega::cache
