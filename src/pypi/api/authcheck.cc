#include "pypi/api/authcheck.h"

#include "base/text.h"
#include "http/error_response.h"
#include "http/target.h"
#include "pypi/api/api.h"

namespace bodega::pypi {
namespace {

// Browsers show a login window for 401, installers look for credentials; devpi's client would drop its login.
bool is_devpi_client(const http::Headers& headers) { return istarts_with(headers.get("User-Agent"), "devpi-client"); }

std::string_view path_of(std::string_view uri) {
  const auto scheme = uri.find("://");
  if (scheme != std::string_view::npos && scheme < uri.find('/')) {
    const auto path = uri.find('/', scheme + 3);
    uri = path == std::string_view::npos ? std::string_view("/") : uri.substr(path);
  }
  return uri.substr(0, uri.find_first_of("?#"));
}

}  // namespace

Route original_route(std::string_view uri, std::string_view base) {
  std::string_view path = path_of(uri);
  const bool below = !base.empty() && path.starts_with(base) && (path.size() == base.size() || path[base.size()] == '/');
  if (below) path.remove_prefix(base.size());
  if (path.empty()) path = "/";
  const auto split = http::split_path(path);
  if (!split) return {};
  auto route = find_route(split->segments);
  const bool no_slash = route.place == Place::api || route.place == Place::login || route.place == Place::status;
  return split->trailing_slash && no_slash ? Route() : route;
}

bool needs_reading(Place place) {
  switch (place) {
    case Place::unknown:
    case Place::root:
    case Place::api:
    case Place::login:
    case Place::status:
    case Place::authcheck:
    case Place::tokens:
    case Place::admin:
    case Place::health:
    case Place::metrics:
    case Place::user:
    case Place::static_file:
    case Place::theme_file:
    case Place::search:
    case Place::search_help:
    case Place::opensearch:
    case Place::manage: return false;
    case Place::index:
    case Place::simple_list:
    case Place::simple_project:
    case Place::simple_refresh:
    case Place::file:
    case Place::project:
    case Place::version:
    case Place::docs:
    case Place::index_feed:
    case Place::project_feed:
    case Place::project_refresh:
    case Place::docs_frame:
    case Place::toxresults: return true;
  }
  return true;
}

// What is for this machine only does not exist for who comes through a proxy.
int authcheck_status(Place place) { return place == Place::unknown || place == Place::admin ? 403 : 200; }

int authcheck_status(Entry entry, const http::Headers& headers) {
  switch (entry) {
    case Entry::open:
    case Entry::granted:
    case Entry::absent: return 200;
    case Entry::hidden:
    case Entry::limited: return 403;
    case Entry::login_needed:
    case Entry::wrong_login: break;
  }
  return is_devpi_client(headers) ? 403 : 401;
}

Task<http::Response> Api::authcheck(http::Request& request) {
  const auto* original = request.headers.find("X-Original-URI");
  const auto base = options_.public_url ? Url::parse(*options_.public_url) : fail(Code::not_found, "");
  const Route route = original_route(original ? *original : request.target, base && base->path != "/" ? base->path : "");
  int status = authcheck_status(route.place);
  if (needs_reading(route.place)) {
    auto visited = co_await readers_.visit(request, route.key());
    if (!visited) co_return http::error_response(visited.error(), request);
    status = authcheck_status(visited->entry, request.headers);
  }
  auto response = framework_error(request, status, "");
  response.headers.add("Cache-Control", "no-store");
  if (status == 401) response.headers.add("WWW-Authenticate", "Basic realm=\"pypi\"");
  co_return response;
}

}  // namespace bodega::pypi
