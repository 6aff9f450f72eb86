#include "base/log.h"

#include <array>
#include <charconv>
#include <chrono>
#include <cmath>

#include "base/text.h"
#include "base/url.h"
#include "base/utf8.h"

namespace bodega {
namespace {

void put_digits(std::string& out, unsigned value, unsigned width) {
  std::array<char, 10> digits{};
  for (unsigned i = width; i-- > 0; value /= 10) digits[i] = static_cast<char>('0' + value % 10);
  out.append(digits.data(), width);
}

// RFC 3339 with six digits of fraction always, so that lines sort as text. Not rfc3339(): an access event at full load is made some
// 50,000 times a second, and printf formats cost more than the rest of the line.
void put_time(std::string& out, WallTime time) {
  using namespace std::chrono;
  const auto day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss clock(time - day);
  put_digits(out, static_cast<unsigned>(static_cast<int>(date.year())), 4);
  out += '-';
  put_digits(out, static_cast<unsigned>(date.month()), 2);
  out += '-';
  put_digits(out, static_cast<unsigned>(date.day()), 2);
  out += 'T';
  put_digits(out, static_cast<unsigned>(clock.hours().count()), 2);
  out += ':';
  put_digits(out, static_cast<unsigned>(clock.minutes().count()), 2);
  out += ':';
  put_digits(out, static_cast<unsigned>(clock.seconds().count()), 2);
  out += '.';
  put_digits(out, static_cast<unsigned>(clock.subseconds().count()), 6);
  out += 'Z';
}

template <class Number>
void put_number(std::string& out, Number value) {
  std::array<char, 32> buffer{};  // the longest shortest-form double has 24 characters
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
  out.append(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
}

// The names in a query say what was asked; the values may be tokens.
std::string redacted(const Url& url) {
  std::string text = url.origin() + url.path;
  if (url.query.empty()) return text;
  char separator = '?';
  for (const auto part : split(url.query, '&')) {
    const auto equals = part.find('=');
    // A part without '=' may be a bare token.
    text += separator;
    if (equals != std::string_view::npos) text.append(part.substr(0, equals)) += '=';
    text += "***";
    separator = '&';
  }
  return text;
}

// What json_string() leaves as it is and viewers obey: U+0080 to U+009F (terminals take U+009B for ESC [), the separators of lines and
// paragraphs, and what turns the direction of writing, so that a line shows other than what it says.
bool is_obeyed(std::uint32_t code) {
  return (code >= 0x80 && code <= 0x9F) || code == 0x200E || code == 0x200F || (code >= 0x2028 && code <= 0x202E) ||
         (code >= 0x2066 && code <= 0x2069);
}

void put_json_text(std::string& out, std::string_view text) {
  std::size_t at = out.size();
  json_string_to(out, text);
  // The first bytes of all of them.
  while ((at = out.find_first_of("\xC2\xE2", at)) != std::string::npos) {
    const auto character = first_character(std::string_view(out).substr(at));
    if (!character || !is_obeyed(character->code)) {
      ++at;
      continue;
    }
    const std::string hex = to_hex(std::string{static_cast<char>(character->code >> 8), static_cast<char>(character->code & 0xFF)});
    out.replace(at, character->length, "\\u" + hex);
  }
}

bool plain_word(std::string_view text) {
  if (text.empty()) return false;
  for (const char c : text) {
    if (c <= ' ' || c > '~' || c == '"' || c == '=' || c == '\\') return false;
  }
  return true;
}

// A word as it is; anything else as a JSON string, which every log tool can take apart again.
void put_plain_text(std::string& out, std::string_view text) {
  if (plain_word(text)) {
    out += text;
  } else {
    put_json_text(out, text);
  }
}

struct PutValue {
  std::string& out;
  LogFormat format;

  void operator()(const std::string& text) const { format == LogFormat::json ? put_json_text(out, text) : put_plain_text(out, text); }
  void operator()(std::int64_t value) const { put_number(out, value); }
  void operator()(double value) const {
    if (std::isfinite(value)) {
      put_number(out, value);
    } else {
      out += "null";  // JSON has no infinity
    }
  }
  void operator()(bool value) const { out += value ? "true" : "false"; }
};

void put_json_head(std::string& out, WallTime time, LogLevel level, std::string_view event) {
  out += R"({"time":")";
  put_time(out, time);
  out += R"(","level":")";
  out += to_string(level);
  out += R"(","event":")";
  out += event;
  out += '"';
}

void put_text_head(std::string& out, WallTime time, LogLevel level, std::string_view event) {
  put_time(out, time);
  out += ' ';
  const auto word = to_string(level);
  out += word;
  out.append(8 - word.size(), ' ');  // names begin in one column: the longest level, "warning", has seven letters
  out += event;
}

}  // namespace

LogValue::LogValue(const Url& url) : value_(redacted(url)) {}

std::string_view to_string(LogLevel level) {
  switch (level) {
    case LogLevel::debug: return "debug";
    case LogLevel::info: return "info";
    case LogLevel::warning: return "warning";
    case LogLevel::error: return "error";
  }
  return "error";
}

void format_event(std::string& out, LogFormat format, WallTime time, LogLevel level, std::string_view event,
                  std::span<const LogField> fields) {
  const PutValue put{out, format};
  if (format == LogFormat::json) {
    put_json_head(out, time, level, event);
    for (const auto& field : fields) {
      out += R"(,")";
      out += field.name;
      out += R"(":)";
      std::visit(put, field.value.get());
    }
    out += '}';
    return;
  }
  put_text_head(out, time, level, event);
  for (const auto& field : fields) {
    out += ' ';
    out += field.name;
    out += '=';
    std::visit(put, field.value.get());
  }
}

std::string to_string(const LogValue& value) {
  if (const auto* text = std::get_if<std::string>(&value.get())) return *text;
  std::string out;
  std::visit(PutValue{out, LogFormat::text}, value.get());
  return out;
}

}  // namespace bodega
