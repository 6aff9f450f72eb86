// Documentation in a frame with a switch of versions, and test results.
#include <algorithm>

#include "base/text.h"
#include "pypi/api/api_answer.h"
#include "pypi/api/docs.h"
#include "pypi/format/version.h"
#include "pypi/index/files.h"
#include "pypi/index/readers.h"
#include "web/layout.h"
#include "web/project/project_pages.h"
#include "web/project/tox.h"

namespace bodega::web {

using http::Response;

namespace {

// The newest are looked at; each is read whole.
constexpr std::size_t kMaxResults = 100;
constexpr std::uint64_t kMaxResultBytes = 16U << 20U;  // of all that one page shows

struct DocsFacts {
  catalog::AttachmentRow shown;
  std::vector<std::string> versions;  // that have documentation, newest first
};

Result<DocsFacts> read_docs(catalog::Reader& reader, const std::string& index, const std::string& project, const std::string& version) {
  BODEGA_TRY(const auto releases, reader.releases(index, project));
  BODEGA_TRY(const auto attachments, reader.attachments(index, project));
  BODEGA_TRY(auto shown, pypi::choose_docs(project, version, releases, attachments));
  DocsFacts out{std::move(shown), {}};
  for (const auto& attachment : attachments) {
    if (attachment.kind == catalog::AttachmentKind::doczip) out.versions.push_back(attachment.version);
  }
  pypi::sort_versions(out.versions);
  std::reverse(out.versions.begin(), out.versions.end());
  return out;
}

std::string encoded_path(const std::vector<std::string>& segments) {
  std::string out;
  for (const auto& segment : segments) out += "/" + percent_encode(segment, "+@!");
  return out;
}

Markup docs_frame(const ProjectPlace& place, const DocsFacts& facts, const std::string& path) {
  const std::string& version = facts.shown.version;
  const std::string raw = address_of(place, version) + "/+doc" + path;
  Html html;
  html.open("div", {{"class", "docs-bar"}}).element("h1", place.project + " " + version + ": documentation");
  html.link(raw, "Open without this frame").link(address_of(place, version), "About this release");
  if (facts.versions.size() > 1) {
    html.open("details").element("summary", "Other versions").open("ul", {{"class", "plain"}});
    for (const auto& other : facts.versions) {
      if (other != version) html.open("li").link(address_of(place, other) + "/+d" + path, other).close("li");
    }
    html.close("ul").close("details");
  }
  html.close("div");
  html.open("iframe", {{"class", "docs"},
                       {"src", raw},
                       {"title", "Documentation of " + place.project + " " + version},
                       {"sandbox", "allow-scripts allow-forms allow-popups allow-popups-to-escape-sandbox"}});
  html.close("iframe");
  return std::move(html).markup();
}

// Newest first.
Result<std::vector<catalog::AttachmentRow>> read_rows(catalog::Reader& reader, const std::string& index, const pypi::Route& route) {
  BODEGA_TRY(const auto attachments, reader.attachments(index, route.project));
  const std::string only = route.rest.size() > 1 ? route.rest[1] : std::string();
  std::vector<catalog::AttachmentRow> out;
  for (auto row = attachments.rbegin(); row != attachments.rend() && out.size() < kMaxResults; ++row) {
    const bool wanted = row->kind == catalog::AttachmentKind::toxresult && row->version == route.version && row->for_file == route.rest[0];
    if (wanted && (only.empty() || row->filename == only)) out.push_back(*row);
  }
  if (out.empty()) return fail(Code::not_found, "There are no such test results.");
  return out;
}

}  // namespace

Task<Response> ProjectPages::docs(PageRequest& asked) {
  if (auto elsewhere = to_normal_address(asked)) co_return std::move(*elsewhere);
  const auto index = readable(asked);
  if (!index) co_return pypi::api_failure(asked.request, index.error());
  const auto& route = asked.route;
  const std::string key = (*index)->key();
  const ProjectPlace place{asked, **index, route.project, {}};
  if (route.rest.empty()) co_return found_at(address_of(place, route.version) + "/+d/index.html");
  auto question = [&](catalog::Reader& reader) { return read_docs(reader, key, route.project, route.version); };
  auto facts = co_await use_.catalog.read(question);
  if (!facts) co_return pypi::api_failure(asked.request, facts.error());
  PageFrame frame{asked, route.project + " " + facts->shown.version + " documentation"};
  frame.crumbs = crumbs_of(asked.request, key, route.project, facts->shown.version);
  auto response = page(frame, docs_frame(place, *facts, encoded_path(route.rest)));
  add_security_headers(response, "; frame-src 'self'");
  co_return response;
}

Task<Response> ProjectPages::tox_results(PageRequest& asked) {
  if (auto elsewhere = to_normal_address(asked)) co_return std::move(*elsewhere);
  const auto index = readable(asked);
  if (!index) co_return pypi::api_failure(asked.request, index.error());
  const auto& route = asked.route;
  const std::string key = (*index)->key();
  if (route.rest.empty() || route.rest.size() > 2) co_return pypi::framework_error(asked.request, 404, "");
  auto question = [&](catalog::Reader& reader) { return read_rows(reader, key, route); };
  auto found = co_await use_.catalog.read(question);
  if (!found) co_return pypi::api_failure(asked.request, found.error());
  std::vector<ToxResult> results;
  std::uint64_t bytes = 0;
  for (const auto& row : *found) {
    bytes += row.size;
    if (bytes > kMaxResultBytes && !results.empty()) break;
    auto result = co_await read_result(row);
    results.push_back(std::move(result));
  }
  const ProjectPlace project_place{asked, **index, route.project, {}};
  const ToxPlace place{project_place, route.version, route.rest[0]};
  const bool one = route.rest.size() == 2;
  auto make = [&] { return one ? tox_result_view(place, results.front()) : tox_results_view(place, results); };
  auto body = co_await offload(use_.pool, make);
  PageFrame frame{asked, "Test results of " + route.project + " " + route.version};
  frame.crumbs = crumbs_of(asked.request, key, route.project, route.version);
  co_return page(frame, std::move(body));
}

Task<ToxResult> ProjectPages::read_result(catalog::AttachmentRow row) {
  ToxResult result{row.filename, row.stored_at, row.stored_by, std::nullopt};
  auto blob = co_await pypi::open_hosted(use_.artifacts, use_.log, row.index, row.filename, row.digest);
  if (!blob) co_return result;
  auto read = [&blob]() -> std::optional<std::vector<ToxEnvironment>> {
    if ((*blob)->size() > kMaxResultBytes) return std::nullopt;
    const auto text = read_all(**blob);
    return text ? read_tox_result(*text) : std::nullopt;
  };
  result.environments = co_await offload(use_.pool, read);
  co_return result;
}

}  // namespace bodega::web
