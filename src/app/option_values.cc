#include "app/option_values.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "base/text.h"

namespace bodega::app {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

// The largest first, so that printing finds the shortest form.
constexpr std::array<Unit, 9> kSizeUnits{{{"ti", 1ULL << 40},
                                          {"t", 1'000'000'000'000},
                                          {"gi", 1ULL << 30},
                                          {"g", 1'000'000'000},
                                          {"mi", 1ULL << 20},
                                          {"m", 1'000'000},
                                          {"ki", 1ULL << 10},
                                          {"k", 1'000},
                                          {"", 1}}};
constexpr std::array<Unit, 5> kDurationUnits{
    {{"d", 86'400'000'000'000}, {"h", 3'600'000'000'000}, {"m", 60'000'000'000}, {"s", 1'000'000'000}, {"ms", 1'000'000}}};

constexpr std::string_view kSizeHelp = "write a size such as 500MB, 10GB or 2GiB";
constexpr std::string_view kDurationHelp = "write a time such as 500ms, 30s, 10m, 2h or 7d";

tl::unexpected<Error> wrong(std::string_view text, std::string_view help) {
  return fail(Code::invalid, "\"" + std::string(text) + "\" does not fit; " + std::string(help));
}

std::string_view leading_digits(std::string_view text) {
  const auto end = std::find_if(text.begin(), text.end(), [](char c) { return c < '0' || c > '9'; });
  return text.substr(0, static_cast<std::size_t>(end - text.begin()));
}

template <std::size_t N>
std::optional<std::uint64_t> factor_of(const std::array<Unit, N>& units, std::string_view name) {
  for (const auto& unit : units) {
    if (iequals(unit.name, name)) return unit.factor;
  }
  return std::nullopt;
}

// Names and IP addresses, as they stand in a Host header without port.
bool is_host(std::string_view text) {
  if (IpAddress::parse(text)) return true;
  if (text.empty() || text.size() > 253 || text.front() == '.' || text.front() == '-') return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    const char lower = ascii_lower(c);
    return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
  });
}

template <class Enum, std::size_t N>
Result<void> parse_choice(std::string_view text, const std::array<std::pair<std::string_view, Enum>, N>& choices, Enum& out) {
  std::string known;
  for (const auto& [name, value] : choices) {
    if (iequals(name, text)) {
      out = value;
      return {};
    }
    known += (known.empty() ? "" : ", ") + std::string(name);
  }
  return wrong(text, "it must be one of " + known);
}

}  // namespace

std::string ListenAddress::text() const {
  const std::string host = address.is_v4() ? address.text() : "[" + address.text() + "]";
  return host + ":" + std::to_string(port);
}

std::uint64_t Space::of(std::uint64_t disk_bytes) const {
  if (!percent) return bytes;
  return disk_bytes / 100 * *percent + disk_bytes % 100 * *percent / 100;
}

Result<void> parse_value(std::string_view text, std::uint64_t& out) {
  const auto digits = leading_digits(text);
  const auto number = parse_u64(digits);
  auto unit = trim(text.substr(digits.size()));
  if (!unit.empty() && ascii_lower(unit.back()) == 'b') unit.remove_suffix(1);
  const auto factor = factor_of(kSizeUnits, unit);
  if (!number || !factor) return wrong(text, kSizeHelp);
  std::uint64_t bytes = 0;
  if (__builtin_mul_overflow(*number, *factor, &bytes)) return wrong(text, "it is larger than any disk");
  out = bytes;
  return {};
}

Result<void> parse_value(std::string_view text, unsigned& out) {
  const auto number = parse_u64(text);
  if (!number || *number > std::numeric_limits<unsigned>::max()) return wrong(text, "write a whole number");
  out = static_cast<unsigned>(*number);
  return {};
}

Result<void> parse_value(std::string_view text, FileMode& out) {
  const auto digits = text.size() == 4 && text.front() == '0' ? text.substr(1) : text;
  const auto octal = [](char c) { return c >= '0' && c <= '7'; };
  if (digits.size() != 3 || !std::all_of(digits.begin(), digits.end(), octal)) return wrong(text, "write three octal digits, such as 660");
  out.bits = 0;
  for (const char c : digits) out.bits = out.bits * 8 + static_cast<unsigned>(c - '0');
  return {};
}

Result<void> parse_value(std::string_view text, Space& out) {
  if (!text.ends_with('%')) {
    out.percent.reset();
    return parse_value(text, out.bytes);
  }
  const auto percent = parse_u64(trim(text.substr(0, text.size() - 1)));
  if (!percent || *percent > 100) return wrong(text, "a share of the disk is 0% to 100%");
  out = {0, static_cast<unsigned>(*percent)};
  return {};
}

Result<void> parse_value(std::string_view text, Duration& out) {
  if (text == "0") {
    out = Duration(0);
    return {};
  }
  if (text.empty()) return wrong(text, kDurationHelp);
  // A hundred years in nanoseconds still fits; nobody waits longer.
  constexpr std::uint64_t kLongest = 36'500ULL * 86'400'000'000'000;
  std::uint64_t total = 0;
  for (auto rest = text; !rest.empty();) {
    const auto digits = leading_digits(rest);
    rest.remove_prefix(digits.size());
    const auto unit = rest.substr(0, std::min(rest.find_first_of("0123456789"), rest.size()));
    rest.remove_prefix(unit.size());
    const auto number = parse_u64(digits);
    const auto factor = factor_of(kDurationUnits, unit);
    if (!number || !factor) return wrong(text, kDurationHelp);
    std::uint64_t part = 0;
    if (__builtin_mul_overflow(*number, *factor, &part) || part > kLongest || total + part > kLongest)
      return wrong(text, "it is over a hundred years");
    total += part;
  }
  out = Duration(total);
  return {};
}

Result<void> parse_value(std::string_view text, bool& out) {
  static constexpr std::array<std::string_view, 4> kYes{"on", "true", "yes", "1"};
  static constexpr std::array<std::string_view, 4> kNo{"off", "false", "no", "0"};
  const auto same = [text](std::string_view word) { return iequals(word, text); };
  const bool yes = std::any_of(kYes.begin(), kYes.end(), same);
  if (!yes && std::none_of(kNo.begin(), kNo.end(), same)) return wrong(text, "it must be on or off");
  out = yes;
  return {};
}

Result<void> parse_value(std::string_view text, LogFormat& out) {
  static constexpr std::array<std::pair<std::string_view, LogFormat>, 2> kChoices{{{"text", LogFormat::text}, {"json", LogFormat::json}}};
  return parse_choice(text, kChoices, out);
}

Result<void> parse_value(std::string_view text, LogLevel& out) {
  static constexpr std::array<std::pair<std::string_view, LogLevel>, 4> kChoices{
      {{"debug", LogLevel::debug}, {"info", LogLevel::info}, {"warning", LogLevel::warning}, {"error", LogLevel::error}}};
  return parse_choice(text, kChoices, out);
}

Result<void> parse_value(std::string_view text, web::Indexed& out) {
  static constexpr std::array<std::pair<std::string_view, web::Indexed>, 3> kChoices{
      {{"all", web::Indexed::all}, {"hosted", web::Indexed::hosted}, {"off", web::Indexed::nothing}}};
  return parse_choice(text, kChoices, out);
}

Result<void> parse_value(std::string_view text, Url& out) {
  BODEGA_TRY(Url url, Url::parse(text));  // its error does not repeat the text, which may carry a password
  if (!url.query.empty() || !url.fragment.empty()) return fail(Code::invalid, "this URL must not have a query or a fragment");
  if (!url.path.ends_with('/')) url.path += '/';
  out = std::move(url);
  return {};
}

Result<void> parse_value(std::string_view text, std::filesystem::path& out) {
  if (text.empty() || text.find('\0') != std::string_view::npos) return fail(Code::invalid, "a path must not be empty");
  out = std::filesystem::path(text);
  return {};
}

Result<void> parse_value(std::string_view text, Secret& out) {
  if (text.empty()) return fail(Code::invalid, "it must not be empty");
  out = Secret(std::string(text));
  return {};
}

Result<void> parse_value(std::string_view text, std::vector<ListenAddress>& out) {
  constexpr std::string_view kHelp = "write ADDRESS:PORT, such as 127.0.0.1:3141, [::1]:3141, localhost:3141 or *:3141";
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return wrong(text, kHelp);
  const auto port = parse_u64(text.substr(colon + 1));
  if (!port || *port > 65'535) return wrong(text, "the port must be from 0 to 65535");
  const auto host = text.substr(0, colon);
  const auto add = [&out, &port](std::string_view address, ListenAddress::Absence absence) {
    out.push_back({*IpAddress::parse(address), static_cast<std::uint16_t>(*port), absence});
  };
  const bool everywhere = host.empty() || host == "*";
  if (everywhere || iequals(host, "localhost")) {
    add(everywhere ? "0.0.0.0" : "127.0.0.1", ListenAddress::Absence::is_error);
    add(everywhere ? "::" : "::1", ListenAddress::Absence::is_fine);
    return {};
  }
  const bool unbracketed = host.front() != '[' && host.find(':') != std::string_view::npos;  // "::1:3141" could mean two things
  if (unbracketed || !IpAddress::parse(host)) return wrong(text, kHelp);
  add(host, ListenAddress::Absence::is_error);
  return {};
}

Result<void> parse_value(std::string_view text, std::vector<IpNetwork>& out) {
  auto network = IpNetwork::parse(text);
  if (!network) return wrong(text, network.error().message);
  out.push_back(*network);
  return {};
}

Result<void> parse_value(std::string_view text, std::vector<std::string>& out) {
  if (!is_host(text.starts_with("*.") ? text.substr(2) : text)) {
    return wrong(text, "write a host name without scheme and port, such as pypi.example.org or *.example.org");
  }
  out.push_back(to_lower(text));
  return {};
}

Result<void> parse_value(std::string_view text, std::vector<UserName>& out) {
  const bool printable = std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c != 0x7F; });
  if (text.empty() || !printable) return wrong(text, "write a user name, or :GROUP");
  out.push_back({std::string(text)});
  return {};
}

std::string value_text(std::uint64_t bytes) {
  for (const auto& unit : kSizeUnits) {
    if (bytes < unit.factor || bytes % unit.factor != 0) continue;
    std::string name(unit.name);
    if (!name.empty()) {
      if (name != "k") name.front() = static_cast<char>(name.front() - 32);  // kB, but KiB, MB, MiB
      name += 'B';
    }
    return std::to_string(bytes / unit.factor) + name;
  }
  return std::to_string(bytes);
}

std::string value_text(unsigned number) { return std::to_string(number); }

std::string value_text(FileMode mode) {
  std::string out;
  for (int shift = 6; shift >= 0; shift -= 3) out += static_cast<char>('0' + (mode.bits >> shift & 7U));
  return out;
}

std::string value_text(const Space& space) { return space.percent ? std::to_string(*space.percent) + "%" : value_text(space.bytes); }

std::string value_text(Duration duration) {
  auto rest = static_cast<std::uint64_t>(duration.count());
  std::string out;
  for (const auto& unit : kDurationUnits) {
    if (rest < unit.factor) continue;
    out += std::to_string(rest / unit.factor) + std::string(unit.name);
    rest %= unit.factor;
  }
  return out.empty() ? "0s" : out;
}

std::string value_text(bool value) { return value ? "on" : "off"; }
std::string value_text(LogFormat format) { return format == LogFormat::json ? "json" : "text"; }
std::string value_text(LogLevel level) { return std::string(to_string(level)); }
std::string value_text(web::Indexed indexed) {
  return indexed == web::Indexed::all ? "all" : indexed == web::Indexed::hosted ? "hosted" : "off";
}
std::string value_text(const Url& url) { return url.text(); }
std::string value_text(const std::filesystem::path& path) { return path.string(); }
std::string value_text(const Secret& secret) { return std::string(to_string(secret)); }

std::string value_text(const std::vector<ListenAddress>& addresses) {
  std::vector<std::string> texts;
  for (const auto& address : addresses) texts.push_back(address.text());
  return join(texts, ", ");
}

std::string value_text(const std::vector<IpNetwork>& networks) {
  std::vector<std::string> texts;
  for (const auto& network : networks) texts.push_back(network.text());
  return join(texts, ", ");
}

std::string value_text(const std::vector<std::string>& hosts) { return join(hosts, ", "); }

std::string value_text(const std::vector<UserName>& names) {
  std::vector<std::string> texts;
  for (const auto& name : names) texts.push_back(name.text);
  return join(texts, ", ");
}

}  // namespace bodega::app
