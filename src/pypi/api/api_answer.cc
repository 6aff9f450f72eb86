#include "pypi/api/api_answer.h"

#include <algorithm>

#include "base/text.h"
#include "http/error_response.h"

namespace bodega::pypi {
namespace {

// Python's html.escape: as ours, but for the apostrophe.
std::string python_html_escape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\'') {
      out += "&#x27;";
    } else {
      html_escape_to(out, std::string_view(&c, 1));
    }
  }
  return out;
}

std::string title_of(int status) { return std::to_string(status) + " " + std::string(http::standard_reason(status)); }

// `content`: HTML.
std::string html_page(int status, const std::string& content) {
  const std::string title = title_of(status);
  return "<html>\n <head>\n  <title>" + title + "</title>\n </head>\n <body>\n  <h1>" + title + "</h1>\n  " + content +
         "\n\n\n </body>\n</html>";
}

std::string html_body(int status, std::string_view explanation, std::string_view detail) {
  return html_page(status, python_html_escape(explanation) + "<br/><br/>\n" + python_html_escape(detail));
}

http::Response with_body(int status, std::string content_type, std::string body) {
  http::Response response;
  response.status = status;
  response.headers.add("Content-Type", std::move(content_type));
  response.body = std::move(body);
  return response;
}

std::string_view explanation_of(int status) {
  switch (status) {
    case 200: return "";
    case 401:
      return "This server could not verify that you are authorized to access the document you requested.  Either you supplied the wrong "
             "credentials (e.g., bad password), or your browser does not understand how to supply the credentials required.";
    case 403: return "Access was denied to this resource.";
    default: return "The resource could not be found.";
  }
}

// On one line, which is the compact form with blanks; or the HTML; or plain text.
http::Response framework_answer(const http::Request& request, int status, const std::string& text, std::string html_text) {
  const std::string accept = request.headers.joined("Accept");
  const int html = accept.empty() ? 0 : accept_quality(accept, "text/html");
  const int json = accept.empty() ? 0 : accept_quality(accept, "application/json");
  if (html > 0 && html >= json) return with_body(status, "text/html; charset=UTF-8", std::move(html_text));
  if (json > 0) {
    return with_body(status, "application/json",
                     "{\"message\": " + Json(text).compact() + ", \"code\": " + Json(title_of(status)).compact() +
                         ", \"title\": " + Json(http::standard_reason(status)).compact() + "}");
  }
  return with_body(status, "text/plain; charset=UTF-8", title_of(status) + "\n\n" + text);
}

struct Range {
  std::string type;  // lower case: "text/html", "text/*", "*/*"
  int quality = 1000;
};

Range parse_range(std::string_view text) {
  const auto parts = split(text, ';');
  Range out{to_lower(trim(parts[0])), 1000};
  for (std::size_t i = 1; i < parts.size(); ++i) {
    const auto parameter = trim(parts[i]);
    if (!istarts_with(parameter, "q=")) continue;
    // qvalue: at most three digits behind the point.
    int quality = 0;
    int place = 1000;
    bool behind = false;
    for (const char c : trim(parameter.substr(2))) {
      if (c == '.' && !behind) {
        behind = true;
      } else if (c >= '0' && c <= '9') {
        if (behind) place /= 10;
        quality = behind ? quality + (c - '0') * place : (c - '0') * 1000;
      } else {
        return {out.type, 0};
      }
    }
    out.quality = std::min(quality, 1000);
  }
  return out;
}

}  // namespace

void add_devpi_headers(http::Response& response, const ServerIdentity& identity, catalog::Serial serial) {
  response.headers.set("X-Devpi-Api-Version", std::string(kDevpiApiVersion));
  response.headers.set("X-Devpi-Server-Version", std::string(kDevpiServerVersion));
  response.headers.set("X-Devpi-Uuid", identity.uuid);
  response.headers.set("X-Devpi-Master-Uuid", identity.uuid);
  response.headers.set("X-Devpi-Primary-Uuid", identity.uuid);
  response.headers.set("X-Devpi-Serial", std::to_string(serial));
  response.headers.set("X-Bodega-Version", identity.version);
}

http::Response api_result(int status, Json result, std::string_view type, std::string_view message) {
  Json body = Json::object();
  body.set("result", std::move(result));
  body.set("type", type);
  if (!message.empty()) body.set("message", message);
  return with_body(status, "application/json", body.pretty() + "\n");
}

http::Response api_message(int status, std::string_view message) {
  Json body = Json::object();
  body.set("message", message);
  return with_body(status, "application/json", body.pretty() + "\n");
}

http::Response api_abort(const http::Request& request, int status, std::string_view message) {
  const std::string accept = request.headers.joined("Accept");
  if (accept.find("application/json") != std::string::npos) return api_message(status, message);
  return with_body(status, "text/html; charset=UTF-8", html_body(status, message, ""));
}

http::Response framework_error(const http::Request& request, int status, std::string_view detail) {
  const auto explanation = explanation_of(status);
  return framework_answer(request, status, std::string(explanation) + "\n\n\n" + std::string(detail) + "\n\n",
                          html_body(status, explanation, detail));
}

http::Response framework_redirect(const http::Request& request, const std::string& url) {
  const std::string text = "The resource was found at " + url + "; you should be redirected automatically.";
  auto response = framework_answer(request, 302, text + "\n\n", html_page(302, python_html_escape(text)));
  response.headers.add("Location", url);
  return response;
}

http::Response no_such_view(const http::Request& request) {
  return framework_error(request, 404, percent_decode(request.path).value_or(request.path));
}

http::Response permission_denied(const http::Request& request) {
  return framework_error(request, 403, "Unauthorized: PyPIView failed permission check");
}

http::Response api_failure(const http::Request& request, const Error& error) {
  switch (error.code) {
    case Code::invalid:
    case Code::conflict:
    case Code::forbidden: {
      auto response = api_message(http::status_of(error.code), error.message);
      response.log_detail = error.describe();
      return response;
    }
    case Code::not_found: return api_abort(request, 404, error.message);
    default: return http::error_response(error, request);
  }
}

int accept_quality(std::string_view accept, std::string_view type) {
  if (trim(accept).empty()) return 1000;
  const std::string wanted = to_lower(type);
  const std::string family = wanted.substr(0, wanted.find('/')) + "/*";
  int best = 0;
  int specific = -1;  // the most specific range that matches decides
  for (const auto part : split(accept, ',')) {
    const Range range = parse_range(part);
    const int rank = range.type == wanted ? 2 : range.type == family ? 1 : range.type == "*/*" || range.type == "*" ? 0 : -1;
    if (rank < 0 || rank < specific) continue;
    best = rank > specific ? range.quality : std::max(best, range.quality);
    specific = rank;
  }
  return best;
}

bool accepts_json(const http::Request& request) { return accept_quality(request.headers.joined("Accept"), "application/json") > 0; }

bool prefers_html(const http::Request& request) {
  const std::string accept = request.headers.joined("Accept");
  return accept_quality(accept, "text/html") > accept_quality(accept, "application/json");
}

}  // namespace bodega::pypi
