#include "http/access_log.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
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

enum class Kind : std::uint8_t { hostile, word, blank, special };

constexpr std::array<Kind, 256> make_kinds() {
  std::array<Kind, 256> kinds{};
  for (std::size_t c = 0x21; c < 0x7f; ++c) kinds[c] = Kind::word;
  kinds[' '] = kinds['='] = Kind::blank;     // no word of the text form holds these
  kinds['"'] = kinds['\\'] = Kind::special;  // escaped, and no part of a word either
  return kinds;
}
constexpr auto kKinds = make_kinds();

Kind kind_of(char c) { return kKinds[static_cast<unsigned char>(c)]; }

// Writes into space that is large enough, and remembers when something came that is for format_event().
class Line {
 public:
  explicit Line(char* space) : at_(space) {}
  char* end() const { return at_; }
  bool plain() const { return plain_; }

  void raw(std::string_view text) {
    std::memcpy(at_, text.data(), text.size());
    at_ += text.size();
  }
  void quoted(std::string_view text) {
    *at_++ = '"';
    for (const char c : text) {
      const auto kind = kind_of(c);
      if (kind == Kind::special) *at_++ = '\\';
      if (kind == Kind::hostile) plain_ = false;
      *at_++ = c;
    }
    *at_++ = '"';
  }
  void word(std::string_view text) {
    const bool bare = !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return kind_of(c) == Kind::word; });
    bare ? raw(text) : quoted(text);
  }
  void number(std::uint64_t value) { at_ = std::to_chars(at_, at_ + 20, value).ptr; }
  void padded(std::uint64_t value, std::size_t width) {
    for (std::size_t i = width; i-- > 0; value /= 10) at_[i] = static_cast<char>('0' + value % 10);
    at_ += width;
  }
  // Thousandths, as the shortest decimal.
  void milliseconds(double value) {
    const auto thousandths = static_cast<std::uint64_t>(std::llround(value * 1000));
    number(thousandths / 1000);
    if (thousandths % 1000 == 0) return;
    *at_++ = '.';
    padded(thousandths % 1000, 3);
    while (at_[-1] == '0') --at_;
  }

 private:
  char* at_;
  bool plain_ = true;
};

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

void AccessFormatter::take_time(WallTime time) {
  const auto second = to_unix_micros(time) / 1'000'000;
  if (second == second_) return;
  second_ = second;
  second_text_ = rfc3339(from_unix_micros(second * 1'000'000)).substr(0, 19);
}

void AccessFormatter::format(std::string& out, WallTime time, const AccessEvent& event) {
  // Seconds like 1e+05 and redacted queries are for the general form.
  if (event.milliseconds >= 99'999 || event.target.find('?') != std::string_view::npos) {
    format_access(out, format_, time, event);
    return;
  }
  take_time(time);
  const auto before = out.size();
  // Every text at its longest, escaped, and 400 bytes for all that stands between.
  out.resize(before + 400 +
             2 * (event.id.size() + event.peer.size() + event.method.size() + std::min(event.target.size(), kMaxLogged) +
                  event.route.size() + std::min(event.user_agent.size(), kMaxLogged) + std::min(event.detail.size(), kMaxLogged)));
  Line line(out.data() + before);
  format_ == LogFormat::json ? write_json(line, time, event) : write_text(line, time, event);
  if (line.plain()) {
    out.resize(static_cast<std::size_t>(line.end() - out.data()));
    return;
  }
  out.resize(before);
  format_access(out, format_, time, event);
}

template <class L>
void AccessFormatter::write_json(L& line, WallTime time, const AccessEvent& event) const {
  const auto text = [&line](std::string_view key, std::string_view value) {
    line.raw(key);
    line.quoted(value);
  };
  line.raw(R"({"time":")");
  line.raw(second_text_);
  line.raw(".");
  line.padded(static_cast<std::uint64_t>(to_unix_micros(time) % 1'000'000), 6);
  text(R"(Z","level":"info","event":"http.request","id":)", event.id);
  text(R"(,"peer":)", event.peer);
  text(R"(,"method":)", event.method);
  text(R"(,"target":)", cut(event.target));
  line.raw(R"(,"status":)");
  line.number(static_cast<std::uint64_t>(event.status));
  line.raw(R"(,"bytes":)");
  line.number(event.bytes);
  line.raw(R"(,"ms":)");
  line.milliseconds(event.milliseconds);
  text(R"(,"route":)", event.route);
  text(R"(,"cache":)", to_string(event.outcome));
  text(R"(,"ua":)", product(event.user_agent));
  if (!event.detail.empty()) text(R"(,"detail":)", cut(event.detail));
  line.raw("}");
}

template <class L>
void AccessFormatter::write_text(L& line, WallTime time, const AccessEvent& event) const {
  const auto text = [&line](std::string_view key, std::string_view value) {
    line.raw(key);
    line.word(value);
  };
  line.raw(second_text_);
  line.raw(".");
  line.padded(static_cast<std::uint64_t>(to_unix_micros(time) % 1'000'000), 6);
  text("Z info    http.request id=", event.id);
  text(" peer=", event.peer);
  text(" method=", event.method);
  text(" target=", cut(event.target));
  line.raw(" status=");
  line.number(static_cast<std::uint64_t>(event.status));
  line.raw(" bytes=");
  line.number(event.bytes);
  line.raw(" ms=");
  line.milliseconds(event.milliseconds);
  text(" route=", event.route);
  text(" cache=", to_string(event.outcome));
  text(" ua=", product(event.user_agent));
  if (!event.detail.empty()) text(" detail=", cut(event.detail));
}

}  // namespace bodega::http
