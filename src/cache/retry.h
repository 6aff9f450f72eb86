// Whether and when a failed question to an upstream is asked again. Pure.
#pragma once

#include <optional>
#include <string_view>
#include <variant>

#include "base/time.h"
#include "http/client_error.h"

namespace bodega::cache {

struct RetryPolicy {
  Duration base = std::chrono::milliseconds(250);  // a dropped connection heals at once, a restarting server in seconds
  Duration cap = std::chrono::seconds(4);
  // From the first try. pip and uv give up reading after 15 and 30 s: an answer that comes later is for nobody.
  Duration patience = std::chrono::seconds(15);
  int max_tries = 4;                               // 0.25 + 0.5 + 1 s of waiting before jitter
  Duration longest_429 = std::chrono::seconds(5);  // a rate limit is only waited for when it is about to end
};

// One try that did not give an answer worth having.
struct FailedTry {
  int number = 1;                                 // 1 = the first
  std::variant<int, http::FetchFailure> outcome;  // a status, or why there was none
  std::optional<Duration> retry_after;            // what the upstream asked for
  Duration elapsed{};                             // since the first try began
};

// Statuses that are answers of a sick upstream rather than of the resource: 429, 500, 502, 503, 504.
bool is_failing_status(int status);

// How long to wait before the next try; nullopt: give up. `random` in [0, 1) spreads the wait over its upper half, so that many caches
// that failed together do not come back together.
std::optional<Duration> retry_delay(const RetryPolicy& policy, const FailedTry& failed, double random);

// Seconds or an HTTP date (RFC 9110 section 10.2.3). A date in the past is zero. At most a day.
std::optional<Duration> parse_retry_after(std::string_view value, WallTime now);

}  // namespace bodega::cache
