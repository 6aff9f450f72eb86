// The shapes of devpi's answers: API objects, its two kinds of error bodies, and the headers every answer carries. Pure.
// docs/protocols/devpi.md.
#pragma once

#include <string>
#include <string_view>

#include "catalog/rows.h"
#include "http/message.h"
#include "pypi/format/json_value.h"

namespace bodega::pypi {

// What clients branch on: the devpi client insists on the API version, and switches features by the server version.
inline constexpr std::string_view kDevpiApiVersion = "2";
inline constexpr std::string_view kDevpiServerVersion = "6.20.3";

struct ServerIdentity {
  std::string uuid;
  std::string version;  // Bodega's own
};

// X-Devpi-*: on every answer. `serial`: of the commit if the request wrote something, else the serial read at.
void add_devpi_headers(http::Response& response, const ServerIdentity& identity, catalog::Serial serial);

// {"result": ..., "type": ..., "message": ...}, pretty, with a final newline; absent parts are left out.
http::Response api_result(int status, Json result, std::string_view type, std::string_view message = {});
http::Response api_message(int status, std::string_view message);

// How devpi ends a view: {"message": ...} for who takes JSON by name, else a page.
http::Response api_abort(const http::Request& request, int status, std::string_view message);

// How the framework below devpi answers, by Accept as JSON on one line, page or plain text.
http::Response no_such_view(const http::Request& request);  // 404, names the path
http::Response framework_error(const http::Request& request, int status, std::string_view detail);
http::Response permission_denied(const http::Request& request);                           // 403
http::Response framework_redirect(const http::Request& request, const std::string& url);  // 302

// An expected failure of a service as an answer: what devpi has a message for in its form, the rest as everywhere.
http::Response api_failure(const http::Request& request, const Error& error);

// Quality of a media type under an Accept header (RFC 9110 section 12.5.1), 0 to 1000; 1000 for an empty header.
int accept_quality(std::string_view accept, std::string_view type);
bool accepts_json(const http::Request& request);
bool prefers_html(const http::Request& request);

}  // namespace bodega::pypi
