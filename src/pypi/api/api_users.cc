// / and /{user}.
#include <algorithm>
#include <array>

#include "base/text.h"
#include "http/error_response.h"
#include "pypi/api/api.h"
#include "pypi/api/api_body.h"

namespace bodega::pypi {
namespace {

using http::Method;

constexpr std::array<std::string_view, 4> kPublicKeys{"custom_data", "description", "email", "title"};
constexpr std::array<std::string_view, 7> kOtherKeys{"password", "pwhash", "pwsalt", "indexes", "username", "created", "modified"};

template <std::size_t N>
bool among(const std::array<std::string_view, N>& keys, std::string_view key) {
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

WallTime whole_seconds(WallTime time) { return std::chrono::floor<std::chrono::seconds>(time); }

std::string no_user(const std::string& name) { return "no user " + python_repr(Json(name)); }

// What a body changes of a profile: an empty value takes the key away.
bool change_profile(Json& profile, const Json& body) {
  bool changed = false;
  for (const auto& [key, value] : body.members()) {
    if (!among(kPublicKeys, key)) continue;
    if (!value.truthy()) {
      changed = profile.remove(key) || changed;
    } else if (const Json* present = profile.find(key); !present || !(*present == value)) {
      profile.set(key, value);
      changed = true;
    }
  }
  return changed;
}

Result<void> check_new_user(const std::string& name, const Json& body) {
  if (!body.is_object()) return fail(Code::invalid, "Bad request: could not decode json");
  if (!body.find("password")) return fail(Code::invalid, "password needs to be set");
  if (!is_valid_account_name(name)) {
    return fail(Code::invalid,
                "username '" + name + "' contains characters that aren't allowed. Any ascii symbol besides -.@_ is blocked.");
  }
  std::vector<std::string> unknown;
  for (const auto& [key, value] : body.members()) {
    if (!among(kPublicKeys, key) && !among(kOtherKeys, key)) unknown.push_back(key);
  }
  if (unknown.empty()) return {};
  return fail(Code::invalid, "Unknown keys in user config: " + join(unknown, ", "));
}

}  // namespace

Json Api::shown_user(const User& user, const access::Principal& who) const {
  Json out = user.profile;
  out.set("created", rfc3339(whole_seconds(user.row.created)));
  Json indexes = Json::object();
  for (const auto& name : user.indexes) {
    const IndexRef index = use_.registry.find_index(user.row.name + "/" + name);
    if (readers_.sees(who, index)) indexes.set(name, shown_options(*index, viewer(who, *index)));
  }
  out.set("indexes", std::move(indexes));
  if (user.row.modified) out.set("modified", rfc3339(whole_seconds(*user.row.modified)));
  out.set("username", user.row.name);
  return out;
}

Task<http::Response> Api::root(http::Request& request) {
  if (request.method != Method::get && request.method != Method::head) co_return framework_error(request, 404, "");
  const Asker asker = co_await ask(request);
  if (asker.refusal) co_return *asker.refusal;
  Json result = Json::object();
  for (const auto& user : use_.registry.users()) result.set(user->row.name, shown_user(*user, asker.who));
  auto response = api_result(200, std::move(result), "list:userconfig");
  response.headers.add("Vary", "Accept");
  co_return response;
}

Task<http::Response> Api::user(http::Request& request, Route route) {
  switch (request.method) {
    case Method::get:
    case Method::head: co_return co_await get_user(request, std::move(route));
    case Method::put: co_return co_await put_user(request, std::move(route));
    case Method::patch: co_return co_await patch_user(request, std::move(route));
    case Method::del: co_return co_await delete_user(request, std::move(route));
    default: co_return framework_error(request, 404, "");
  }
}

Task<http::Response> Api::get_user(http::Request& request, Route route) {
  const Asker asker = co_await ask(request);
  if (asker.refusal) co_return *asker.refusal;
  const UserRef user = use_.registry.find_user(route.user);
  if (!user) co_return api_abort(request, 404, no_user(route.user));
  auto response = api_result(200, shown_user(*user, asker.who), "userconfig");
  response.headers.add("Vary", "Accept");
  co_return response;
}

Task<Result<std::optional<std::string>>> Api::wanted_hash(const Json& body) {
  const Json* hash = body.find("pwhash");
  if (hash && hash->truthy()) {
    if (!hash->string() || !access::Argon2Hash::parse(*hash->string())) co_return fail(Code::invalid, "pwhash is not an Argon2 hash");
    co_return *hash->string();
  }
  const Json* password = body.find("password");
  if (!password || password->is_null()) co_return std::optional<std::string>();
  if (!password->string()) co_return fail(Code::invalid, "password must be text");
  if (password->string()->size() > access::kMaxPasswordBytes) co_return fail(Code::invalid, "password is too long");
  Secret secret(*password->string());
  auto made = co_await use_.hasher.hash(std::move(secret));
  if (!made) co_return fail(std::move(made).error());
  co_return std::optional<std::string>(std::move(*made));
}

Task<http::Response> Api::put_user(http::Request& request, Route route) {
  const Asker asker = co_await ask(request);
  if (asker.refusal) co_return *asker.refusal;
  if (!may(asker.who, access::Action::create_user, route.user)) co_return permission_denied(request);
  if (use_.registry.find_user(route.user)) co_return api_message(409, "user already exists");
  auto body = co_await read_json(request);
  if (!body) co_return api_failure(request, body.error());
  if (const auto checked = check_new_user(route.user, *body); !checked) co_return api_failure(request, checked.error());
  auto hash = co_await wanted_hash(*body);
  if (!hash) co_return api_failure(request, hash.error());
  catalog::UserRow row;
  row.name = route.user;
  row.password_hash = hash->value_or("");
  row.created = whole_seconds(use_.clock.wall());
  Json profile = Json::object();
  change_profile(profile, *body);
  row.profile_json = profile.compact();
  auto created = co_await use_.registry.create_user(std::move(row));
  if (!created && created.error().code == Code::conflict) co_return api_message(409, "user already exists");
  if (!created) co_return api_failure(request, created.error());
  co_return api_result(201, shown_user(**created, asker.who), "userconfig");
}

Task<http::Response> Api::patch_user(http::Request& request, Route route) {
  const Asker asker = co_await ask(request);
  if (asker.refusal) co_return *asker.refusal;
  auto body = co_await read_json(request);
  if (!body) co_return api_failure(request, body.error());
  if (!body->is_object()) co_return api_message(400, "Bad request: could not decode json");
  if (!use_.registry.find_user(route.user)) co_return api_abort(request, 404, no_user(route.user));
  const bool only_password = body->members().size() == 1 && body->find("password");
  const auto action = only_password ? access::Action::change_password : access::Action::modify_user;
  if (!may(asker.who, action, route.user)) {
    co_return api_message(403,
                          (only_password ? "no permission to change password for user " : "no permission to modify user ") + route.user);
  }
  auto hash = co_await wanted_hash(*body);
  if (!hash) co_return api_failure(request, hash.error());
  auto change = [this, &body, &hash](const User& now) -> Result<catalog::UserRow> {
    catalog::UserRow row = now.row;
    Json profile = now.profile;
    bool changed = change_profile(profile, *body);
    if (changed) row.profile_json = profile.compact();
    if (*hash) {
      row.password_hash = **hash;
      changed = true;
    }
    if (changed) row.modified = whole_seconds(use_.clock.wall());
    return row;
  };
  std::string name = route.user;
  auto done = co_await use_.registry.change_user(std::move(name), std::move(change));
  if (!done) co_return api_failure(request, done.error());
  if (*hash) use_.authenticator.forget(route.user);
  const Json* password = body->find("password");
  const Json* given_hash = body->find("pwhash");
  if (!password || !password->string() || (given_hash && given_hash->truthy())) co_return api_message(200, "user updated");
  Json result = Json::object();
  result.set("password", use_.authenticator.new_login_token(route.user));
  result.set("expiration", Json(std::int64_t{access::kLoginTokenLife.count()}));
  co_return api_result(200, std::move(result), "userpassword", "user updated, new proxy auth");
}

Task<http::Response> Api::delete_user(http::Request& request, Route route) {
  const Asker asker = co_await ask(request);
  if (asker.refusal) co_return *asker.refusal;
  if (!may(asker.who, access::Action::delete_user, route.user)) co_return permission_denied(request);
  auto check = [this](const User& user) -> Result<void> {
    for (const auto& name : user.indexes) {
      const IndexRef index = use_.registry.find_index(user.row.name + "/" + name);
      if (index && !index->is_volatile) {
        return fail(Code::forbidden, "user " + python_repr(Json(user.row.name)) + " has non-volatile index: " + name);
      }
    }
    return {};
  };
  std::string name = route.user;
  auto done = co_await use_.registry.delete_user(std::move(name), std::move(check));
  if (!done) co_return api_failure(request, done.error());
  use_.authenticator.forget(route.user);
  co_return api_message(200, "user " + python_repr(Json(route.user)) + " deleted");
}

}  // namespace bodega::pypi
