// From an address and a method to the handler that answers it.
#include "app/application.h"
#include "http/error_response.h"
#include "web/layout.h"

namespace bodega::app {

using http::Method;
using http::Request;
using http::Response;
using pypi::Place;
using pypi::Route;

namespace {

// In devpi's words: an address that is none, or that has no such method.
Response not_found(const Request& request, Place place) {
  switch (place) {
    case Place::unknown: return pypi::no_such_view(request);
    case Place::simple_list:
    case Place::simple_project:
      return pypi::framework_error(request, 404, "predicate mismatch for view PyPIView (request_method = GET,HEAD)");
    case Place::simple_refresh: return pypi::framework_error(request, 404, "predicate mismatch for view PyPIView (request_method = POST)");
    default: return pypi::framework_error(request, 404, "");
  }
}

bool reads(const Request& request) { return request.method == Method::get || request.method == Method::head; }

bool asks_for_simple(const Request& request) {
  if (http::is_installer(request.headers)) return true;
  return request.headers.joined("Accept").find("application/vnd.pypi.simple.") != std::string::npos;
}

// For metrics and logs, where the handler gave no name of its own.
std::string name_of(Place place) {
  switch (place) {
    case Place::unknown: return "other";
    case Place::root: return "root";
    case Place::api: return "api";
    case Place::login: return "login";
    case Place::status: return "status";
    case Place::authcheck: return "authcheck";
    case Place::tokens: return "tokens";
    case Place::admin: return "admin";
    case Place::health: return "health";
    case Place::metrics: return "metrics";
    case Place::user: return "user";
    case Place::index: return "index";
    case Place::simple_list: return "simple.list";
    case Place::simple_project: return "simple.project";
    case Place::simple_refresh: return "simple.refresh";
    case Place::file: return "file";
    case Place::project: return "project";
    case Place::version: return "version";
    case Place::docs: return "docs";
    case Place::static_file: return "web.static";
    case Place::theme_file: return "web.theme";
    case Place::search: return "web.search";
    case Place::search_help: return "web.searchhelp";
    case Place::opensearch: return "web.opensearch";
    case Place::manage: return "web.manage";
    case Place::index_feed: return "web.index_feed";
    case Place::project_feed: return "web.project_feed";
    case Place::project_refresh: return "web.refresh";
    case Place::docs_frame: return "web.docs";
    case Place::toxresults: return "web.toxresults";
  }
  return "other";
}

// What must be answered when memory is short, and takes none.
bool is_light(Place place) { return place == Place::health || place == Place::metrics || place == Place::admin; }

Response short_of_memory(const Request& request) {
  auto refusal =
      http::error_response({Code::busy, "the server is short of memory for a moment; try again", {}, std::chrono::seconds(1)}, request);
  refusal.route = "refused";
  return refusal;
}

// devpi's client asks these for its headers; pages and files are read by installers, which do not, and stay lean.
bool is_api(const Request& request, Place place) {
  switch (place) {
    case Place::health:
    case Place::metrics:
    case Place::simple_list:
    case Place::simple_project:
    case Place::docs: return false;
    case Place::file: return !reads(request) || pypi::names_json(request.headers.joined("Accept"));
    default: return !pypi::is_for_people(place);
  }
}

}  // namespace

Task<Response> Application::handle(Request& request) {
  auto route = pypi::find_route(request.segments);
  if (!is_light(route.place) && memory_guard_.refuses(parts_.clock.mono())) co_return short_of_memory(request);
  const auto place = route.place;
  pages_.recognise(request, route);
  auto response = co_await dispatch(request, route);
  if (response.route.empty()) response.route = name_of(place);
  if (is_api(request, place) && !web::is_page(response) && !response.headers.has("X-Devpi-Api-Version")) api_.add_headers(response);
  co_await pages_.dress(request, route, response);
  co_return response;
}

Task<Response> Application::dispatch(Request& request, Route route) {
  if (pages_.wants(request, route)) co_return co_await pages_.handle(request, std::move(route));
  switch (route.place) {
    case Place::unknown: break;
    case Place::health:
      if (reads(request)) co_return co_await health(route);
      break;
    case Place::metrics:
      if (reads(request)) co_return co_await metrics();
      break;
    case Place::root:
    case Place::api:
    case Place::login:
    case Place::status:
    case Place::authcheck:
    case Place::user: co_return co_await api_.handle(request, route);
    case Place::index: co_return co_await at_index(request, route);
    case Place::simple_list:
      if (reads(request)) co_return co_await simple_.list(request, route);
      if (request.method == Method::post) co_return co_await uploads_.upload(request, route);
      break;
    case Place::simple_project:
      if (reads(request)) co_return co_await simple_.project(request, route, pypi::PagePlace::simple);
      break;
    case Place::simple_refresh:
      if (request.method == Method::post) co_return co_await simple_.refresh(request, route);
      break;
    case Place::file: co_return co_await at_file(request, route);
    case Place::project:
    case Place::version: co_return co_await at_project(request, route);
    case Place::project_refresh:  // of a version that has this name
      route.place = Place::version;
      co_return co_await at_project(request, route);
    case Place::docs:
      if (reads(request)) co_return co_await docs_.get(request, route);
      break;
    case Place::tokens: co_return co_await tokens_.own(request, std::move(route));
    case Place::admin:
      if (request.peer.administrator) co_return co_await admin(request, std::move(route));
      break;
    case Place::static_file:
    case Place::theme_file:
    case Place::search:
    case Place::search_help:
    case Place::opensearch:
    case Place::manage:
    case Place::index_feed:
    case Place::project_feed:
    case Place::docs_frame:
    case Place::toxresults: break;  // pages all of them, see above
  }
  co_return not_found(request, route.place);
}

// Who may come here has been looked at.
Task<Response> Application::admin(Request& request, Route route) {
  if (route.rest.size() == 1 && route.rest[0] == "status" && reads(request)) co_return co_await status();
  if (config_.token_key_file && route.rest.size() == 1 && route.rest[0] == "rotate-secret") {
    co_return pypi::api_message(409,
                                "the key of logins is in the file that the option token-key-file names: put another into it, and restart");
  }
  co_return co_await tokens_.all(request, std::move(route));
}

Task<Response> Application::at_index(Request& request, Route route) {
  if (reads(request) && asks_for_simple(request)) co_return co_await simple_.list(request, route);
  if (request.method == Method::push) co_return co_await push_.push(request, route);
  if (request.method == Method::post && web::Pages::is_xmlrpc(request)) co_return co_await pages_.xmlrpc(request, std::move(route));
  if (request.method == Method::post && pypi::is_push(request)) co_return co_await push_.push(request, route);
  if (request.method == Method::post) co_return co_await uploads_.upload(request, route);
  co_return co_await api_.handle(request, route);
}

Task<Response> Application::at_file(Request& request, Route route) {
  if (reads(request) && pypi::Releases::wants_file_data(request, route)) co_return co_await releases_.file_data(request, route);
  if (reads(request)) co_return co_await files_.get(request, route);
  if (request.method == Method::post) co_return co_await uploads_.toxresult(request, route);
  if (request.method == Method::del) co_return co_await uploads_.remove(request, route);
  if (request.method == Method::patch) co_return co_await uploads_.yank(request, route);
  co_return not_found(request, route.place);
}

Task<Response> Application::at_project(Request& request, Route route) {
  if (request.method == Method::del) co_return co_await uploads_.remove(request, route);
  if (reads(request) && route.place == Place::project && asks_for_simple(request)) {
    const auto place = request.trailing_slash ? pypi::PagePlace::project_slash : pypi::PagePlace::project;
    co_return co_await simple_.project(request, route, place);
  }
  if (reads(request)) co_return co_await releases_.get(request, route);
  co_return not_found(request, route.place);
}

}  // namespace bodega::app
