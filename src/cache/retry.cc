#include "cache/retry.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"

namespace bodega::cache {
namespace {

// Worth asking again at all, were there time. A 500 may be a bug of one page: asked once more, not five times.
bool may_heal(const RetryPolicy& policy, const FailedTry& failed) {
  if (const auto* status = std::get_if<int>(&failed.outcome)) {
    switch (*status) {
      case 429: return failed.retry_after && *failed.retry_after <= policy.longest_429;
      case 500: return failed.number == 1;
      case 502:
      case 503:
      case 504: return true;
      default: return false;
    }
  }
  switch (std::get<http::FetchFailure>(failed.outcome)) {
    case http::FetchFailure::resolve:
    case http::FetchFailure::connect:
    case http::FetchFailure::timeout:
    case http::FetchFailure::cut: return true;
    case http::FetchFailure::protocol: return failed.number == 1;  // an HTTP/2 connection that was being closed
    case http::FetchFailure::tls:
    case http::FetchFailure::policy:
    case http::FetchFailure::too_large:
    case http::FetchFailure::cancelled:
    case http::FetchFailure::other: return false;
  }
  return false;
}

}  // namespace

bool is_failing_status(int status) { return status == 429 || status == 500 || (status >= 502 && status <= 504); }

std::optional<Duration> retry_delay(const RetryPolicy& policy, const FailedTry& failed, double random) {
  if (failed.number >= policy.max_tries || !may_heal(policy, failed)) return std::nullopt;
  const int doublings = std::min(failed.number - 1, 20);  // more would overflow; the cap comes far earlier
  const Duration step = std::min<Duration>(policy.base * (1LL << doublings), policy.cap);
  const double part = std::clamp(random, 0.0, 1.0);
  Duration delay = step / 2 + Duration(std::llround(static_cast<double>(step.count()) / 2 * part));
  if (failed.retry_after) delay = *failed.retry_after + delay;  // never earlier than asked, and not all at once
  if (delay > policy.patience || failed.elapsed > policy.patience - delay) return std::nullopt;
  return delay;
}

std::optional<Duration> parse_retry_after(std::string_view value, WallTime now) {
  constexpr std::uint64_t kDay = 86'400;  // an upstream that asks for more has its calendar wrong
  const std::string_view text = trim(value);
  if (const auto seconds = parse_u64(text)) return std::chrono::seconds(std::min(*seconds, kDay));
  const auto date = parse_http_date(text);
  if (!date) return std::nullopt;
  return std::clamp<Duration>(*date - now, Duration::zero(), std::chrono::seconds(kDay));
}

}  // namespace bodega::cache
