#include "http/error_response.h"

#include <fmt/format.h>

#include "base/text.h"
#include "http/response_writer.h"

namespace bodega::http {

namespace {

enum class Reader { problem, devpi, html, text };

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

Reader reader_of(const Request& request, AnyReader any) {
  const auto accept = to_lower(request.headers.joined("Accept"));
  if (contains(accept, "vnd.pypi.simple") || contains(accept, "application/problem+json")) return Reader::problem;
  if (contains(accept, "application/json")) return Reader::devpi;
  const auto agent = request.headers.get("User-Agent");
  if (istarts_with(agent, "uv/") || istarts_with(agent, "pip/")) return Reader::problem;
  if (contains(accept, "text/html") || is_browser(request.headers)) return Reader::html;
  return any == AnyReader::devpi && (accept.empty() || contains(accept, "*/*")) ? Reader::devpi : Reader::text;
}

// pip prints it as it stands: one line of printable ASCII, cut at a word when it is too long.
std::string reason_of(std::string_view message) {
  std::string reason;
  for (const char c : message) {
    if (c >= ' ' && c < 0x7f) {
      reason += c;
    } else if (static_cast<unsigned char>(c) >= 0xc0) {
      reason += '?';  // one for each character beyond ASCII
    } else if (c == '\n' || c == '\t') {
      reason += ' ';
    }
  }
  if (reason.size() <= kMaxReason) return reason;
  const auto blank = reason.rfind(' ', kMaxReason - 3);
  reason.resize(blank == std::string::npos || blank < kMaxReason / 2 ? kMaxReason - 3 : blank);
  return reason + "...";
}

std::string page(int status, std::string_view message) {
  const auto title = fmt::format("{} {}", status, standard_reason(status));
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>{0}</title></head>\n<body>\n<h1>{0}</h1>\n<p>{1}</p>\n"
      "</body>\n</html>\n",
      title, html_escape(message));
}

void set_body(Response& response, Reader reader, const std::string& message) {
  switch (reader) {
    case Reader::problem:
      response.headers.add("Content-Type", "application/problem+json");
      response.body = fmt::format("{{\"title\":{},\"status\":{},\"detail\":{}}}", json_string(standard_reason(response.status)),
                                  response.status, json_string(message));
      break;
    case Reader::devpi:
      response.headers.add("Content-Type", "application/json");
      response.body = fmt::format("{{\n  \"message\": {}\n}}\n", json_string(message));
      break;
    case Reader::html:
      response.headers.add("Content-Type", "text/html; charset=utf-8");
      response.headers.add("Content-Security-Policy", "default-src 'none'");
      response.body = page(response.status, message);
      break;
    case Reader::text:
      response.headers.add("Content-Type", "text/plain; charset=utf-8");
      response.body = message + "\n";
      break;
  }
}

}  // namespace

int status_of(Code code) {
  switch (code) {
    case Code::invalid: return 400;
    case Code::unauthorized: return 401;
    case Code::forbidden: return 403;
    case Code::not_found: return 404;
    case Code::gone: return 410;
    case Code::conflict: return 409;
    case Code::too_large: return 413;
    case Code::busy:
    case Code::upstream_busy:
    case Code::cancelled: return 503;
    case Code::upstream_failed:
    case Code::corrupt: return 502;
    case Code::upstream_timeout: return 504;
    case Code::no_space: return 507;
    case Code::io: return 500;
  }
  return 500;
}

Response error_response(const Error& error, const Request& request, AnyReader any) {
  return error_response(status_of(error.code), error, request, any);
}

Response error_response(int status, const Error& error, const Request& request, AnyReader any) {
  Response response;
  response.status = status;
  const std::string message = error.message.empty() ? std::string(standard_reason(status)) : error.message;
  response.reason = reason_of(message);
  response.log_detail = error.describe();
  set_body(response, reader_of(request, any), message);
  response.headers.add("Cache-Control", "no-store");
  response.headers.add("X-Content-Type-Options", "nosniff");
  if (status == 401) response.headers.add("WWW-Authenticate", "Basic realm=\"bodega\"");
  const bool later = status == 502 || status == 503 || status == 504;
  if (error.retry_after) {
    response.headers.add("Retry-After", std::to_string(error.retry_after->count()));
  } else if (later) {
    response.headers.add("Retry-After", "5");  // pip and twine give up after about 15 s of waiting; an upstream's hiccup is over by then
  }
  return response;
}

}  // namespace bodega::http
