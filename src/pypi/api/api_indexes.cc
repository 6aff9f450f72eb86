// /{user}/{index}.
#include <algorithm>

#include "base/text.h"
#include "http/error_response.h"
#include "pypi/api/api.h"
#include "pypi/api/api_body.h"
#include "pypi/index/negotiated.h"

namespace bodega::pypi {
namespace {

using http::Method;

bool among(const std::vector<std::string>& list, const std::string& one) { return std::find(list.begin(), list.end(), one) != list.end(); }

std::string no_stage(const std::string& key) { return "The stage " + key + " could not be found."; }

}  // namespace

http::Response Api::index_answer(const IndexConfig& index, const access::Principal& who) const {
  return api_result(200, shown_options(index, viewer(who, index)), "indexconfig");
}

Task<http::Response> Api::index(http::Request& request, Route route) {
  switch (request.method) {
    case Method::get:
    case Method::head: co_return co_await get_index(request, std::move(route));
    case Method::put: co_return co_await put_index(request, std::move(route));
    case Method::patch: co_return co_await patch_index(request, std::move(route));
    case Method::del: co_return co_await delete_index(request, std::move(route));
    default: co_return framework_error(request, 404, "");
  }
}

// Names of this index only, sorted. Of a mirror: those whose page is cached.
Task<Result<Json>> Api::project_names(IndexRef index) {
  std::vector<std::string> names;
  const std::string key = index->key();
  if (index->is_mirror()) {
    auto question = [&key](catalog::CacheReader& reader) { return reader.document_names(key); };
    auto found = co_await use_.catalog.read_cache(question);
    if (!found) co_return fail(std::move(found).error());
    names = std::move(*found);
  } else {
    auto question = [&key](catalog::Reader& reader) { return reader.projects(key); };
    auto found = co_await use_.catalog.read(question);
    if (!found) co_return fail(std::move(found).error());
    for (auto& row : *found) names.push_back(std::move(row.name));
  }
  std::sort(names.begin(), names.end());
  co_return Json(names);
}

Task<http::Response> Api::get_index(http::Request& request, Route route) {
  const Asker asker = co_await ask(request);
  if (asker.refusal) co_return *asker.refusal;
  const IndexRef index = use_.registry.find_index(route.key());
  if (!readers_.sees(asker.who, index)) co_return api_abort(request, 404, no_stage(route.key()));
  Json result = shown_options(*index, viewer(asker.who, *index));
  if (!query_has(request.query, "no_projects")) {
    auto names = co_await project_names(index);
    if (!names) co_return http::error_response(names.error(), request);
    result.set("projects", std::move(*names));
  }
  auto response = api_result(200, std::move(result), "indexconfig");
  response.headers.add("Vary", "Accept, User-Agent");
  co_return response;
}

Task<http::Response> Api::put_index(http::Request& request, Route route) {
  const Asker asker = co_await ask(request);
  if (asker.refusal) co_return *asker.refusal;
  const std::string key = route.key();
  if (!use_.registry.find_user(route.user)) co_return api_abort(request, 404, "no user " + python_repr(Json(route.user)));
  const IndexRef present = use_.registry.find_index(key);
  if (readers_.sees(asker.who, present)) co_return api_message(409, "index " + python_repr(Json(key)) + " exists");
  if (!may(asker.who, access::Action::create_index, route.user)) co_return api_message(403, "no permission to create index " + key);
  auto body = co_await read_json(request);
  if (!body) co_return api_failure(request, body.error());
  if (!is_valid_account_name(route.index)) {
    co_return api_message(
        400, "indexname '" + route.index + "' contains characters that aren't allowed. Any ascii symbol besides -.@_ is blocked.");
  }
  const auto exists = index_exists(asker.who);
  auto options = [&body, &route, &exists] { return new_index_options(route.user, *body, exists); };
  std::string user = route.user;
  std::string name = route.index;
  auto created = co_await use_.registry.create_index(std::move(user), std::move(name), std::move(options));
  if (!created) co_return api_failure(request, created.error());
  co_return index_answer(**created, asker.who);
}

Task<http::Response> Api::patch_index(http::Request& request, Route route) {
  const Asker asker = co_await ask(request);
  if (asker.refusal) co_return *asker.refusal;
  // Also for an index that does not exist, as recorded.
  const IndexRef index = use_.registry.find_index(route.key());
  if (!index || !may(asker.who, access::Action::modify_index, *index)) co_return permission_denied(request);
  auto body = co_await read_json(request);
  if (!body) co_return api_failure(request, body.error());
  const auto no_change = query_has(request.query, "error_on_noop") ? NoChange::is_an_error : NoChange::is_fine;
  const auto exists = index_exists(asker.who);
  auto change = [&body, &exists, no_change](const IndexConfig& now) {
    // A base that has been closed meanwhile may be sent back.
    const auto known = [&exists, &now](const std::string& key) { return among(now.bases, key) || exists(key); };
    return patched_index_options(now.user, now.options, *body, known, no_change);
  };
  std::string key = route.key();
  auto changed = co_await use_.registry.change_index(std::move(key), std::move(change));
  if (!changed) co_return api_failure(request, changed.error());
  co_return index_answer(**changed, asker.who);
}

Task<http::Response> Api::delete_index(http::Request& request, Route route) {
  const Asker asker = co_await ask(request);
  if (asker.refusal) co_return *asker.refusal;
  const IndexRef index = use_.registry.find_index(route.key());
  if (!index || !may(asker.who, access::Action::delete_index, *index)) co_return permission_denied(request);
  auto check = [](const IndexConfig& now) -> Result<void> {
    if (now.is_volatile) return {};
    return fail(Code::forbidden, "index " + now.key() + " non-volatile, cannot delete");
  };
  std::string key = route.key();
  auto done = co_await use_.registry.delete_index(std::move(key), std::move(check));
  if (!done) co_return api_failure(request, done.error());
  co_return api_message(201, "index " + route.key() + " deleted");
}

}  // namespace bodega::pypi
