#include "pypi/index/negotiated.h"

#include <algorithm>

#include "base/text.h"
#include "http/hot.h"

namespace bodega::pypi {
namespace {

std::optional<std::string_view> told(std::string_view header) { return header.empty() ? std::nullopt : std::optional(header); }

}  // namespace

Negotiated negotiate(std::optional<std::string_view> accept, std::optional<std::string_view> accept_encoding, std::string_view query) {
  Negotiated out;
  const auto format = query.empty() ? std::nullopt : query_value(query, "format");
  out.choice = negotiate_page(accept, format ? std::optional<std::string_view>(*format) : std::nullopt);
  if (!accept_encoding) return out;  // RFC 9110 would allow any coding; clients that name none are simple ones
  out.encoding = negotiate_encoding(accept_encoding, {true, true}).value_or(ContentEncoding::identity);
  return out;
}

Negotiated negotiate(const http::Request& request) {
  const std::string accept = request.headers.joined("Accept");
  const std::string encoding = request.headers.joined("Accept-Encoding");
  return negotiate(told(accept), told(encoding), request.query);
}

bool names_json(std::string_view accept) { return accept.find("application/json") != std::string_view::npos; }

int accept_class(std::string_view accept, std::string_view accept_encoding, std::string_view) {
  if (names_json(accept)) return http::kNeverHot;
  const auto negotiated = negotiate(told(accept), told(accept_encoding), {});
  int type = 0;  // 406
  if (negotiated.choice) {
    type = negotiated.choice->content_type == kJsonType ? 1 : negotiated.choice->content_type == kHtmlType ? 2 : 3;
  }
  constexpr int kEncodings = 3;
  return type * kEncodings + static_cast<int>(negotiated.encoding);
}

std::optional<std::string> query_value(std::string_view query, std::string_view key) {
  for (const auto part : split(query, '&')) {
    const auto equals = part.find('=');
    const auto name = form_decode(part.substr(0, equals));
    if (!name || *name != key) continue;
    return form_decode(equals == std::string_view::npos ? std::string_view() : part.substr(equals + 1));
  }
  return std::nullopt;
}

bool query_has(std::string_view query, std::string_view key) {
  const auto parts = split(query, '&');
  return std::any_of(parts.begin(), parts.end(), [&](std::string_view part) { return part.substr(0, part.find('=')) == key; });
}

bool wants_fresh(const http::Headers& headers) {
  const std::string control = headers.joined("Cache-Control");
  for (const auto part : split(control, ',')) {
    if (iequals(trim(part), "no-cache")) return true;
  }
  return control.empty() && istarts_with(headers.get("Pragma"), "no-cache");
}

}  // namespace bodega::pypi
