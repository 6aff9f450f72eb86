// Two clocks that are never mixed: wall time for what is stored or shown, monotonic time for every deadline and age in memory.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace bodega {

using WallTime = std::chrono::sys_time<std::chrono::microseconds>;
using MonoTime = std::chrono::time_point<std::chrono::steady_clock, std::chrono::nanoseconds>;
using Duration = std::chrono::nanoseconds;

// Seam: real in the server, moved by hand in tests. Both functions may be called from any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual WallTime wall() const = 0;
  virtual MonoTime mono() const = 0;
};

class SystemClock final : public Clock {
 public:
  WallTime wall() const override;
  MonoTime mono() const override;
};

std::string http_date(WallTime time);                            // RFC 9110 IMF-fixdate, "Sun, 06 Nov 1994 08:49:37 GMT"
std::optional<WallTime> parse_http_date(std::string_view text);  // IMF-fixdate only
std::string rfc3339(WallTime time);                              // "2026-11-21T02:57:50.123456Z"; no fraction when it is zero
std::optional<WallTime> parse_rfc3339(std::string_view text);    // "Z" or an offset; fraction of up to 9 digits, cut to µs
std::int64_t to_unix_micros(WallTime time);
WallTime from_unix_micros(std::int64_t micros);

}  // namespace bodega
