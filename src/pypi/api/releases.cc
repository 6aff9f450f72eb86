#include "pypi/api/releases.h"

#include <algorithm>

#include "base/text.h"
#include "http/error_response.h"
#include "pypi/api/api.h"
#include "pypi/api/release_json.h"
#include "pypi/format/names.h"
#include "pypi/index/attachments.h"
#include "pypi/index/negotiated.h"

namespace bodega::pypi {

using http::Request;
using http::Response;

namespace {

Error absent(std::string message) { return {Code::not_found, std::move(message), {}, std::nullopt}; }

Error no_stage(const std::string& key) { return absent("The stage " + key + " could not be found."); }

Response file_failure(const Request& request, const Error& error) {
  return error.code == Code::gone ? api_abort(request, 410, error.message) : api_failure(request, error);
}

Result<Json> read_file(catalog::Reader& reader, const std::string& index, const FileLink& link) {
  const auto* place = std::get_if<Sha256PrefixLink>(&link.target);
  if (!place) return fail(absent("no such file"));
  const auto file = reader.file(index, link.filename);
  if (file && file->digest.hex().starts_with(place->prefix)) return file_json(*file);
  if (!file && file.error().code != Code::not_found) return fail(file.error());
  BODEGA_TRY(const auto attachment, linked_attachment(reader, index, link));
  if (attachment) return file_json(*attachment);
  BODEGA_TRY(const bool deleted, reader.was_deleted(index, link.filename));
  if (deleted) return fail(Code::gone, "file existed, deleted in later serial");
  return fail(absent("no such file"));
}

Error no_release(const std::string& project, const std::string& version) {
  if (version.empty()) return absent("no project " + python_repr(Json(project)));
  return absent("The version " + version + " of project " + project + " does not exist.");
}

// devpi gives the object to every client that takes JSON, the project only to those who say so.
std::optional<Response> refusal_of(const Request& request, Place place) {
  if (!accepts_json(request)) return no_such_view(request);
  if (place == Place::version || names_json(request.headers.joined("Accept"))) return std::nullopt;
  return api_message(415, "unsupported media type: what is known of a project is sent to who accepts application/json");
}

std::string normal_url(const Request& request, const Route& route, const std::string& project, const std::string& base) {
  std::string url = base + "/" + percent_encode(route.key(), "/@") + "/" + project;
  if (route.place == Place::version) url += "/" + percent_encode(route.version, "+");
  return request.query.empty() ? url : url + "?" + request.query;
}

Response shown(const std::string& version, Json result) {
  return api_result(200, std::move(result), version.empty() ? "projectconfig" : "versiondata");
}

// The index and nothing behind it.
SearchOrder alone(const IndexRef& index) {
  SearchOrder order;
  (index->is_mirror() ? order.mirrors : order.stages).push_back(index);
  return order;
}

}  // namespace

Releases::Releases(Dependencies use, std::optional<std::string> public_url) : use_(use), public_url_(std::move(public_url)) {}

Task<Response> Releases::get(Request& request, Route route) {
  if (auto refusal = refusal_of(request, route.place)) co_return std::move(*refusal);
  const std::string base = base_url_of(request, public_url_);
  const bool valid = is_valid_name(route.project);
  const std::string name = normalize_name(route.project);
  if (valid && name != route.project) co_return framework_redirect(request, normal_url(request, route, name, base));
  auto visit = co_await use_.readers.visit(request, route.key());
  if (!visit) co_return http::error_response(visit.error(), request);
  if (!visit->index) co_return api_failure(request, no_stage(route.key()));
  if (!valid) co_return api_failure(request, no_release(route.project, route.version));
  Question question{visit->index, name, route.version, Bases::searched, base};
  if (query_value(request.query, "ignore_bases")) question.bases = Bases::ignored;
  auto outcome = co_await answer(std::move(question));
  auto response = outcome ? std::move(*outcome) : api_failure(request, outcome.error());
  // Installers get a simple page where others get the project.
  response.headers.set("Vary", route.place == Place::project ? "Accept, User-Agent" : "Accept");
  confine(response, visit->entry == Entry::open ? Audience::everybody : Audience::some);
  co_return response;
}

SearchOrder Releases::order_of(const IndexRef& index) const {
  return search_order(index, [this](const std::string& key) { return use_.registry.find_index(key); });
}

Task<Result<Holdings>> Releases::find(const Question& question, SearchOrder order) {
  const HoldingSources sources{use_.catalog, use_.mirrors};
  std::string project = question.project;
  co_return co_await find_holdings(sources, std::move(order), std::move(project), Detail::attachments, cache::ClientWish::cached_is_fine);
}

Task<Result<Response>> Releases::answer(Question question) {
  auto order = question.bases == Bases::ignored ? alone(question.index) : order_of(question.index);
  auto holdings = co_await find(question, std::move(order));
  if (!holdings) co_return fail(std::move(holdings).error());
  auto shaped = co_await shape(question, *holdings);
  if (!shaped) co_return fail(std::move(shaped).error());
  if (!*shaped) {
    // A mirror that failed may well have it: that is no absence.
    if (!holdings->failures.empty()) co_return fail(std::move(holdings->failures.front().error));
    auto elsewhere = co_await only_bases_have(question);
    if (!elsewhere) co_return fail(std::move(elsewhere).error());
    if (*elsewhere) co_return shown(question.version, Json::object());
    co_return fail(no_release(question.project, question.version));
  }
  for (const auto& failure : holdings->failures) {
    use_.log.warning("project.base_failed", {{"index", question.index->key()},
                                             {"base", failure.index->key()},
                                             {"project", question.project},
                                             {"why", failure.error.describe()}});
  }
  co_return std::move(**shaped);
}

// As in devpi, a project exists without any version on an index whose bases have it. A base that cannot tell may have it.
Task<Result<bool>> Releases::only_bases_have(const Question& question) {
  if (question.bases == Bases::searched || !question.version.empty() || question.index->is_mirror()) co_return false;
  auto order = order_of(question.index);
  auto holdings = co_await find(question, std::move(order));
  if (!holdings) co_return fail(std::move(holdings).error());
  co_return !holdings->empty() || !holdings->failures.empty();
}

Task<Result<std::optional<Response>>> Releases::shape(const Question& question, const Holdings& holdings) {
  if (holdings.empty()) co_return std::optional<Response>();
  auto pass = co_await shaping_.enter();
  if (!pass) co_return fail(std::move(pass).error());
  auto make = [&question, &holdings]() -> Result<std::optional<Response>> {
    if (question.version.empty()) {
      BODEGA_TRY(auto releases, project_json(holdings, question.project, question.base));
      return std::optional<Response>(shown(question.version, std::move(releases)));
    }
    BODEGA_TRY(auto release, release_json(holdings, question.project, question.version, question.base));
    if (!release) return std::optional<Response>();
    return std::optional<Response>(shown(question.version, std::move(*release)));
  };
  co_return co_await offload(use_.pool, make);
}

bool Releases::wants_file_data(const Request& request, const Route& route) {
  return names_json(request.headers.joined("Accept")) && !route.rest.back().ends_with(".metadata");
}

Task<Response> Releases::file_data(Request& request, Route route) {
  auto admission = co_await use_.readers.admit(request, route);
  if (admission.refusal) co_return std::move(*admission.refusal);
  auto link = parse_link(join(route.rest, "/"));
  auto found = co_await known_of(admission.index, std::move(link));
  auto response = found ? api_result(200, std::move(*found), "releasefilemeta") : file_failure(request, found.error());
  response.headers.set("Vary", "Accept");
  response.route = "file.data";
  confine(response, admission.audience);
  co_return response;
}

Task<Result<Json>> Releases::known_of(IndexRef index, std::optional<FileLink> link) {
  if (!link) co_return fail(absent("no such file"));
  if (!index->is_mirror()) {
    const std::string key = index->key();
    auto question = [&](catalog::Reader& reader) { return read_file(reader, key, *link); };
    co_return co_await use_.catalog.read(question);
  }
  if (!index->mirror_url) co_return fail(absent("no such file"));
  auto source = mirror_source(*index);
  auto listed = co_await use_.mirrors.listed(std::move(source), *link);
  if (!listed) co_return fail(std::move(listed).error());
  co_return file_json(*listed->file, listed->project);
}

}  // namespace bodega::pypi
