// How the cache asks an upstream: patiently (retries with jitter), politely (Retry-After, one probe at a time while it is down), with the
// credentials of that origin and no other. Home loop only.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "async/timers.h"
#include "base/log.h"
#include "base/time.h"
#include "cache/breaker.h"
#include "cache/credentials.h"
#include "cache/retry.h"
#include "http/client.h"
#include "http/client_error.h"

namespace bodega::cache {

// How long the last answers of one origin took, from the question to the head.
class AnswerTimes {
 public:
  void add(Duration took);
  std::uint64_t answers() const { return answers_; }  // since it is known
  Duration median() const;                            // of the last kKept; zero: none yet
  Duration longest() const;

 private:
  static constexpr std::size_t kKept = 32;
  std::array<Duration, kKept> last_{};
  std::uint64_t answers_ = 0;
};

struct OriginFacts {
  Breaker::State state = Breaker::State::closed;
  AnswerTimes times;
};

// Since start. Not monotonic: breakers.
struct UpstreamCounters {
  std::uint64_t requests = 0;  // tries included
  std::uint64_t retries = 0;
  std::uint64_t refused_by_breaker = 0;
  std::array<std::uint64_t, http::kFetchFailures.size()> failures{};  // by FetchFailure
  std::uint64_t statuses_4xx = 0;                                     // without 404 and 410
  std::uint64_t statuses_5xx = 0;
  std::map<std::string, Breaker::State> breakers;  // by origin; only those not closed
};

class Upstream {
 public:
  struct Options {
    RetryPolicy retry;
    BreakerOptions breaker;
    // Of every request, instead of those of http::FetchRequest.
    std::optional<Duration> connect_timeout;
    std::optional<Duration> head_timeout;
    std::optional<Duration> stall_timeout;
    std::optional<Duration> total_timeout;
  };
  struct Dependencies {
    http::Client& client;
    Timers& timers;
    const Clock& clock;
    Log& log;
    std::function<double()> random;  // uniform in [0, 1)
  };
  Upstream(Dependencies use, Options options, UpstreamCredentials credentials);
  Upstream(const Upstream&) = delete;
  Upstream& operator=(const Upstream&) = delete;

  // Any status is a success, as in http::Client; see check_status(). GET and HEAD are tried again as retry.h says, until the head is there;
  // a body that breaks off is the caller's to resume. Credentials already in the request win over those of the origin. upstream_failed with
  // retry_after (breaker open), upstream_failed, upstream_timeout, cancelled.
  Task<Result<http::FetchResponse>> fetch(http::FetchRequest request);

  UpstreamCounters counters() const;
  std::map<std::string, OriginFacts> origins() const;  // those that were asked, some hundred at most
  std::size_t origins_known() const { return origins_.size(); }
  // Of requests from now on; retry and breaker stay as they are.
  void set_timeouts(const Options& options) {
    options_.connect_timeout = options.connect_timeout;
    options_.head_timeout = options.head_timeout;
    options_.stall_timeout = options.stall_timeout;
    options_.total_timeout = options.total_timeout;
  }
  void replace_credentials(UpstreamCredentials credentials) { credentials_ = std::move(credentials); }

 private:
  struct Origin {
    Breaker breaker;
    AnswerTimes times;
    std::optional<MonoTime> last_error_logged;
    std::uint64_t errors_not_logged = 0;
  };
  class Pass;  // a breaker's permit, given back on every way out

  Task<Result<http::FetchResponse>> try_once(http::FetchRequest request);
  Origin& origin_of(const std::string& name);
  void settle(const std::string& name, const Breaker::Permit& permit, Breaker::Outcome outcome);
  void count(const Result<http::FetchResponse>& answer);
  void log_error(const std::string& name, const Url& url, const Result<http::FetchResponse>& answer);

  Dependencies use_;
  Options options_;
  UpstreamCredentials credentials_;
  std::map<std::string, Origin> origins_;
  UpstreamCounters counters_;
  // Watched by passes: a coroutine that is destroyed with its loop may be the last to go.
  std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);
};

// Whether an answer is one the caller can work with: 200, 206, 304, 404 and 410 are; the rest is the upstream's or our operator's problem
// (never a 404 for the client): 401 and 403 upstream_failed with the reason, 429 and 503 upstream_busy with retry_after, others
// upstream_failed. A Retry-After date counts from the answer's own Date, else from `now`.
Result<void> check_status(const http::FetchResponse& response, std::optional<WallTime> now = std::nullopt);

}  // namespace bodega::cache
