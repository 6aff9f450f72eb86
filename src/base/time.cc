#include "base/time.h"

#include <array>
#include <cstdio>

namespace bodega {
namespace {

constexpr std::array<std::string_view, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

std::optional<int> digits(std::string_view text, std::size_t at, std::size_t count) {
  if (at + count > text.size()) return std::nullopt;
  int value = 0;
  for (std::size_t i = at; i < at + count; ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  return value;
}

struct Fields {
  std::optional<int> year, month, day, hour, minute, second;
};

std::optional<WallTime> assemble(const Fields& f) {
  using namespace std::chrono;
  if (!f.year || !f.month || !f.day || !f.hour || !f.minute || !f.second) return std::nullopt;
  const year_month_day date{year(*f.year), month(static_cast<unsigned>(*f.month)), day(static_cast<unsigned>(*f.day))};
  if (!date.ok() || *f.hour > 23 || *f.minute > 59 || *f.second > 60) return std::nullopt;
  return WallTime(sys_days(date) + hours(*f.hour) + minutes(*f.minute) + seconds(*f.second));
}

}  // namespace

WallTime SystemClock::wall() const { return std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now()); }
MonoTime SystemClock::mono() const { return std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now()); }

std::int64_t to_unix_micros(WallTime time) { return time.time_since_epoch().count(); }
WallTime from_unix_micros(std::int64_t micros) { return WallTime(std::chrono::microseconds(micros)); }

std::string http_date(WallTime time) {
  using namespace std::chrono;
  const auto day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss clock(floor<seconds>(time - day));
  std::array<char, 64> out{};
  const auto name = kDays[weekday(day).c_encoding()];
  const auto month = kMonths[static_cast<unsigned>(date.month()) - 1];
  std::snprintf(out.data(), out.size(), "%s, %02u %s %04d %02d:%02d:%02d GMT", name.data(), static_cast<unsigned>(date.day()), month.data(),
                static_cast<int>(date.year()), static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  return out.data();
}

std::optional<WallTime> parse_http_date(std::string_view text) {
  if (text.size() != 29 || text.substr(25) != " GMT" || text.substr(3, 2) != ", ") return std::nullopt;
  if (text[7] != ' ' || text[11] != ' ' || text[16] != ' ' || text[19] != ':' || text[22] != ':') return std::nullopt;
  Fields f{digits(text, 12, 4), std::nullopt, digits(text, 5, 2), digits(text, 17, 2), digits(text, 20, 2), digits(text, 23, 2)};
  for (std::size_t i = 0; i < kMonths.size(); ++i) {
    if (kMonths[i] == text.substr(8, 3)) f.month = static_cast<int>(i) + 1;
  }
  return assemble(f);
}

std::string rfc3339(WallTime time) {
  using namespace std::chrono;
  const auto day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss clock(time - day);
  std::array<char, 64> out{};
  std::snprintf(out.data(), out.size(), "%04d-%02u-%02uT%02d:%02d:%02d", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  std::string text = out.data();
  if (const auto micros = clock.subseconds().count(); micros != 0) {
    std::snprintf(out.data(), out.size(), ".%06d", static_cast<int>(micros));
    text += out.data();
  }
  return text + "Z";
}

std::optional<WallTime> parse_rfc3339(std::string_view text) {
  if (text.size() < 20 || text[4] != '-' || text[7] != '-' || (text[10] != 'T' && text[10] != ' ') || text[13] != ':' || text[16] != ':') {
    return std::nullopt;
  }
  const Fields f{digits(text, 0, 4), digits(text, 5, 2), digits(text, 8, 2), digits(text, 11, 2), digits(text, 14, 2), digits(text, 17, 2)};
  auto time = assemble(f);
  if (!time) return std::nullopt;
  auto rest = text.substr(19);
  if (rest.front() == '.') {
    std::size_t count = 1;
    int scale = 100000;
    while (count < rest.size() && rest[count] >= '0' && rest[count] <= '9') {
      *time += std::chrono::microseconds((rest[count] - '0') * scale);
      scale /= 10;
      ++count;
    }
    if (count == 1 || count > 10) return std::nullopt;
    rest.remove_prefix(count);
  }
  if (rest == "Z") return time;
  if (rest.size() != 6 || (rest[0] != '+' && rest[0] != '-') || rest[3] != ':') return std::nullopt;
  const auto hours = digits(rest, 1, 2);
  const auto minutes = digits(rest, 4, 2);
  if (!hours || !minutes || *hours > 23 || *minutes > 59) return std::nullopt;
  const auto offset = std::chrono::minutes(*hours * 60 + *minutes);
  return rest[0] == '+' ? *time - offset : *time + offset;
}

}  // namespace bodega
