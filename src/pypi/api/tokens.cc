#include "pypi/api/tokens.h"

#include "access/decision.h"
#include "http/error_response.h"
#include "pypi/api/api_answer.h"
#include "pypi/api/api_body.h"
#include "pypi/index/readers.h"

namespace bodega::pypi {
namespace {

using http::Method;

bool reads(const http::Request& request) { return request.method == Method::get || request.method == Method::head; }

Json time_or_null(const std::optional<WallTime>& time) {
  return time ? Json(rfc3339(std::chrono::floor<std::chrono::seconds>(*time))) : Json();
}

Json shown(const catalog::TokenRow& row) {
  Json out = Json::object();
  out.set("id", row.id);
  out.set("user", row.user);
  out.set("scope", row.scope);
  out.set("index", row.index.empty() ? Json() : Json(row.index));
  out.set("comment", row.comment);
  out.set("created", time_or_null(row.created));
  out.set("expires", time_or_null(row.expires));
  out.set("last_used", time_or_null(row.last_used));
  return out;
}

Error invalid(std::string message) { return {Code::invalid, std::move(message), {}, std::nullopt}; }

Result<std::string> text_of(const Json& body, std::string_view key) {
  const Json* value = body.find(key);
  if (value == nullptr || value->is_null()) return std::string();
  if (!value->string()) return fail(invalid(std::string(key) + " must be text"));
  return *value->string();
}

// Seconds from now, or a moment.
Result<std::optional<WallTime>> expiry_of(const Json& body, WallTime now) {
  constexpr std::int64_t kLongest = 100LL * 366 * 86'400;
  const Json* value = body.find("expires");
  if (value == nullptr || value->is_null()) return std::optional<WallTime>();
  if (const auto* seconds = value->integer(); seconds != nullptr && *seconds > 0 && *seconds <= kLongest) {
    return std::optional(now + std::chrono::seconds(*seconds));
  }
  const auto moment = value->string() ? parse_rfc3339(*value->string()) : std::nullopt;
  if (moment) return moment;
  return fail(invalid("expires must be a number of seconds from now, or a time such as 2027-01-31T00:00:00Z"));
}

http::Response refuse(const http::Request& request, int status, std::string message) {
  auto response = http::error_response(status, invalid(std::move(message)), request);
  if (status == 401) response.headers.set("WWW-Authenticate", "Basic realm=\"bodega\"");
  return response;
}

}  // namespace

Task<http::Response> Tokens::own(http::Request& request, Route route) {
  auto login = co_await use_.authenticator.authenticate(request);
  if (!login) co_return http::error_response(login.error(), request);
  if (login->outcome == access::Outcome::limited) {
    const Error error{Code::busy, "Too many failed logins; try again later.", {}, login->retry_after};
    co_return http::error_response(429, error, request);
  }
  const auto& who = login->principal;
  if (who.anonymous()) co_return refuse(request, 401, "tokens are for users: send a user name with its password or login token");
  if (who.bound.scope != access::Scope::all)
    co_return refuse(request, 403, "a token cannot look after tokens: use the password, or log in");
  if (route.rest.empty() && reads(request)) co_return list(who.user);
  if (route.rest.empty() && request.method == Method::post) {
    auto body = co_await read_json(request);
    if (!body) co_return api_failure(request, body.error());
    std::string user = who.user;
    co_return co_await create(request, std::move(user), std::move(*body));
  }
  if (route.rest.size() == 1 && request.method == Method::del) {
    const auto* token = use_.book.find(route.rest[0]);
    if (token == nullptr || token->user != who.user) co_return api_abort(request, 404, "you have no token " + route.rest[0]);
    co_return co_await revoke(request, route.rest[0]);
  }
  co_return no_such_view(request);
}

Task<http::Response> Tokens::all(http::Request& request, Route route) {
  const auto& rest = route.rest;
  if (rest.size() == 1 && rest[0] == "tokens" && reads(request)) co_return list("");
  if (rest.size() == 1 && rest[0] == "tokens" && request.method == Method::post) {
    auto body = co_await read_json(request);
    if (!body) co_return api_failure(request, body.error());
    std::string user(body->text("user"));
    if (!use_.registry.find_user(user)) co_return api_abort(request, 404, "no user " + python_repr(Json(user)));
    co_return co_await create(request, std::move(user), std::move(*body));
  }
  if (rest.size() == 2 && rest[0] == "tokens" && request.method == Method::del) co_return co_await revoke(request, rest[1]);
  if (rest.size() == 1 && rest[0] == "rotate-secret" && request.method == Method::post) co_return co_await rotate(request);
  co_return no_such_view(request);
}

Result<access::TokenWish> Tokens::read_wish(const Json& body, std::string user) const {
  if (!body.is_object()) return fail(invalid("Bad request: could not decode json"));
  access::TokenWish wish;
  BODEGA_TRY(wish.scope, text_of(body, "scope"));
  BODEGA_TRY(wish.index, text_of(body, "index"));
  BODEGA_TRY(wish.comment, text_of(body, "comment"));
  BODEGA_TRY(wish.expires, expiry_of(body, use_.clock.wall()));
  if (!wish.index.empty()) {
    // What the user may not see is told apart from what does not exist by nobody.
    const IndexRef index = use_.registry.find_index(wish.index);
    const access::Principal owner{user, access::Proof::password};
    const bool visible = index && access::may(owner, access::Action::read, facts_of_index(*index, std::nullopt)) == access::Decision::allow;
    if (!visible) return fail(invalid("there is no index " + wish.index + " for " + user + "; name it as user/index"));
  }
  wish.user = std::move(user);
  return wish;
}

Task<http::Response> Tokens::create(http::Request& request, std::string user, Json body) {
  auto wish = read_wish(body, std::move(user));
  if (!wish) co_return api_failure(request, wish.error());
  auto made = co_await use_.book.create(std::move(*wish));
  if (!made) co_return api_failure(request, made.error());
  Json result = shown(made->row);
  result.set("token", made->text.reveal());
  auto response = api_result(201, std::move(result), "token", "this is the only time the token is shown");
  response.headers.add("Cache-Control", "no-store");
  co_return response;
}

Task<http::Response> Tokens::revoke(http::Request& request, std::string id) {
  std::string name = id;
  auto done = co_await use_.book.revoke(std::move(name));
  if (!done) co_return api_failure(request, done.error());
  co_return api_message(200, "token " + id + " revoked");
}

http::Response Tokens::list(std::string_view user) const {
  Json result = Json::array();
  for (const auto& row : use_.book.list()) {
    if (user.empty() || row.user == user) result.push_back(shown(row));
  }
  return api_result(200, std::move(result), "list:token");
}

Task<http::Response> Tokens::rotate(http::Request& request) {
  auto done = co_await use_.registry.rotate_token_secret();
  if (!done) co_return api_failure(request, done.error());
  use_.authenticator.set_token_key(use_.registry.token_secret());
  use_.authenticator.set_devpi_token_key(use_.registry.devpi_token_key());
  co_return api_message(200, "all logins have ended; tokens made with \"bodega token create\" go on working");
}

}  // namespace bodega::pypi
