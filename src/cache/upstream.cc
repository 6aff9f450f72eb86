#include "cache/upstream.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace bodega::cache {
namespace {

constexpr std::string_view kBreakerOpen = "breaker open";  // first words of Error::context

// File URLs on pages may name any number of origins: beyond this many the healthy ones are forgotten, then all that nobody is asking. An
// organisation has a handful.
constexpr std::size_t kOriginsKept = 256;
// A dead upstream under load fails thousands of requests a second; one line says it.
constexpr auto kErrorLogInterval = std::chrono::seconds(1);

std::chrono::seconds whole_seconds_up(Duration duration) { return std::chrono::ceil<std::chrono::seconds>(duration); }

Breaker::Outcome outcome_of(const Result<http::FetchResponse>& answer) {
  using Outcome = Breaker::Outcome;
  if (answer) {
    if (answer->status == 429) return Outcome::neutral;
    return is_failing_status(answer->status) ? Outcome::failure : Outcome::success;
  }
  switch (http::failure_of(answer.error())) {
    case http::FetchFailure::resolve:
    case http::FetchFailure::connect:
    case http::FetchFailure::timeout:
    case http::FetchFailure::tls:
    case http::FetchFailure::cut:
    case http::FetchFailure::protocol: return Outcome::failure;
    case http::FetchFailure::policy:
    case http::FetchFailure::too_large:
    case http::FetchFailure::cancelled:
    case http::FetchFailure::other: return Outcome::neutral;
  }
  return Outcome::neutral;
}

bool is_good(const Result<http::FetchResponse>& answer) { return answer && !is_failing_status(answer->status); }

std::string reason_of(const Result<http::FetchResponse>& answer) {
  if (answer) return "status " + std::to_string(answer->status);
  return std::string(to_string(http::failure_of(answer.error())));
}

FailedTry failed_try(const Result<http::FetchResponse>& answer, int number, Duration elapsed, WallTime now) {
  FailedTry failed;
  failed.number = number;
  failed.elapsed = elapsed;
  if (answer) {
    failed.outcome = answer->status;
    failed.retry_after = parse_retry_after(answer->headers.get("Retry-After"), now);
  } else {
    failed.outcome = http::failure_of(answer.error());
  }
  return failed;
}

// Not a 503, although it will pass: pip retries those and then shows no reason at all.
Error breaker_error(const Url& url, Duration wait) {
  Error error{Code::upstream_failed,
              "the upstream " + http::upstream_name(url) + " is failing; it is asked again shortly",
              std::string(kBreakerOpen),
              {}};
  error.retry_after = std::max(std::chrono::seconds(1), whole_seconds_up(wait));
  return error;
}

bool is_breaker_error(const Error& error) { return std::string_view(error.context).starts_with(kBreakerOpen); }

}  // namespace

void AnswerTimes::add(Duration took) { last_[answers_++ % kKept] = took; }

Duration AnswerTimes::median() const {
  auto sorted = last_;
  const auto count = static_cast<std::ptrdiff_t>(std::min<std::uint64_t>(answers_, kKept));
  const auto middle = sorted.begin() + count / 2;
  if (count > 0) std::nth_element(sorted.begin(), middle, sorted.begin() + count);
  return count > 0 ? *middle : Duration{};
}

Duration AnswerTimes::longest() const { return *std::max_element(last_.begin(), last_.end()); }

// Settles its permit as abandoned unless told otherwise: a coroutine may be destroyed while it waits.
class Upstream::Pass {
 public:
  Pass(Upstream& upstream, std::string origin, Breaker::Permit permit)
      : upstream_(upstream), alive_(upstream.alive_), origin_(std::move(origin)), permit_(permit) {}
  ~Pass() { settle(Breaker::Outcome::abandoned); }
  Pass(const Pass&) = delete;
  Pass& operator=(const Pass&) = delete;

  void settle(Breaker::Outcome outcome) {
    if (std::exchange(settled_, true) || alive_.expired()) return;
    upstream_.settle(origin_, permit_, outcome);
  }

 private:
  Upstream& upstream_;
  std::weak_ptr<const bool> alive_;
  std::string origin_;
  Breaker::Permit permit_;
  bool settled_ = false;
};

Upstream::Upstream(Dependencies use, Options options, UpstreamCredentials credentials)
    : use_(std::move(use)), options_(options), credentials_(std::move(credentials)) {}

Upstream::Origin& Upstream::origin_of(const std::string& name) {
  const auto found = origins_.find(name);
  if (found != origins_.end()) return found->second;
  if (origins_.size() >= kOriginsKept) {
    std::erase_if(origins_, [](const auto& entry) { return entry.second.breaker.pristine(); });
  }
  if (origins_.size() >= kOriginsKept) {
    std::erase_if(origins_, [](const auto& entry) { return entry.second.breaker.idle(); });
  }
  return origins_.emplace(name, Origin{Breaker(options_.breaker), {}, std::nullopt, 0}).first->second;
}

Task<Result<http::FetchResponse>> Upstream::fetch(http::FetchRequest request) {
  request.connect_timeout = options_.connect_timeout.value_or(request.connect_timeout);
  request.head_timeout = options_.head_timeout.value_or(request.head_timeout);
  request.stall_timeout = options_.stall_timeout.value_or(request.stall_timeout);
  request.total_timeout = options_.total_timeout.value_or(request.total_timeout);
  const std::string origin = request.url.origin();
  const bool idempotent = request.method == "GET" || request.method == "HEAD";
  if (!request.credentials) request.credentials = credentials_.of(request.url);
  const MonoTime began = use_.clock.mono();
  for (int number = 1;; ++number) {
    auto this_try = request;
    auto answer = co_await try_once(std::move(this_try));
    if (is_good(answer) || !idempotent) co_return answer;
    if (!answer && is_breaker_error(answer.error())) co_return answer;  // the breaker: nobody was asked
    const auto failed = failed_try(answer, number, use_.clock.mono() - began, use_.clock.wall());
    const auto delay = retry_delay(options_.retry, failed, use_.random());
    // Waiting for a breaker that will not let us through then is waiting for nothing; the answer we have says more.
    const auto& breaker = origin_of(origin).breaker;
    if (!delay || breaker.state(use_.clock.mono() + *delay) == Breaker::State::open) co_return answer;
    const auto delay_ms = std::chrono::duration_cast<std::chrono::milliseconds>(*delay).count();
    use_.log.info("upstream.retry", {{"url", request.url}, {"try", number}, {"reason", reason_of(answer)}, {"delay_ms", delay_ms}});
    if (answer) answer->body.reset();
    co_await sleep_until(use_.timers, use_.clock.mono() + *delay);
    ++counters_.retries;
  }
}

Task<Result<http::FetchResponse>> Upstream::try_once(http::FetchRequest request) {
  const Url url = request.url;
  const std::string origin = url.origin();
  const auto permit = origin_of(origin).breaker.ask(use_.clock.mono());
  if (!permit.granted) {
    ++counters_.refused_by_breaker;
    co_return fail(breaker_error(url, permit.wait));
  }
  Pass pass(*this, origin, permit);
  ++counters_.requests;
  const MonoTime asked = use_.clock.mono();
  auto answer = co_await use_.client.fetch(std::move(request));
  if (answer) origin_of(origin).times.add(use_.clock.mono() - asked);
  pass.settle(outcome_of(answer));
  count(answer);
  if (!is_good(answer)) log_error(origin, url, answer);
  co_return answer;
}

void Upstream::settle(const std::string& name, const Breaker::Permit& permit, Breaker::Outcome outcome) {
  auto& breaker = origin_of(name).breaker;
  const bool changed = breaker.settle(permit, outcome, use_.clock.mono());
  if (!changed) return;
  if (outcome == Breaker::Outcome::success) {
    use_.log.info("upstream.breaker_closed", {{"origin", name}});
  } else {
    const auto seconds = whole_seconds_up(breaker.open_for()).count();
    use_.log.warning("upstream.breaker_open", {{"origin", name}, {"failures", breaker.failures_in_row()}, {"seconds", seconds}});
  }
}

void Upstream::count(const Result<http::FetchResponse>& answer) {
  if (!answer) {
    ++counters_.failures[static_cast<std::size_t>(http::failure_of(answer.error()))];
  } else if (answer->status >= 500) {
    ++counters_.statuses_5xx;
  } else if (answer->status >= 400 && answer->status != 404 && answer->status != 410) {
    ++counters_.statuses_4xx;
  }
}

void Upstream::log_error(const std::string& name, const Url& url, const Result<http::FetchResponse>& answer) {
  auto& origin = origin_of(name);
  const MonoTime now = use_.clock.mono();
  if (origin.last_error_logged && now - *origin.last_error_logged < kErrorLogInterval) {
    ++origin.errors_not_logged;
    return;
  }
  origin.last_error_logged = now;
  const std::string detail = answer ? std::string() : answer.error().describe();
  use_.log.warning(
      "upstream.error",
      {{"url", url}, {"reason", reason_of(answer)}, {"detail", detail}, {"not_logged_before", std::exchange(origin.errors_not_logged, 0)}});
}

UpstreamCounters Upstream::counters() const {
  UpstreamCounters counters = counters_;
  const MonoTime now = use_.clock.mono();
  for (const auto& [name, origin] : origins_) {
    const auto state = origin.breaker.state(now);
    if (state != Breaker::State::closed) counters.breakers.emplace(name, state);
  }
  return counters;
}

std::map<std::string, OriginFacts> Upstream::origins() const {
  std::map<std::string, OriginFacts> out;
  const MonoTime now = use_.clock.mono();
  for (const auto& [name, origin] : origins_) out.emplace(name, OriginFacts{origin.breaker.state(now), origin.times});
  return out;
}

Result<void> check_status(const http::FetchResponse& response, std::optional<WallTime> now) {
  const std::string who = "the upstream " + http::upstream_name(response.final_url);
  const std::string status = std::to_string(response.status);
  switch (response.status) {
    case 200:
    case 206:
    case 304:
    case 404:
    case 410: return {};
    case 401:
    case 403: return fail(Code::upstream_failed, who + " refuses our credentials: it answered " + status);
    case 429:
    case 503: {
      const bool limited = response.status == 429;
      Error error{Code::upstream_busy, who + (limited ? " limits our requests (429)" : " is not available (503)"), {}, {}};
      const auto text = response.headers.get("Retry-After");
      const bool is_date = !text.empty() && (text.front() < '0' || text.front() > '9');
      const auto date = parse_http_date(response.headers.get("Date"));
      const auto from = date ? date : now;
      // A date that counts from nothing says nothing. Some wait is better than none.
      const auto wait = is_date && !from ? std::nullopt : parse_retry_after(text, from.value_or(WallTime{}));
      error.retry_after = whole_seconds_up(wait.value_or(std::chrono::seconds(1)));
      return fail(std::move(error));
    }
    default: return fail(Code::upstream_failed, who + " answered " + status);
  }
}

}  // namespace bodega::cache
