#include "http/access_log.h"

#include <algorithm>
#include <array>
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

}  // namespace bodega::http
