#include "pypi/index/simple.h"

#include <algorithm>
#include <set>

#include "base/text.h"
#include "http/error_response.h"
#include "pypi/format/names.h"
#include "pypi/format/project_list.h"
#include "pypi/index/prefetch.h"

namespace bodega::pypi {

using cache::ClientWish;
using http::CacheOutcome;
using http::Request;
using http::Response;

namespace {

// Facts do not change by themselves; this only bounds how long an entry nobody asks for is kept.
constexpr auto kHostedFresh = std::chrono::hours(1);

Error no_project(const std::string& name) { return {Code::not_found, "The project " + name + " does not exist.", {}, std::nullopt}; }

Response not_acceptable(const Request& request) {
  const Error error{Code::invalid,
                    "this page can be had as " + std::string(kJsonType) + ", " + std::string(kHtmlType) + " or text/html",
                    {},
                    std::nullopt};
  return http::error_response(406, error, request);
}

// At /{u}/{i} and /{u}/{i}/{p} only installers get pages, and front loops do not tell them from others.
void for_installers_only(Response& response) {
  response.hot.reset();
  if (response.headers.has("Vary")) response.headers.set("Vary", "Accept, Accept-Encoding, User-Agent");
}

Response redirect(std::string location) {
  Response response;
  response.status = 301;
  response.headers.add("Location", std::move(location));
  response.headers.add("Cache-Control", "public, max-age=3600");
  response.body = std::string();
  return response;
}

ClientWish wish_of(const Request& request) { return wants_fresh(request.headers) ? ClientWish::no_cache : ClientWish::cached_is_fine; }

std::int64_t seconds_left(WallTime until, WallTime now) {
  return std::max<std::int64_t>(0, std::chrono::duration_cast<std::chrono::seconds>(until - now).count());
}

}  // namespace

std::string index_fact(const std::string& index) { return "index:" + index; }
std::string project_fact(const std::string& index, const std::string& project) { return "project:" + index + "/" + project; }
std::string list_fact(const std::string& index) { return "list:" + index; }

Simple::Simple(Dependencies use, SimpleOptions options) : use_(use), options_(options) {}

Task<Response> Simple::project(Request& request, Route route, PagePlace place) {
  auto admission = co_await use_.readers.admit(request, route);
  if (admission.refusal) co_return std::move(*admission.refusal);
  auto response = co_await project_of(request, admission.index, std::move(route), place);
  if (place != PagePlace::simple) for_installers_only(response);
  confine(response, admission.audience);
  co_return response;
}

Task<Response> Simple::project_of(Request& request, IndexRef index, Route route, PagePlace place) {
  if (!is_valid_name(route.project)) co_return http::error_response(no_project(route.project), request);
  const std::string name = normalize_name(route.project);
  if (place == PagePlace::simple && (name != route.project || !request.trailing_slash)) {
    co_return redirect((request.trailing_slash ? "../" : "") + name + "/" + (request.query.empty() ? "" : "?" + request.query));
  }
  const auto negotiated = negotiate(request);
  if (!negotiated.choice) co_return not_acceptable(request);

  auto printing = print(index, name, negotiated.choice->format, place, wish_of(request));
  auto printed = co_await std::move(printing);
  if (!printed) co_return http::error_response(printed.error(), request);
  if (use_.prefetch) use_.prefetch->page_served(index, name, request.headers.get("User-Agent"), printed->outcome);
  auto coding = co_await use_.renderings.coding(printed->rendition, negotiated.encoding);
  if (!coding) co_return http::error_response(coding.error(), request);
  co_return page_response(request, *index, *printed, **coding, negotiated);
}

Task<Result<Simple::Printed>> Simple::print(IndexRef index, std::string name, PageFormat format, PagePlace place, ClientWish wish) {
  const std::string key =
      index->key() + "|" + name + (format == PageFormat::json ? "|json|" : "|html|") + std::to_string(static_cast<int>(place));
  Printed out;
  out.rendition = use_.renderings.find(key);
  // Nothing else is read for a page that is printed already: two hundred readers of a large one take no more memory than one.
  if (out.rendition && wish == ClientWish::cached_is_fine && use_.clock.wall() < out.rendition->until) {
    if (out.rendition->facts.mirrored) out.outcome = CacheOutcome::hit;
    co_return out;
  }
  auto assembled = co_await assemble(index, name, wish);
  if (!assembled) co_return fail(std::move(assembled).error());
  out.outcome = assembled->outcome;
  out.problem = std::move(assembled->problem);
  out.rendition = use_.renderings.find(key);
  if (!out.rendition) {
    auto merged = merge_pages(assembled->contributions, name);
    assembled->contributions.clear();
    auto prefixes = link_prefixes(merged.indexes, index->key(), place);
    auto making = use_.renderings.make(key, std::move(merged), std::move(prefixes), format, assembled->validity);
    auto made = co_await std::move(making);
    if (!made) co_return fail(std::move(made).error());
    out.rendition = std::move(*made);
  }
  out.rendition->facts = assembled->facts;
  out.rendition->until = good_until(assembled->facts, use_.clock.wall());
  co_return out;
}

Response Simple::page_response(const Request& request, const IndexConfig& index, const Printed& printed, const Coding& coding,
                               const Negotiated& negotiated) const {
  const Rendition& rendition = *printed.rendition;
  const PageFacts& facts = rendition.facts;
  Response response;
  response.route = "simple.project";
  response.outcome = printed.outcome;
  response.log_detail = printed.problem;
  response.headers.add("Content-Type", std::string(negotiated.choice->content_type));
  response.headers.add("Vary", "Accept, Accept-Encoding");
  ContentEncoding sent = ContentEncoding::identity;
  for (const auto encoding : {ContentEncoding::gzip, ContentEncoding::zstd}) {
    if (rendition.codings[static_cast<std::size_t>(encoding)].get() == &coding) sent = encoding;
  }
  if (sent != ContentEncoding::identity) response.headers.add("Content-Encoding", std::string(to_string(sent)));
  response.headers.add("ETag", coding.etag);
  if (facts.changed_at != WallTime{}) response.headers.add("Last-Modified", http_date(facts.changed_at));
  if (rendition.last_serial != 0) response.headers.add("X-PyPI-Last-Serial", std::to_string(rendition.last_serial));

  const WallTime now = use_.clock.wall();
  const auto bound = index.is_mirror() ? options_.max_age : options_.stage_max_age;
  std::int64_t max_age = std::min(seconds_left(facts.fresh_until, now), std::chrono::duration_cast<std::chrono::seconds>(bound).count());
  if (facts.hosted) max_age = 0;  // an upload is seen at once
  // A stale page is worth another look soon, but not at once by everybody.
  if (facts.stale) max_age = 10;
  response.headers.add("Cache-Control", max_age == 0 ? "public, max-age=0, must-revalidate" : "public, max-age=" + std::to_string(max_age));
  response.body = coding.body;

  const bool final_coding = sent == negotiated.encoding || negotiated.encoding == ContentEncoding::identity || coding.size < 4096;
  if (!facts.stale && final_coding && !coding.for_moments && request.query.empty()) {
    const auto fresh = std::chrono::duration_cast<Duration>(rendition.until - now);
    response.hot = http::make_hot_entry(response, request.path, request.accept_class, rendition.validity, use_.clock.mono() + fresh);
  }
  return response;
}

SearchOrder Simple::order_of(const IndexRef& index) const {
  return search_order(index, [this](const std::string& key) { return use_.registry.find_index(key); });
}

Task<Result<Simple::Assembled>> Simple::assemble(IndexRef index, std::string name, ClientWish wish) {
  auto assembled = co_await assemble_once(index, name, wish);
  if (!assembled || assembled->validity->stands()) co_return assembled;
  // A page that came just now ended the permission of all that stood on its absence, this answer's too. A second look finds it here.
  auto again = co_await assemble_once(std::move(index), std::move(name), ClientWish::cached_is_fine);
  if (!again) co_return assembled;
  again->outcome = assembled->outcome;
  co_return again;
}

Task<Result<Simple::Assembled>> Simple::assemble_once(IndexRef index, std::string name, ClientWish wish) {
  const auto order = order_of(index);
  Assembled out;
  // The permission first, the facts after: a change in between drops the answer.
  std::vector<std::string> facts;
  for (const auto* group : {&order.stages, &order.mirrors}) {
    for (const auto& config : *group) {
      facts.push_back(index_fact(config->key()));
      facts.push_back(project_fact(config->key(), name));
    }
  }
  out.validity = use_.facts.stand_on(facts);
  out.facts.fresh_until = use_.clock.wall() + kHostedFresh;
  out.facts.refresh_at = out.facts.fresh_until;
  const HoldingSources sources{use_.catalog, use_.mirrors};
  auto holdings = co_await find_holdings(sources, order, name, Detail::files, wish);
  if (!holdings) co_return fail(std::move(holdings).error());
  // A base that fails is an error, never an absence: a client would install something else.
  if (!holdings->failures.empty()) co_return fail(std::move(holdings->failures.front().error));
  if (holdings->empty()) co_return fail(no_project(name));
  take(*holdings, name, out);
  co_return out;
}

void Simple::take(Holdings& holdings, const std::string& name, Assembled& out) {
  auto& facts = out.facts;
  for (const auto& stage : holdings.stages) {
    facts.hosted = true;
    for (const auto& file : stage.files) facts.changed_at = std::max(facts.changed_at, file.uploaded_at);
    auto page = std::make_shared<const ProjectPage>(hosted_page(name, stage.files, stage.releases));
    out.contributions.push_back({stage.index->key(), std::move(page)});
  }
  for (auto& [index, page] : holdings.mirrors) {
    out.contributions.push_back({index->key(), std::move(page.page)});
    facts.changed_at = std::max(facts.changed_at, page.changed_at);
    facts.fresh_until = std::min(facts.fresh_until, page.expires_at);
    facts.refresh_at = std::min(facts.refresh_at, page.refresh_at);
    facts.mirrored = true;
    facts.stale = facts.stale || page.stale;
    out.outcome = page.outcome;
    if (page.stale) out.problem = page.problem;
  }
}

Task<Result<std::vector<std::string>>> Simple::hosted_names(std::vector<IndexRef> stages) {
  auto question = [&stages](catalog::Reader& reader) -> Result<std::vector<std::string>> {
    std::vector<std::string> names;
    std::set<std::string> seen;
    for (const auto& config : stages) {
      BODEGA_TRY(const auto rows, reader.projects(config->key()));
      for (const auto& row : rows) {
        if (seen.insert(row.name).second) names.push_back(row.name);
      }
    }
    return names;
  };
  co_return co_await use_.catalog.read(question);
}

Task<Response> Simple::list(Request& request, Route route) {
  auto admission = co_await use_.readers.admit(request, route);
  if (admission.refusal) co_return std::move(*admission.refusal);
  const Place place = route.place;
  auto response = co_await list_of(request, admission.index, std::move(route));
  if (place != Place::simple_list) for_installers_only(response);
  confine(response, admission.audience);
  co_return response;
}

Task<Response> Simple::list_of(Request& request, IndexRef index, Route route) {
  if (route.place == Place::simple_list && !request.trailing_slash)
    co_return redirect("+simple/" + (request.query.empty() ? "" : "?" + request.query));
  const auto negotiated = negotiate(request);
  if (!negotiated.choice) co_return not_acceptable(request);
  const auto format = negotiated.choice->format;
  const auto order = order_of(index);
  const auto mirror =
      std::find_if(order.mirrors.begin(), order.mirrors.end(), [](const IndexRef& config) { return config->mirror_url.has_value(); });
  if (mirror == order.mirrors.end()) {
    auto names = co_await hosted_names(order.stages);
    if (!names) co_return http::error_response(names.error(), request);
    ProjectListWriter writer(format, 0);
    std::string text;
    writer.head(text);
    for (const auto& name : *names) writer.entry(text, name);
    writer.tail(text);
    Response response = list_response(ListAnswer{}, negotiated);
    response.body = std::move(text);
    co_return response;
  }
  std::vector<std::string> own;
  if (!index->is_mirror()) {
    auto names = co_await hosted_names(order.stages);
    if (!names) co_return http::error_response(names.error(), request);
    own = std::move(*names);
  }
  auto answer = co_await use_.lists.get(mirror_source(**mirror), format, own.empty() ? negotiated.encoding : ContentEncoding::identity);
  if (!answer) co_return http::error_response(answer.error(), request);
  if (!own.empty()) {
    answer = co_await use_.lists.with_names(std::move(*answer), std::move(own), format);
    if (!answer) co_return http::error_response(answer.error(), request);
  }
  auto response = list_response(*answer, negotiated);
  response.body = http::FileBody{answer->source};
  co_return response;
}

Response Simple::list_response(const ListAnswer& answer, const Negotiated& negotiated) const {
  Response response;
  response.route = "simple.list";
  response.outcome = answer.outcome;
  response.headers.add("Content-Type", std::string(negotiated.choice->content_type));
  response.headers.add("Vary", "Accept, Accept-Encoding");
  if (answer.encoding != ContentEncoding::identity) response.headers.add("Content-Encoding", std::string(to_string(answer.encoding)));
  if (answer.digest) response.headers.add("ETag", '"' + answer.digest->hex() + '"');
  if (answer.last_serial != 0) response.headers.add("X-PyPI-Last-Serial", std::to_string(answer.last_serial));
  if (answer.changed_at != WallTime{}) response.headers.add("Last-Modified", http_date(answer.changed_at));
  const auto left = std::min(seconds_left(answer.expires_at, use_.clock.wall()),
                             std::chrono::duration_cast<std::chrono::seconds>(options_.max_age).count());
  response.headers.add("Cache-Control", left == 0 ? "public, max-age=0, must-revalidate" : "public, max-age=" + std::to_string(left));
  return response;
}

Task<Response> Simple::refresh(Request& request, Route route) {
  auto admission = co_await use_.readers.admit(request, route);
  if (admission.refusal) co_return std::move(*admission.refusal);
  if (!is_valid_name(route.project)) co_return http::error_response(no_project(route.project), request);
  const std::string name = normalize_name(route.project);
  for (const auto& config : order_of(admission.index).mirrors) {
    auto forgotten = co_await use_.documents.forget(config->key(), name);
    if (!forgotten) co_return http::error_response(forgotten.error(), request);
  }
  Response response = redirect(request.trailing_slash ? "../../" + name + "/" : "../" + name + "/");
  response.status = 302;
  response.headers.set("Cache-Control", "no-store");
  response.route = "simple.refresh";
  co_return response;
}

}  // namespace bodega::pypi
