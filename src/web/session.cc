#include "web/session.h"

#include "access/token.h"
#include "base/digest.h"
#include "base/text.h"

namespace bodega::web {
namespace {

constexpr std::string_view kNotice = "bodega-notice";
constexpr std::size_t kMaxNotice = 600;  // a cookie holds 4096 bytes, hex of this and its attributes fit

bool is_secure(const http::Request& request) { return request.scheme == "https"; }

std::string_view session_name(const http::Request& request) { return is_secure(request) ? "__Host-bodega-session" : "bodega-session"; }

std::string cookie(const http::Request& request, std::string_view name, std::string_view value, std::int64_t seconds) {
  std::string out = std::string(name) + "=" + std::string(value) + "; Path=/; HttpOnly; SameSite=Lax; Max-Age=" + std::to_string(seconds);
  if (is_secure(request)) out += "; Secure";
  return out;
}

}  // namespace

std::string_view cookie_of(const http::Request& request, std::string_view name) {
  for (const auto& field : request.headers.all()) {
    if (!iequals(field.name, "Cookie")) continue;
    for (const auto part : split(field.value, ';')) {
      const auto pair = trim(part);
      if (pair.size() > name.size() && pair.starts_with(name) && pair[name.size()] == '=') return pair.substr(name.size() + 1);
    }
  }
  return {};
}

std::string_view session_text_of(const http::Request& request) { return cookie_of(request, session_name(request)); }

std::string session_cookie(const http::Request& request, std::string_view text) {
  return cookie(request, session_name(request), text, access::kLoginTokenLife.count());
}

std::string no_session_cookie(const http::Request& request) { return cookie(request, session_name(request), "", 0); }

std::string csrf_of(const Secret& key, std::string_view session) {
  return to_hex(hmac_sha256(key.reveal(), "bodega form of " + std::string(session))).substr(0, 40);
}

std::string notice_cookie(const http::Request& request, std::string_view text) {
  return cookie(request, kNotice, to_hex(text.substr(0, kMaxNotice)), 60);
}

std::string no_notice_cookie(const http::Request& request) { return cookie(request, kNotice, "", 0); }

std::string notice_of(const http::Request& request) { return from_hex(cookie_of(request, kNotice)).value_or(""); }

}  // namespace bodega::web
