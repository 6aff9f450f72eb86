#include "web/project/project_pages.h"

#include <algorithm>

#include "base/text.h"
#include "cache/documents.h"
#include "http/cross_site.h"
#include "pypi/api/api.h"
#include "pypi/api/api_answer.h"
#include "pypi/format/archive.h"
#include "pypi/format/names.h"
#include "pypi/index/mirror.h"
#include "pypi/index/readers.h"
#include "pypi/index/registry.h"
#include "web/forms.h"
#include "web/layout.h"
#include "web/project/project_view.h"
#include "web/project/release_view.h"

namespace bodega::web {

using http::Response;

namespace {

tl::unexpected<Error> no_project(const std::string& name) {
  return fail(Code::not_found, "no project " + pypi::python_repr(pypi::Json(name)));
}

Error no_version(const std::string& project, const std::string& version) {
  return {Code::not_found, "The version " + version + " of project " + project + " does not exist.", {}, std::nullopt};
}

// Pages of the project at the upstreams of its mirrors.
std::vector<std::pair<std::string, std::string>> outside_pages(const pypi::SearchOrder& order, const std::string& project) {
  std::vector<std::pair<std::string, std::string>> out;
  constexpr std::string_view kName = "{name}";
  for (const auto& mirror : order.mirrors) {
    std::string url = mirror->mirror_web_url_fmt;
    const auto at = url.find(kName);
    if (at == std::string::npos || !is_harmless_address(url)) continue;
    url.replace(at, kName.size(), percent_encode(project));
    out.emplace_back((mirror->title.empty() ? mirror->key() : mirror->title) + " page", url);
  }
  return out;
}

}  // namespace

std::optional<Response> to_normal_address(const PageRequest& asked) {
  const auto& route = asked.route;
  const std::string name = pypi::normalize_name(route.project);
  if (!pypi::is_valid_name(route.project) || name == route.project) return std::nullopt;
  std::string path = asked.request.mount;
  for (std::size_t i = 0; i < asked.request.segments.size(); ++i) {
    path += "/" + (i == 2 ? name : percent_encode(asked.request.segments[i], "+@!"));
  }
  if (!asked.request.query.empty()) path += "?" + asked.request.query;
  return found_at(std::move(path));
}

Result<pypi::IndexRef> ProjectPages::readable(const PageRequest& asked) const {
  const std::string key = asked.route.key();
  auto index = use_.registry.find_index(key);
  if (!use_.readers.may_read(asked.who, index)) return fail(Code::not_found, "The stage " + key + " could not be found.");
  return index;
}

ProjectPlace ProjectPages::place_of(const PageRequest& asked, const Found& found) const {
  return {asked, *found.index, found.project, pypi::base_url_of(asked.request, use_.public_url)};
}

Task<Result<ProjectPages::Found>> ProjectPages::find(PageRequest& asked) {
  BODEGA_CO_TRY(auto index, readable(asked));
  if (!pypi::is_valid_name(asked.route.project)) co_return no_project(asked.route.project);
  Found found{index, asked.route.project, {}, {}, {}, {}, {}};
  found.order = pypi::search_order(index, [this](const std::string& key) { return use_.registry.find_index(key); });
  const pypi::HoldingSources sources{use_.catalog, use_.mirrors};
  auto holdings =
      co_await pypi::find_holdings(sources, found.order, found.project, pypi::Detail::outlines, cache::ClientWish::cached_is_fine);
  if (!holdings) co_return fail(std::move(holdings).error());
  // A mirror that failed may well have it: that is no absence.
  if (holdings->empty() && !holdings->failures.empty()) co_return fail(std::move(holdings->failures.front().error));
  if (holdings->empty()) co_return no_project(found.project);
  found.holdings = std::move(*holdings);
  const auto holds = [&found](const std::string& key) {
    const auto& stages = found.holdings.stages;
    return std::any_of(stages.begin(), stages.end(), [&key](const pypi::StageHolding& stage) { return stage.index->key() == key; });
  };
  if (pypi::walk_whitelist(found.order, found.project, holds).mirrors_blocked) {
    for (const auto& mirror : found.order.mirrors) found.blocked.push_back(mirror->key());
  }
  found.outlines = co_await outlines_of(found.holdings);
  auto make = [&found] { return overview_of(found.holdings, found.outlines); };
  found.overview = co_await offload(use_.pool, make);
  co_return found;
}

Task<std::vector<MirrorOutlineRef>> ProjectPages::outlines_of(const pypi::Holdings& holdings) {
  std::vector<MirrorOutlineRef> out;
  for (const auto& mirror : holdings.mirrors) {
    const auto& page = mirror.page.page;
    auto outline = outlines_.find(page);
    if (!outline) {
      auto make = [&page] { return std::make_shared<const MirrorOutline>(outline_of(*page)); };
      outline = co_await offload(use_.pool, make);
      outlines_.keep(page, outline);
    }
    out.push_back(std::move(outline));
  }
  co_return out;
}

Task<Result<std::optional<ReleaseView>>> ProjectPages::read(const Found& found, std::string version) {
  std::vector<pypi::StageHolding> stages;
  if (!found.holdings.stages.empty()) {
    auto question = [&](catalog::Reader& reader) { return read_release(reader, found.holdings.stages, found.project, version); };
    auto parts = co_await use_.catalog.read(question);
    if (!parts) co_return fail(std::move(parts).error());
    stages = std::move(*parts);
  }
  auto gather = [&] { return release_of({stages, found.holdings.mirrors, found.outlines}, version); };
  co_return co_await offload(use_.pool, gather);
}

// A form needs a session.
void ProjectPages::permit_changes(const PageRequest& asked, const Found& found, ReleaseView& release) const {
  if (!asked.has_session()) return;
  for (const auto& stage : found.holdings.stages) {
    const auto facts = pypi::facts_of_index(*stage.index, use_.restrict_modify);
    if (access::may(asked.who, access::Action::delete_content, facts) != access::Decision::allow) continue;
    for (auto& file : release.files) file.may_change = file.may_change || file.index == stage.index->key();
  }
}

Task<ProjectPages::Told> ProjectPages::tell(const ReleaseView& release) {
  if (!release.metadata_json.empty()) {
    auto read = [&release]() -> std::optional<About> {
      const auto metadata = pypi::Json::parse(release.metadata_json);
      if (!metadata) return std::nullopt;
      return about_of(*metadata);
    };
    auto about = co_await offload(use_.pool, read);
    if (about) co_return Told{std::move(about), {}};
    co_return Told{std::nullopt, "What this release says of itself is damaged in the catalog."};
  }
  if (release.metadata_file == nullptr) co_return Told{std::nullopt, "The upstream tells nothing of this release but its files."};
  auto source = pypi::mirror_source(*release.mirror->index);
  pypi::PageFile file = *release.metadata_file;
  auto artifact = co_await use_.mirrors.whole(std::move(source), std::move(file), pypi::Mirrors::Part::metadata);
  if (!artifact || artifact->size.value_or(0) > pypi::kMaxMetadata) {
    co_return Told{std::nullopt, "The upstream could not be asked just now for what this release says of itself."};
  }
  auto read = [&artifact]() -> std::optional<About> {
    const auto bytes = read_all(*artifact->source);
    if (!bytes) return std::nullopt;
    return about_of_metadata(*bytes);
  };
  auto about = co_await offload(use_.pool, read);
  co_return Told{std::move(about), {}};
}

Task<Response> ProjectPages::project(PageRequest& asked) {
  if (auto elsewhere = to_normal_address(asked)) co_return std::move(*elsewhere);
  auto pass = co_await shaping_.enter();
  if (!pass) co_return pypi::api_failure(asked.request, pass.error());
  auto found = co_await find(asked);
  if (!found) co_return pypi::api_failure(asked.request, found.error());
  co_return co_await show_project(asked, *found);
}

Task<Response> ProjectPages::show_project(PageRequest& asked, const Found& found) {
  ProjectFacts facts{found.overview, {}, found.blocked, outside_pages(found.order, found.project), found.blocked.empty()};
  facts.may_refresh = facts.may_refresh && !found.order.mirrors.empty();
  const auto place = place_of(asked, found);
  if (const auto* preferred = found.overview.preferred()) {
    auto release = co_await read(found, preferred->version);
    if (!release) co_return pypi::api_failure(asked.request, release.error());
    // It may have gone in the meantime.
    if (*release) {
      auto told = co_await tell(**release);
      if (told.about) facts.summary = std::move(told.about->summary);
    }
  }
  const std::size_t number = page_number(asked.request);
  auto make = [&] { return project_view(place, facts, number); };
  auto body = co_await offload(use_.pool, make);
  PageFrame frame{asked, found.project};
  frame.crumbs = crumbs_of(asked.request, found.index->key(), found.project);
  frame.feeds = {{"Releases of " + found.project, address_of(place) + "/+feed"}};
  co_return page(frame, std::move(body));
}

Task<Response> ProjectPages::release(PageRequest& asked) {
  if (auto elsewhere = to_normal_address(asked)) co_return std::move(*elsewhere);
  auto pass = co_await shaping_.enter();
  if (!pass) co_return pypi::api_failure(asked.request, pass.error());
  auto found = co_await find(asked);
  if (!found) co_return pypi::api_failure(asked.request, found.error());
  std::string version = asked.route.version;
  const auto* meant = version == "latest" ? found->overview.latest() : version == "stable" ? found->overview.stable() : nullptr;
  if (meant != nullptr && found->overview.find(version) == nullptr) version = meant->version;
  co_return co_await show_release(asked, *found, std::move(version));
}

Task<Response> ProjectPages::show_release(PageRequest& asked, const Found& found, std::string version) {
  auto read = co_await this->read(found, version);
  if (!read) co_return pypi::api_failure(asked.request, read.error());
  auto& release = *read;
  if (!release) co_return pypi::api_failure(asked.request, no_version(found.project, version));
  permit_changes(asked, found, *release);
  auto told = co_await tell(*release);
  const ReleaseFacts facts{found.overview, *release, std::move(told.about), std::move(told.unknown)};
  const auto place = place_of(asked, found);
  auto make = [&place, &facts] { return release_view(place, facts); };
  auto body = co_await offload(use_.pool, make);
  PageFrame frame{asked, found.project + " " + version};
  frame.crumbs = crumbs_of(asked.request, found.index->key(), found.project, version);
  frame.feeds = {{"Releases of " + found.project, address_of(place) + "/+feed"}};
  co_return page(frame, std::move(body));
}

// A program or somebody who is not logged in has no word of a session to send; neither has anything that another site could use.
Task<bool> ProjectPages::is_ours(const PageRequest& asked) const {
  if (http::from_another_site(asked.request.headers, asked.request.host)) co_return false;
  if (!asked.has_session()) co_return true;
  const auto form = co_await read_form(asked.request);
  co_return form&& constant_time_equal(asked.csrf, form->raw("csrf"));
}

Task<Response> ProjectPages::refresh(PageRequest& asked) {
  const bool ours = co_await is_ours(asked);
  if (!ours) co_return pypi::api_failure(asked.request, {Code::forbidden, "The form does not belong to this login.", {}, std::nullopt});
  const auto index = readable(asked);
  if (!index) co_return pypi::api_failure(asked.request, index.error());
  const std::string name = pypi::normalize_name(asked.route.project);
  if (!pypi::is_valid_name(asked.route.project)) co_return pypi::api_failure(asked.request, no_project(asked.route.project).value());
  const auto order = pypi::search_order(*index, [this](const std::string& key) { return use_.registry.find_index(key); });
  for (const auto& mirror : order.mirrors) {
    auto forgotten = co_await use_.documents.forget(mirror->key(), name);
    if (!forgotten) co_return pypi::api_failure(asked.request, forgotten.error());
  }
  co_return found_at(project_address(asked.request, (*index)->key(), name));
}

}  // namespace bodega::web
