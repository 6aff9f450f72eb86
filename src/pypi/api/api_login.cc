// /+api and /+login.
#include "base/text.h"
#include "http/error_response.h"
#include "pypi/api/api.h"
#include "pypi/api/api_body.h"

namespace bodega::pypi {
namespace {

// What the client switches on; sorted.
Json features() {
  return Json(Json::Array{Json("push-no-docs"), Json("push-only-docs"), Json("push-register-project"), Json("server-keyvalue-parsing")});
}

// `+` stays as it is in generated links, as everywhere in devpi.
std::string path_of(const IndexConfig& index) { return percent_encode(index.user, "@") + "/" + percent_encode(index.name, "@"); }

}  // namespace

Task<http::Response> Api::config(http::Request& request, Route route) {
  if (!accepts_json(request)) co_return no_such_view(request);
  const Asker asker = co_await ask(request);
  if (asker.refusal) co_return *asker.refusal;
  const std::string base = base_url(request);
  Json result = Json::object();
  result.set("login", base + "/+login");
  const bool known = !asker.who.anonymous();
  result.set("authstatus", Json(Json::Array{Json(known ? "ok" : "noauth"), Json(asker.who.user), Json::array()}));
  result.set("features", features());
  if (!route.index.empty()) {
    const IndexRef index = use_.registry.find_index(route.key());
    if (!readers_.sees(asker.who, index)) {
      co_return api_abort(request, 404, "The stage " + route.key() + " could not be found.");
    }
    const std::string url = base + "/" + path_of(*index);
    result.set("index", url);
    result.set("simpleindex", url + "/+simple/");
    if (!index->is_mirror()) result.set("pypisubmit", url + "/");
  }
  co_return api_result(200, std::move(result), "apiconfig");
}

Task<http::Response> Api::login(http::Request& request) {
  if (request.method != http::Method::post) {
    co_return framework_error(request, 404, "predicate mismatch for view PyPIView (request_method = POST)");
  }
  if (!accepts_json(request)) co_return no_such_view(request);
  auto body = co_await read_json(request);
  if (!body) {
    if (body.error().code != Code::invalid) co_return http::error_response(body.error(), request);
    co_return api_abort(request, 400, body.error().message);
  }
  const Json* name = body->find("user");
  const Json* password = body->find("password");
  if (!name || !password || !name->string() || !password->string()) {
    co_return api_abort(request, 400, "Bad request: no user/password specified");
  }
  std::string user = *name->string();
  Secret secret(*password->string());
  std::string address = request.peer.client;
  Secret again = secret;
  auto answer = co_await use_.authenticator.login(std::move(user), std::move(secret), std::move(address));
  if (!answer) co_return http::error_response(answer.error(), request);
  if (answer->outcome == access::Outcome::limited) {
    const Error error{Code::busy, "Too many failed logins; try again later.", {}, answer->retry_after};
    co_return http::error_response(429, error, request);
  }
  if (answer->outcome != access::Outcome::ok) {
    use_.log.warning("login.failed", {{"user", *name->string()}, {"client", request.peer.client}});
    co_return api_message(401, "user " + python_repr(*name) + " could not be authenticated");
  }
  if (answer->weak_hash) {
    std::string whose = answer->principal.user;
    co_await renew_hash(std::move(whose), std::move(again));
  }
  Json result = Json::object();
  result.set("password", use_.authenticator.new_login_token(answer->principal.user));
  result.set("expiration", Json(std::int64_t{access::kLoginTokenLife.count()}));
  co_return api_result(200, std::move(result), "proxyauth", "login successful");
}

// The password is at hand only now. A failure costs nothing: the next login tries again.
Task<void> Api::renew_hash(std::string user, Secret password) {
  const UserRef before = use_.registry.find_user(user);
  if (!before) co_return;
  // What the authenticator remembers may be of the hash before. A hash that changed for nothing would end the user's logins on pages.
  std::string stored = before->row.password_hash;
  Secret again = password;
  const auto verdict = co_await use_.hasher.verify(std::move(stored), std::move(again));
  if (!verdict || *verdict != access::Verdict::right_but_weak) co_return;
  auto hash = co_await use_.hasher.hash(std::move(password));
  if (!hash) co_return;
  auto change = [&before, &hash](const User& now) -> Result<catalog::UserRow> {
    catalog::UserRow row = now.row;
    if (row.password_hash == before->row.password_hash) row.password_hash = *hash;
    return row;
  };
  auto done = co_await use_.registry.change_user(std::move(user), std::move(change));
  if (!done) use_.log.warning("login.hash_not_renewed", {{"user", before->row.name}, {"error", done.error().describe()}});
}

}  // namespace bodega::pypi
