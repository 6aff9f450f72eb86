#include "http/access_log.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <span>

#include "base/text.h"

namespace bodega::http {

namespace {

// A client may send 8 KiB of target and 32 KiB of User-Agent; a line of log need not.
constexpr std::size_t kMaxLogged = 512;

std::string_view cut(std::string_view text) { return text.substr(0, kMaxLogged); }

// The products without their comments: pip and uv append 600 bytes of JSON about the machine to theirs.
std::string_view product(std::string_view user_agent) {
  constexpr std::size_t kLonger = 80;  // browsers name half a dozen products
  const auto json = user_agent.find(" {");
  return user_agent.substr(0, std::min(json, kLonger));
}

constexpr std::array<bool, 256> make_plain_table() {
  std::array<bool, 256> table{};
  for (std::size_t c = 0x20; c < 0x7f; ++c) table[c] = true;
  return table;
}
constexpr auto kPlain = make_plain_table();

bool is_plain(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return kPlain[static_cast<unsigned char>(c)]; });
}

bool is_plain(const AccessEvent& event) {
  return is_plain(event.peer) && is_plain(event.method) && is_plain(event.target) && is_plain(product(event.user_agent)) &&
         is_plain(event.detail) && event.target.find('?') == std::string_view::npos &&
         event.milliseconds < 99'999;  // beyond, numbers look shorter as 1e+05
}

void put_quoted(std::string& out, std::string_view text) {
  out += '"';
  while (true) {
    const auto special = text.find_first_of("\"\\");
    out += text.substr(0, special);
    if (special == std::string_view::npos) break;
    out += '\\';
    out += text[special];
    text.remove_prefix(special + 1);
  }
  out += '"';
}

// A word stands as it is in the text form.
void put_text(std::string& out, LogFormat format, std::string_view text) {
  if (format == LogFormat::text && !text.empty() && text.find_first_of(" \"=\\") == std::string_view::npos) {
    out += text;
  } else {
    put_quoted(out, text);
  }
}

void put_number(std::string& out, std::uint64_t value) {
  std::array<char, 20> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  out.append(digits.data(), end);
}

void put_padded(std::string& out, std::uint64_t value, std::size_t width) {
  std::array<char, 8> digits{};
  for (std::size_t i = width; i-- > 0; value /= 10) digits[i] = static_cast<char>('0' + value % 10);
  out.append(digits.data(), width);
}

// Thousandths, as the shortest decimal.
void put_milliseconds(std::string& out, double milliseconds) {
  const auto thousandths = static_cast<std::uint64_t>(std::llround(milliseconds * 1000));
  put_number(out, thousandths / 1000);
  if (thousandths % 1000 == 0) return;
  out += '.';
  put_padded(out, thousandths % 1000, 3);
  while (out.back() == '0') out.pop_back();
}

// Names of query parameters say what was asked; their values may be tokens.
std::string without_values(std::string_view target) {
  const auto question = target.find('?');
  std::string shown(cut(target.substr(0, question)));
  if (question == std::string_view::npos) return shown;
  char separator = '?';
  for (const auto part : split(cut(target.substr(question + 1)), '&')) {
    const auto equals = part.find('=');
    shown += separator;
    if (equals != std::string_view::npos) shown.append(part.substr(0, equals)) += '=';
    shown += "***";
    separator = '&';
  }
  return shown;
}

}  // namespace

void format_access(std::string& out, LogFormat format, WallTime time, const AccessEvent& event) {
  const std::array<LogField, 11> fields = {{
      {"id", event.id},
      {"peer", event.peer},
      {"method", event.method},
      {"target", without_values(event.target)},
      {"status", event.status},
      {"bytes", static_cast<std::int64_t>(event.bytes)},
      {"ms", std::round(event.milliseconds * 1000) / 1000},
      {"route", event.route},
      {"cache", to_string(event.outcome)},
      {"ua", product(event.user_agent)},
      {"detail", cut(event.detail)},
  }};
  const std::size_t count = event.detail.empty() ? fields.size() - 1 : fields.size();
  format_event(out, format, time, LogLevel::info, "http.request", std::span(fields.data(), count));
}

void AccessFormatter::put_time(std::string& out, WallTime time) {
  const auto micros = to_unix_micros(time);
  if (micros / 1'000'000 != second_) {
    second_ = micros / 1'000'000;
    second_text_ = rfc3339(from_unix_micros(second_ * 1'000'000)).substr(0, 19);
  }
  out += second_text_;
  out += '.';
  put_padded(out, static_cast<std::uint64_t>(micros % 1'000'000), 6);
  out += 'Z';
}

void AccessFormatter::format(std::string& out, WallTime time, const AccessEvent& event) {
  if (!is_plain(event)) {
    format_access(out, format_, time, event);
    return;
  }
  const bool json = format_ == LogFormat::json;
  if (json) out += R"({"time":")";
  put_time(out, time);
  out += json ? std::string_view(R"(","level":"info","event":"http.request")") : std::string_view(" info    http.request");
  const auto name = [&out, json](std::string_view key) {
    out += json ? std::string_view(R"(,")") : std::string_view(" ");
    out += key;
    out += json ? std::string_view(R"(":)") : std::string_view("=");
  };
  const auto text = [&](std::string_view key, std::string_view value) {
    name(key);
    put_text(out, format_, value);
  };
  text("id", event.id);
  text("peer", event.peer);
  text("method", event.method);
  text("target", cut(event.target));
  name("status");
  put_number(out, static_cast<std::uint64_t>(event.status));
  name("bytes");
  put_number(out, event.bytes);
  name("ms");
  put_milliseconds(out, event.milliseconds);
  text("route", event.route);
  text("cache", to_string(event.outcome));
  text("ua", product(event.user_agent));
  if (!event.detail.empty()) text("detail", cut(event.detail));
  if (json) out += '}';
}

}  // namespace bodega::http
