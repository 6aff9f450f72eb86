#include "base/text.h"
#include "pypi/api/api.h"
#include "pypi/index/negotiated.h"
#include "pypi/upload/notes.h"
#include "pypi/upload/removal.h"
#include "pypi/upload/upload.h"
#include "pypi/upload/upload_answers.h"

namespace bodega::pypi {

using http::Request;
using http::Response;

namespace {

// The only thing in it is a reason for people.
constexpr std::size_t kMaxYankBody = 64 << 10;

Response failure(const Request& request, const Error& error) {
  return error.code == Code::gone ? api_abort(request, 410, error.message) : api_failure(request, error);
}

// As it stands in devpi's messages.
std::string path_of(const Route& route) { return route.key() + "/" + join(route.rest, "/"); }

Result<FileLink> link_of(const Route& route) {
  auto link = parse_link(join(route.rest, "/"));
  if (!link) return fail(Code::not_found, "package '" + path_of(route) + "' doesn't exist");
  return std::move(*link);
}

// Why not, on an index that is not volatile.
std::string refusal_of(const Route& route) {
  if (route.place == Place::project) return "project " + project_repr(route.project) + " is on non-volatile index " + route.key();
  return "cannot delete version on non-volatile index";
}

std::string success_of(const Route& route, const Removed& removed) {
  switch (route.place) {
    case Place::file: return "package '" + path_of(route) + "' deleted";
    case Place::version: return "project " + project_repr(route.project) + " version '" + route.version + "' deleted";
    default: return "project " + removed.project + " deleted from stage " + route.key();
  }
}

Result<Removed> remove_from(catalog::Transaction& transaction, const Route& route, const std::optional<FileLink>& link) {
  const std::string index = route.key();
  switch (route.place) {
    case Place::file: return remove_file(transaction, index, *link, path_of(route));
    case Place::version: return remove_release(transaction, index, route.project, route.version);
    default: return remove_project(transaction, index, route.project);
  }
}

}  // namespace

Task<Response> Uploads::remove(Request& request, Route route) {
  auto outcome = co_await take_removal(request, route);
  auto response = outcome ? std::move(*outcome) : failure(request, outcome.error());
  response.route = "remove";
  co_return response;
}

Task<Response> Uploads::yank(Request& request, Route route) {
  auto outcome = co_await take_yank(request, route);
  auto response = outcome ? std::move(*outcome) : failure(request, outcome.error());
  response.route = "yank";
  co_return response;
}

// Decided before existence is, with one answer for strangers and for indexes that do not exist.
Task<Result<Uploads::Permit>> Uploads::may_remove(Request& request, const Route& route) {
  auto login = co_await use_.authenticator.authenticate(request);
  if (!login) co_return fail(std::move(login).error());
  Permit permit{use_.registry.find_index(route.key()), login->principal, std::nullopt};
  if (login->outcome == access::Outcome::limited) permit.refusal = too_many_attempts(login->retry_after, request);
  const bool allowed = permit.index && access::may(permit.who, access::Action::delete_content,
                                                   facts_of_index(*permit.index, options_.restrict_modify)) == access::Decision::allow;
  if (!allowed && !permit.refusal) permit.refusal = permission_denied(request);
  co_return permit;
}

Task<Result<Response>> Uploads::take_removal(Request& request, const Route& route) {
  auto permit = co_await may_remove(request, route);
  if (!permit) co_return fail(std::move(permit).error());
  if (permit->refusal) co_return std::move(*permit->refusal);
  if (!permit->index->is_volatile && !query_has(request.query, "force")) co_return fail(Code::forbidden, refusal_of(route));
  if (permit->index->is_mirror()) co_return fail(Code::forbidden, "cannot delete from mirror index");
  std::optional<FileLink> link;
  if (route.place == Place::file) {
    BODEGA_CO_TRY(link, link_of(route));
  }
  auto remove = [&route, &link](catalog::Transaction& transaction) { return remove_from(transaction, route, link); };
  const auto removed = co_await use_.catalog.write(remove);
  if (!removed) co_return fail(removed.error());
  changed(route.key(), removed->project, removed->project_gone ? ProjectList::changed : ProjectList::same);
  use_.log.info("content.removed", {{"index", route.key()},
                                    {"project", removed->project},
                                    {"version", route.version},
                                    {"file", link ? link->filename : std::string()},
                                    {"blobs", removed->digests.size()},
                                    {"user", permit->who.user}});
  for (const Digest& digest : removed->digests) co_await discard_unless_used(digest);
  co_return api_message(200, success_of(route, *removed));
}

Task<Result<Response>> Uploads::take_yank(Request& request, const Route& route) {
  auto permit = co_await may_remove(request, route);
  if (!permit) co_return fail(std::move(permit).error());
  if (permit->refusal) co_return std::move(*permit->refusal);
  if (permit->index->is_mirror()) co_return fail(Code::forbidden, "cannot yank on mirror index");
  BODEGA_CO_TRY(const FileLink link, link_of(route));
  std::string body;
  while (request.body) {
    auto piece = co_await request.body->read();
    if (!piece) co_return fail(std::move(piece).error());
    if (piece->empty()) break;
    if (body.size() + piece->size() > kMaxYankBody) co_return fail(Code::too_large, "the reason is too long");
    body += *piece;
  }
  BODEGA_CO_TRY(const YankWish wish, read_yank_wish(body));
  const std::string index = route.key();
  const std::string path = path_of(route);
  auto set = [&](catalog::Transaction& transaction) -> Result<catalog::FileRow> {
    BODEGA_TRY(auto file, linked_file(transaction, index, link, path));
    BODEGA_TRY_VOID(transaction.set_yanked(index, file.filename, wish.reason));
    return file;
  };
  const auto file = co_await use_.catalog.write(set);
  if (!file) co_return fail(file.error());
  co_await refresh_notes({use_.catalog, use_.store, use_.claims, use_.pool, use_.log}, file->digest);
  changed(index, file->project, ProjectList::same);
  use_.log.info("file.yanked",
                {{"index", index}, {"file", file->filename}, {"yanked", wish.reason.has_value()}, {"user", permit->who.user}});
  co_return api_message(200, "package '" + path + (wish.reason ? "' yanked" : "' no longer yanked"));
}

}  // namespace bodega::pypi
