#include "pypi/api/push.h"

#include <algorithm>
#include <set>

#include "base/text.h"
#include "pypi/api/api_answer.h"
#include "pypi/api/api_body.h"
#include "pypi/format/names.h"
#include "pypi/index/simple.h"
#include "pypi/upload/discard.h"
#include "pypi/upload/notes.h"
#include "pypi/upload/upload_answers.h"

namespace bodega::pypi {

using http::Request;
using http::Response;

namespace {

Error no_stage(const std::string& key) { return {Code::not_found, "The stage " + key + " could not be found.", {}, std::nullopt}; }

Error no_files(const PushWish& wish, const std::string& index) {
  return {Code::invalid, "there are no files for " + wish.name + " " + wish.version + " on stage " + index, {}, std::nullopt};
}

std::string shown(const access::Principal& who) { return who.anonymous() ? "None" : python_repr(Json(who.user)); }

}  // namespace

bool is_push(const Request& request) {
  const auto type = request.headers.get("Content-Type");
  return !istarts_with(type, "multipart/") && !istarts_with(type, "application/x-www-form-urlencoded");
}

Push::Push(Dependencies use, std::optional<std::vector<std::string>> restrict_modify, OnNewProject on_new_project)
    : use_(use),
      restrict_modify_(std::move(restrict_modify)),
      readers_(use.registry, use.authenticator, restrict_modify_),
      on_new_project_(std::move(on_new_project)) {}

Task<Response> Push::push(Request& request, Route route) {
  auto outcome = co_await take(request, std::move(route));
  auto response = outcome ? std::move(*outcome) : api_failure(request, outcome.error());
  response.route = "push";
  co_return response;
}

bool Push::may(const access::Principal& who, access::Action action, const IndexConfig& index) const {
  return access::may(who, action, facts_of_index(index, restrict_modify_)) == access::Decision::allow;
}

Task<Result<Response>> Push::take(Request& request, Route route) {
  auto login = co_await use_.authenticator.authenticate(request);
  if (!login) co_return fail(std::move(login).error());
  if (login->outcome == access::Outcome::limited) co_return too_many_attempts(login->retry_after, request);
  Job job;
  job.who = login->principal;
  job.index = use_.registry.find_index(route.key());
  if (!readers_.may_read(job.who, job.index)) co_return fail(no_stage(route.key()));
  auto body = co_await read_json(request);
  if (!body) co_return fail(std::move(body).error());
  BODEGA_CO_TRY(job.wish, read_push_wish(*body));
  auto found = co_await find(job);
  if (!found) co_return fail(std::move(found).error());
  keep_parts(found->source, job.wish.parts);
  if (job.wish.parts == PushParts::only_docs) found->listed.clear();
  if (found->source.empty() && found->listed.empty()) {
    co_return api_message(404, "no release/files found for " + job.wish.name + " " + job.wish.version);
  }
  const auto* to = std::get_if<PushInside>(&job.wish.to);
  auto work = to ? inside(job, *to, std::move(*found)) : outside(job, std::get<PushOutside>(job.wish.to), std::move(*found));
  co_return co_await std::move(work);
}

// Stages in search order, then mirrors, as pages are made. But a mirror behind an index speaks only for names that the whitelists name: a
// release that was never uploaded must not be replaced unnoticed by a stranger's of the same name, and become one of ours.
Task<Result<Push::Found>> Push::find(Job job) {
  const auto order = search_order(job.index, [this](const std::string& key) { return use_.registry.find_index(key); });
  std::set<std::string> hosting;
  auto question = [&](catalog::Reader& reader) -> Result<std::optional<PushSource>> {
    for (const auto& stage : order.stages) {
      const auto project = reader.project(stage->key(), job.wish.project);
      if (!project && project.error().code == Code::not_found) continue;
      if (!project) return fail(project.error());
      hosting.insert(stage->key());
      BODEGA_TRY(auto source, hosted_source(reader, stage->key(), job.wish.project, job.wish.version));
      if (source) return source;
    }
    return std::optional<PushSource>();
  };
  auto hosted = co_await use_.catalog.read(question);
  if (!hosted) co_return fail(std::move(hosted).error());
  if (*hosted) co_return Found{std::move(**hosted), {}, {}};
  const auto walk = walk_whitelist(order, job.wish.project, [&hosting](const std::string& key) { return hosting.contains(key); });
  std::vector<IndexRef> mirrors;
  for (const auto& mirror : order.mirrors) {
    if (mirror == job.index || walk.whitelisted) mirrors.push_back(mirror);
  }
  auto work = find_mirrored(std::move(mirrors), job.wish);
  auto mirrored = co_await std::move(work);
  if (!mirrored) co_return fail(std::move(mirrored).error());
  if (!*mirrored) co_return fail(no_files(job.wish, job.index->key()));
  co_return std::move(**mirrored);
}

Task<Result<std::optional<Push::Found>>> Push::find_mirrored(std::vector<IndexRef> mirrors, PushWish wish) {
  for (const auto& mirror : mirrors) {
    if (!mirror->mirror_url || !is_valid_name(wish.name)) continue;
    auto source = mirror_source(*mirror);
    auto page = co_await use_.mirrors.page(std::move(source), wish.project, cache::ClientWish::cached_is_fine);
    if (!page && page.error().code == Code::not_found) continue;
    if (!page) co_return fail(std::move(page).error());
    Found found;
    found.listed = files_of_version(*page->page, wish.version);
    if (found.listed.empty()) continue;
    found.mirror = mirror_source(*mirror);
    found.source.index = mirror->key();
    found.source.project = wish.project;
    found.source.version = spelt_version(found.listed, wish.project, wish.version);
    found.source.display = wish.name;
    co_return std::optional<Found>(std::move(found));
  }
  co_return std::optional<Found>();
}

Task<Result<Response>> Push::inside(Job job, PushInside to, Found found) {
  const auto target = use_.registry.find_index(to.index);
  if (!readers_.sees(job.who, target)) co_return fail(no_stage(to.index));
  if (target->is_mirror() || !may(job.who, access::Action::upload, *target)) {
    co_return api_message(401, "user " + shown(job.who) + " cannot upload to " + python_repr(Json(to.index)));
  }
  // Held until the new references are recorded: nobody may remove the bytes in between.
  Claims claims;
  auto fetched = co_await fetch(found, claims);
  if (!fetched) co_return fail(std::move(fetched).error());
  for (const auto& digest : found.source.digests()) {
    auto claim = co_await use_.claims.keep(digest);
    claims.push_back(std::move(claim));
  }
  const PushTarget place{target->key(), target->is_volatile ? catalog::Overwrite::yes : catalog::Overwrite::no, job.who.user,
                         use_.clock.wall()};
  auto work = record(job, place, found.source, found.listed.empty() ? Origin::hosted : Origin::mirrored);
  auto recorded = co_await std::move(work);
  for (const auto& digest : found.source.digests()) {
    if (recorded) co_await pypi::refresh_notes({use_.catalog, use_.store, use_.claims, use_.pool, use_.log}, digest);
  }
  claims.clear();
  const auto unsure = recorded ? recorded->replaced : found.source.digests();
  for (const auto& digest : unsure) co_await discard_unless_used({use_.catalog, use_.store, use_.claims, use_.pool, use_.log}, digest);
  if (!recorded) co_return fail(std::move(recorded).error());
  co_return api_result(200, std::move(recorded->log), "actionlog");
}

Task<Result<PushRecorded>> Push::record(Job job, PushTarget target, PushSource source, Origin origin) {
  auto write = [&](catalog::Transaction& transaction) -> Result<PushRecorded> {
    if (origin == Origin::hosted) BODEGA_TRY_VOID(check_unchanged(transaction, source));
    return record_push(transaction, source, target, job.wish);
  };
  auto recorded = co_await use_.catalog.write(write);
  if (!recorded) co_return fail(std::move(recorded).error());
  use_.facts.revoke(project_fact(target.index, source.project));
  if (recorded->new_project) {
    use_.facts.revoke(list_fact(target.index));
    if (on_new_project_) on_new_project_(target.index, source.project);
  }
  use_.log.info("push.stored", {{"from", source.index},
                                {"index", target.index},
                                {"project", source.project},
                                {"version", source.version},
                                {"files", source.files.size()},
                                {"user", target.who}});
  co_return recorded;
}

}  // namespace bodega::pypi
