#include "pypi/api/api.h"

#include "base/text.h"
#include "http/error_response.h"

namespace bodega::pypi {
namespace {

std::string route_name(Place place) {
  switch (place) {
    case Place::api: return "devpi.api";
    case Place::login: return "devpi.login";
    case Place::status: return "devpi.status";
    case Place::authcheck: return "devpi.authcheck";
    case Place::root: return "devpi.root";
    case Place::user: return "devpi.user";
    case Place::index: return "devpi.index";
    default: return "unknown";
  }
}

}  // namespace

std::string base_url_of(const http::Request& request, const std::optional<std::string>& public_url) {
  return public_url ? *public_url : request.scheme + "://" + request.host + request.mount;
}

Api::Api(Dependencies use, ApiOptions options)
    : use_(use),
      options_(std::move(options)),
      readers_(use.registry, use.authenticator, options_.restrict_modify),
      started_(use.clock.wall()) {}

void Api::add_headers(http::Response& response) const {
  add_devpi_headers(response, {use_.registry.uuid(), options_.version}, use_.registry.serial());
}

Task<http::Response> Api::handle(http::Request& request, Route route) {
  const Place place = route.place;
  auto response = co_await dispatch(request, std::move(route));
  add_headers(response);
  if (response.route.empty()) response.route = route_name(place);
  co_return response;
}

Task<http::Response> Api::dispatch(http::Request& request, Route route) {
  // devpi takes a slash behind users and indexes, nowhere else.
  const bool slash_is_fine = route.place == Place::root || route.place == Place::user || route.place == Place::index;
  if (request.trailing_slash && !slash_is_fine) co_return no_such_view(request);
  switch (route.place) {
    case Place::api: co_return co_await config(request, std::move(route));
    case Place::login: co_return co_await login(request);
    case Place::status: co_return status();
    case Place::authcheck: co_return co_await authcheck(request);
    case Place::root: co_return co_await root(request);
    case Place::user: co_return co_await user(request, std::move(route));
    case Place::index: co_return co_await index(request, std::move(route));
    default: co_return no_such_view(request);
  }
}

Task<Api::Asker> Api::ask(http::Request& request) {
  auto login = co_await use_.authenticator.authenticate(request);
  if (!login) co_return Asker{{}, http::error_response(login.error(), request)};
  const bool reads = request.method == http::Method::get || request.method == http::Method::head;
  if (login->outcome == access::Outcome::limited && !reads) {
    const Error error{Code::busy, "Too many failed logins; try again later.", {}, login->retry_after};
    co_return Asker{{}, http::error_response(429, error, request)};
  }
  // As in devpi: wrong credentials are nobody's.
  co_return Asker{login->principal, std::nullopt};
}

bool Api::may(const access::Principal& who, access::Action action, const IndexConfig& index) const {
  return access::may(who, action, facts_of_index(index, options_.restrict_modify)) == access::Decision::allow;
}

bool Api::may(const access::Principal& who, access::Action action, const std::string& owner) const {
  access::Facts facts;
  facts.owner = owner;
  if (options_.restrict_modify) facts.restrict_modify = &*options_.restrict_modify;
  return access::may(who, action, facts) == access::Decision::allow;
}

Viewer Api::viewer(const access::Principal& who, const IndexConfig& index) const {
  return may(who, access::Action::modify_index, index) ? Viewer::manager : Viewer::stranger;
}

std::string Api::base_url(const http::Request& request) const { return base_url_of(request, options_.public_url); }

IndexExists Api::index_exists(const access::Principal& who) const {
  return [this, &who](const std::string& key) { return readers_.may_read(who, use_.registry.find_index(key)); };
}

}  // namespace bodega::pypi
