#include "web/index_pages.h"

#include <algorithm>
#include <map>

#include "access/decision.h"
#include "cache/upstream.h"
#include "catalog/catalog.h"
#include "http/error_response.h"
#include "pypi/api/api.h"
#include "pypi/format/json_value.h"
#include "pypi/format/names.h"
#include "pypi/index/readers.h"
#include "pypi/index/registry.h"
#include "web/error_page.h"
#include "web/home_view.h"
#include "web/layout.h"
#include "web/words.h"

namespace bodega::web {
namespace {

constexpr std::uint64_t kProjectsOnAPage = 100;
constexpr std::uint64_t kLatest = 10;

// In the API's words.
std::string no_user(const std::string& name) { return "no user " + pypi::python_repr(pypi::Json(name)); }

http::Response failure(const PageRequest& asked, const Error& error) {
  auto response = error_page(asked, http::status_of(error.code), error.message);
  response.log_detail = error.describe();
  return response;
}

}  // namespace

IndexRights IndexPages::rights_of(const access::Principal& who, const pypi::IndexConfig& index) const {
  const auto facts = pypi::facts_of_index(index, use_.restrict_modify);
  IndexRights rights;
  rights.modify = access::may(who, access::Action::modify_index, facts) == access::Decision::allow;
  rights.upload = !index.is_mirror() && access::may(who, access::Action::upload, facts) == access::Decision::allow;
  return rights;
}

SnippetWish IndexPages::snippets_for(const PageRequest& asked, const pypi::IndexConfig& index) const {
  return {.base = pypi::base_url_of(asked.request, use_.public_url),
          .key = index.key(),
          .uploads = !index.is_mirror(),
          .needs_login = is_private(index),
          .user = asked.who.user};
}

Task<Result<std::vector<UserLine>>> IndexPages::lines(const PageRequest& asked, std::string_view only) {
  auto question = [](catalog::Reader& reader) { return reader.project_counts(); };
  auto counts = co_await use_.catalog.read(question);
  if (!counts) co_return fail(std::move(counts).error());
  const std::map<std::string, std::uint64_t, std::less<>> count_of_index(counts->begin(), counts->end());
  std::vector<UserLine> users;
  for (const auto& user : use_.registry.users()) {
    if (!only.empty() && user->row.name != only) continue;
    UserLine line{user->row.name, std::string(user->profile.text("title")), std::string(user->profile.text("description")), {}};
    for (const auto& name : user->indexes) {
      const auto index = use_.registry.find_index(user->row.name + "/" + name);
      if (!use_.readers.sees(asked.who, index)) continue;
      const auto count = count_of_index.find(index->key());
      const bool counted = !index->is_mirror() && count != count_of_index.end() && use_.readers.may_read(asked.who, index);
      line.indexes.push_back({index, counted ? std::optional(count->second) : std::nullopt});
    }
    users.push_back(std::move(line));
  }
  co_return users;
}

Task<http::Response> IndexPages::home(const PageRequest& asked) {
  auto users = co_await lines(asked, "");
  if (!users) co_return failure(asked, users.error());
  HomeView view{std::move(*users), {}};
  // What most people want: the mirror of the public index, or else whatever there is first.
  pypi::IndexRef shown = use_.registry.find_index("root/pypi");
  if (!use_.readers.may_read(asked.who, shown)) shown = nullptr;
  for (const auto& user : view.users) {
    for (const auto& line : user.indexes) {
      if (!shown && use_.readers.may_read(asked.who, line.index)) shown = line.index;
    }
  }
  if (shown) view.snippets = snippets_for(asked, *shown);
  co_return page({.asked = asked, .title = "", .own_search = true}, home_body(asked, view));
}

Task<http::Response> IndexPages::user(const PageRequest& asked) {
  const auto user = use_.registry.find_user(asked.route.user);
  if (!user) co_return error_page(asked, 404, no_user(asked.route.user));
  auto users = co_await lines(asked, asked.route.user);
  if (!users) co_return failure(asked, users.error());
  if (users->empty()) co_return error_page(asked, 404, no_user(asked.route.user));
  access::Facts facts;
  facts.owner = asked.route.user;
  if (use_.restrict_modify) facts.restrict_modify = &*use_.restrict_modify;
  const bool may_create = access::may(asked.who, access::Action::create_index, facts) == access::Decision::allow;
  const PageFrame frame{.asked = asked, .title = asked.route.user, .crumbs = crumbs_of(asked.request, asked.route.user)};
  co_return page(frame, user_body(asked, users->front(), may_create));
}

Task<http::Response> IndexPages::index(const PageRequest& asked) {
  const auto& route = asked.route;
  IndexView view;
  view.index = use_.registry.find_index(route.key());
  if (!use_.readers.sees(asked.who, view.index)) {
    co_return error_page(asked, 404, "The stage " + route.key() + " could not be found.");
  }
  view.readable = use_.readers.may_read(asked.who, view.index);
  view.order = pypi::search_order(view.index, [this](const std::string& key) { return use_.registry.find_index(key); });
  view.rights = rights_of(asked.who, *view.index);
  view.snippets = snippets_for(asked, *view.index);
  view.filter = query_value(asked.request, "filter").substr(0, 100);
  view.page = page_number(asked.request);
  if (view.readable) {
    auto filled = co_await fill(view);
    if (!filled) co_return failure(asked, filled.error());
  }
  PageFrame frame{.asked = asked, .title = route.key(), .crumbs = crumbs_of(asked.request, route.key())};
  if (view.readable && !view.index->is_mirror()) {
    frame.feeds.push_back({"Releases in " + route.key(), index_address(asked.request, route.key()) + "/+feed"});
  }
  co_return page(frame, index_body(asked, view));
}

Task<Result<void>> IndexPages::fill(IndexView& view) {
  const std::string key = view.index->key();
  catalog::Slice slice{pypi::normalize_name(view.filter), (view.page - 1) * kProjectsOnAPage, kProjectsOnAPage};
  std::uint64_t total = 0;
  if (view.index->is_mirror()) {
    auto found = co_await names_of(key, slice);
    if (!found) co_return fail(std::move(found).error());
    view.names = std::move(*found);
    total = view.names.total;
    auto state = co_await state_of(view);
    if (!state) co_return fail(std::move(state).error());
    view.mirror = std::move(*state);
  } else {
    auto question = [&](catalog::Reader& reader) -> Result<void> {
      BODEGA_TRY(view.projects, reader.project_slice(key, slice));
      if (view.page == 1 && view.filter.empty()) {
        BODEGA_TRY(view.latest, reader.latest_files(key, kLatest));
      }
      return {};
    };
    auto found = co_await use_.catalog.read(question);
    if (!found) co_return fail(std::move(found).error());
    total = view.projects.total;
  }
  view.pages = std::max<std::size_t>(1, (total + kProjectsOnAPage - 1) / kProjectsOnAPage);
  // A page behind the last one is the last one.
  if (view.page > view.pages) {
    view.page = view.pages;
    co_return co_await fill(view);
  }
  co_return Result<void>();
}

Task<Result<catalog::NameSlice>> IndexPages::names_of(std::string key, catalog::Slice slice) {
  if (!slice.part.empty()) {
    auto held = co_await names_.find(std::move(key), std::move(slice));
    co_return held;
  }
  auto question = [&key, &slice](catalog::CacheReader& reader) { return reader.document_slice(key, slice); };
  auto found = co_await use_.catalog.read_cache(question);
  co_return found;
}

Task<Result<MirrorState>> IndexPages::state_of(const IndexView& view) {
  const auto index = view.index;
  MirrorState state;
  if (!index->mirror_url) co_return state;
  state.upstream = pypi::without_userinfo(index->mirror_url->text());
  const auto origins = use_.upstream.origins();
  const auto origin = origins.find(index->mirror_url->origin());
  if (origin != origins.end() && origin->second.times.answers() > 0) {
    state.answers = "mostly within " + span_in_words(origin->second.times.median());
  }
  if (origin != origins.end() && origin->second.state != cache::Breaker::State::closed) {
    state.trouble = origin->second.state == cache::Breaker::State::open
                        ? "The upstream does not answer. What is in the cache is served; the upstream is asked again soon."
                        : "The upstream did not answer lately; it is being asked whether it is back.";
  }
  const std::string key = index->key();
  const bool filtered = !view.filter.empty();
  state.cached = view.names.total;
  auto question = [&key, &state, filtered](catalog::CacheReader& reader) -> Result<void> {
    BODEGA_TRY(const auto totals, reader.totals());
    state.files = totals.blobs;
    state.bytes = totals.bytes;
    if (filtered) {
      BODEGA_TRY(const auto count, reader.document_count(key));
      state.cached = count.documents;
    }
    return {};
  };
  auto found = co_await use_.catalog.read_cache(question);
  if (!found) co_return fail(std::move(found).error());
  co_return state;
}

}  // namespace bodega::web
