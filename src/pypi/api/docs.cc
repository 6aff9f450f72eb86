#include "pypi/api/docs.h"

#include <algorithm>
#include <array>
#include <chrono>

#include "base/text.h"
#include "http/error_response.h"
#include "pypi/format/archive_reader.h"
#include "pypi/format/names.h"
#include "pypi/format/version.h"
#include "pypi/index/files.h"
#include "pypi/index/simple.h"

namespace bodega::pypi {

using http::Request;
using http::Response;

namespace {

// Facts do not change by themselves; this only bounds how long an entry nobody asks for is kept.
constexpr auto kHotFor = std::chrono::hours(1);

// No allow-same-origin: scripts see neither what the browser keeps for this server nor its answers. Forms are for the search fields of
// documentation, and lead here only; pop-ups are links that open elsewhere.
constexpr std::string_view kContentSecurity =
    "sandbox allow-scripts allow-forms allow-popups allow-popups-to-escape-sandbox; form-action 'self'; frame-ancestors 'self'";

struct ContentType {
  std::string_view extension;
  std::string_view type;
};
constexpr std::array kContentTypes = {
    ContentType{"avif", "image/avif"},
    ContentType{"css", "text/css; charset=UTF-8"},
    ContentType{"csv", "text/csv; charset=UTF-8"},
    ContentType{"eot", "application/vnd.ms-fontobject"},
    ContentType{"gif", "image/gif"},
    ContentType{"gz", "application/gzip"},
    ContentType{"htm", "text/html; charset=UTF-8"},
    ContentType{"html", "text/html; charset=UTF-8"},
    ContentType{"ico", "image/vnd.microsoft.icon"},
    ContentType{"ipynb", "application/json"},
    ContentType{"jpeg", "image/jpeg"},
    ContentType{"jpg", "image/jpeg"},
    ContentType{"js", "text/javascript; charset=UTF-8"},
    ContentType{"json", "application/json"},
    ContentType{"map", "application/json"},
    ContentType{"md", "text/markdown; charset=UTF-8"},
    ContentType{"mjs", "text/javascript; charset=UTF-8"},
    ContentType{"mp4", "video/mp4"},
    ContentType{"otf", "font/otf"},
    ContentType{"pdf", "application/pdf"},
    ContentType{"png", "image/png"},
    ContentType{"py", "text/plain; charset=UTF-8"},
    ContentType{"rst", "text/plain; charset=UTF-8"},
    ContentType{"svg", "image/svg+xml"},
    ContentType{"ttf", "font/ttf"},
    ContentType{"txt", "text/plain; charset=UTF-8"},
    ContentType{"wasm", "application/wasm"},
    ContentType{"webm", "video/webm"},
    ContentType{"webp", "image/webp"},
    ContentType{"woff", "font/woff"},
    ContentType{"woff2", "font/woff2"},
    ContentType{"xhtml", "application/xhtml+xml"},
    ContentType{"xml", "text/xml; charset=UTF-8"},
    ContentType{"zip", "application/zip"},
};

tl::unexpected<Error> none(std::string message) { return fail(Code::not_found, std::move(message)); }

Response redirect(std::string location) {
  Response response;
  response.status = 302;
  response.headers.add("Location", std::move(location));
  response.body = std::string();
  return response;
}

// From the address as it was asked to the same one below the project's normal name. Relative: the server may be behind a prefix.
Response redirect_to_normal(const Request& request, const Route& route, const std::string& project) {
  std::string location;
  // Segments behind the index, but for a last one that is no directory.
  const std::size_t directories = 3 + route.rest.size() - (request.trailing_slash ? 0 : 1);
  for (std::size_t i = 0; i < directories; ++i) location += "../";
  location += project + "/" + percent_encode(route.version, "+!") + "/+doc";
  for (const auto& segment : route.rest) location += "/" + percent_encode(segment);
  if (request.trailing_slash) location += '/';
  return redirect(std::move(location));
}

Response page(const std::string& path, const catalog::AttachmentRow& docs, Audience audience) {
  Response response;
  response.headers.add("Content-Type", std::string(docs_content_type(path)));
  response.headers.add("X-Content-Type-Options", "nosniff");
  response.headers.add("Content-Security-Policy", std::string(kContentSecurity));
  response.headers.add("Accept-Ranges", "bytes");
  response.headers.add("ETag", '"' + docs.digest.hex() + '"');
  response.headers.add("Last-Modified", http_date(docs.stored_at));
  response.headers.add("Cache-Control", audience == Audience::everybody ? "max-age=60" : "private, max-age=60");
  return response;
}

}  // namespace

std::string_view docs_content_type(std::string_view path) {
  const std::string_view name = path.substr(path.rfind('/') + 1);
  const auto dot = name.rfind('.');
  if (dot == std::string_view::npos) return "application/octet-stream";
  const std::string extension = to_lower(name.substr(dot + 1));
  const auto found = std::find_if(kContentTypes.begin(), kContentTypes.end(),
                                  [&extension](const ContentType& known) { return known.extension == extension; });
  return found == kContentTypes.end() ? "application/octet-stream" : found->type;
}

Result<catalog::AttachmentRow> choose_docs(const std::string& project, const std::string& version,
                                           const std::vector<catalog::ReleaseRow>& releases,
                                           const std::vector<catalog::AttachmentRow>& attachments) {
  const bool stable = version == "stable";
  std::vector<std::string> candidates = {version};
  if (stable || version == "latest") {
    if (releases.empty()) return none("The project " + project + " does not exist.");
    candidates.clear();
    for (const auto& release : releases) {
      const auto parsed = Version::parse(release.version);
      if (!stable || (parsed && !parsed->is_prerelease())) candidates.push_back(release.version);
    }
    if (candidates.empty()) return none("The project " + project + " has no stable release.");
    sort_versions(candidates);
  }
  for (auto candidate = candidates.rbegin(); candidate != candidates.rend(); ++candidate) {
    const auto found = std::find_if(attachments.begin(), attachments.end(), [&candidate](const catalog::AttachmentRow& row) {
      return row.kind == catalog::AttachmentKind::doczip && row.version == *candidate;
    });
    if (found != attachments.end()) return *found;
  }
  return none(stable ? "No stable documentation available." : "No documentation available.");
}

Docs::Docs(Dependencies use, Limits limits) : use_(use), limits_(limits) {}

Task<Response> Docs::get(Request& request, Route route) {
  auto admission = co_await use_.readers.admit(request, route);
  Response response;
  if (admission.refusal) {
    response = std::move(*admission.refusal);
  } else {
    auto outcome = co_await answer(request, route, admission.audience);
    response = outcome ? std::move(*outcome) : http::error_response(outcome.error(), request);
    confine(response, admission.audience);
  }
  response.route = "docs";
  co_return response;
}

Task<Result<catalog::AttachmentRow>> Docs::find(const std::string& index, const std::string& project, const std::string& version) {
  auto question = [&](catalog::Reader& reader) -> Result<catalog::AttachmentRow> {
    BODEGA_TRY(const auto releases, reader.releases(index, project));
    BODEGA_TRY(const auto attachments, reader.attachments(index, project));
    return choose_docs(project, version, releases, attachments);
  };
  auto docs = co_await use_.catalog.read(question);
  co_return docs;
}

Task<Result<Response>> Docs::answer(Request& request, const Route& route, Audience audience) {
  const std::string project = normalize_name(route.project);
  if (project != route.project) co_return redirect_to_normal(request, route, project);
  if (route.rest.empty()) co_return redirect(request.trailing_slash ? "index.html" : "+doc/index.html");
  if (request.trailing_slash) co_return redirect("index.html");

  // The permission first, the facts after: a change in between drops the answer.
  auto permission = use_.facts.stand_on({index_fact(route.key()), project_fact(route.key(), project)});
  auto docs = co_await find(route.key(), project, route.version);
  if (!docs) co_return fail(std::move(docs).error());
  const std::string path = join(route.rest, "/");
  auto bytes = co_await unpack(*docs, path);
  if (!bytes) co_return fail(std::move(bytes).error());
  auto response = page(path, *docs, audience);
  const bool hot = (*bytes)->size() <= limits_.small_file && audience == Audience::everybody && request.query.empty();
  response.body = std::move(*bytes);
  if (hot) {
    response.route = "docs";
    response.hot = http::make_hot_entry(response, request.path, http::kAnyClass, std::move(permission), use_.clock.mono() + kHotFor);
  }
  co_return response;
}

Task<Result<Docs::Bytes>> Docs::unpack(const catalog::AttachmentRow& docs, const std::string& path) {
  auto blob = co_await open_hosted(use_.artifacts, use_.log, docs.index, docs.filename, docs.digest);
  if (!blob) co_return fail(std::move(blob).error());
  auto turn = co_await unpacking_.enter();
  if (!turn) co_return fail(std::move(turn).error());
  if (held_->load() > limits_.max_held) co_return fail(Code::busy, "too many large files at once; try again");
  const std::string archive = "/proc/self/fd/" + std::to_string((*blob)->fd());
  auto read = [&archive, &path, limit = limits_.max_file] { return read_zip_member(archive, path, limit); };
  auto bytes = co_await offload(use_.pool, read);
  if (!bytes) {
    switch (bytes.error().code) {
      case Code::not_found: co_return none("File " + path + " not found in documentation.");
      case Code::invalid: co_return none("File " + path + " cannot be read: " + bytes.error().message);
      case Code::too_large: co_return fail(Code::forbidden, "File " + path + " is too large to be shown; get the whole archive instead.");
      default: co_return fail(std::move(bytes).error());
    }
  }
  // Gives its share back when the last byte is out or the client has left.
  struct Share {
    std::string bytes;
    Held held;
    ~Share() {
      if (held) held->fetch_sub(bytes.size());
    }
  };
  auto share = std::make_shared<Share>();
  share->bytes = std::move(*bytes);
  if (share->bytes.size() > limits_.small_file) {
    held_->fetch_add(share->bytes.size());
    share->held = held_;
  }
  co_return Bytes(share, &share->bytes);
}

}  // namespace bodega::pypi
