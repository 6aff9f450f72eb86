#include "web/words.h"

#include <array>

#include <fmt/format.h>

namespace bodega::web {

std::string size_in_words(std::uint64_t bytes) {
  if (bytes < 1000) return fmt::format("{} B", bytes);
  constexpr std::array<const char*, 6> kUnits{"kB", "MB", "GB", "TB", "PB", "EB"};
  auto value = static_cast<double>(bytes) / 1000;
  std::size_t unit = 0;
  while (value >= 999.5 && unit + 1 < kUnits.size()) {
    value /= 1000;
    ++unit;
  }
  return value < 9.95 ? fmt::format("{:.1f} {}", value, kUnits[unit]) : fmt::format("{:.0f} {}", value, kUnits[unit]);
}

std::string number_in_words(std::uint64_t number) {
  auto text = std::to_string(number);
  for (auto at = text.size(); at > 3; at -= 3) text.insert(at - 3, ",");
  return text;
}

std::string count_of(std::uint64_t number, std::string_view one) {
  return number_in_words(number) + " " + std::string(one) + (number == 1 ? "" : one.ends_with('x') ? "es" : "s");
}

std::string duration_in_words(std::chrono::seconds duration) {
  const auto seconds = static_cast<std::uint64_t>(std::max<std::int64_t>(0, duration.count()));
  if (seconds >= 2 * 86'400) return count_of(seconds / 86'400, "day");
  if (seconds >= 2 * 3600) return count_of(seconds / 3600, "hour");
  if (seconds >= 2 * 60) return count_of(seconds / 60, "minute");
  return count_of(seconds, "second");
}

std::string span_in_words(Duration span) {
  const auto micros = std::max<std::int64_t>(0, std::chrono::duration_cast<std::chrono::microseconds>(span).count());
  if (micros < 1000) return std::to_string(micros) + " \xc2\xb5s";
  if (micros < 100'000) return fmt::format("{:.1f} ms", static_cast<double>(micros) / 1000);
  return fmt::format("{:.0f} ms", static_cast<double>(micros) / 1000);
}

void write_time(Html& html, WallTime time) {
  const auto all = rfc3339(std::chrono::floor<std::chrono::seconds>(time));
  html.element("time", all.substr(0, 10) + " " + all.substr(11, 5) + " UTC", {{"datetime", all}, {"class", "timestamp"}});
}

}  // namespace bodega::web
