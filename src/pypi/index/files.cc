#include "pypi/index/files.h"

#include "base/text.h"
#include "http/error_response.h"
#include "pypi/format/filename.h"
#include "pypi/index/attachments.h"
#include "pypi/index/prefetch.h"
#include "pypi/index/simple.h"

namespace bodega::pypi {

using http::Request;
using http::Response;

namespace {

// Files never change; the bound only makes sure that every answer is looked at again some time.
constexpr auto kHotFor = std::chrono::hours(24);

Error no_file() { return {Code::not_found, "no such file", {}, std::nullopt}; }

// Everything below the index, decoded once: the form that parse_link() reads.
std::string path_of(const Route& route) { return join(route.rest, "/"); }

Response file_response(const FileLink& link, const std::optional<Digest>& digest, const std::optional<WallTime>& modified) {
  Response response;
  response.route = link.is_metadata ? "file.metadata" : "file";
  const std::string_view octets = "application/octet-stream";
  response.headers.add("Content-Type", std::string(link.is_metadata ? octets : file_content_type(link.filename)));
  response.headers.add("X-Content-Type-Options", "nosniff");
  response.headers.add("Accept-Ranges", "bytes");
  if (digest) response.headers.add("ETag", '"' + digest->hex() + '"');
  if (modified) response.headers.add("Last-Modified", http_date(*modified));
  // devpi's and the public index's value: for ever.
  response.headers.add("Cache-Control", digest ? "public, max-age=365000000, immutable" : "public, max-age=600");
  return response;
}

bool link_agrees(const FileLink& link, const catalog::FileRow& row) {
  if (const auto* prefix = std::get_if<Sha256PrefixLink>(&link.target)) return row.digest.hex().starts_with(prefix->prefix);
  return false;
}

}  // namespace

std::string blob_fact(const Digest& digest) { return "blob:" + digest.hex(); }

Task<Result<std::shared_ptr<const store::Blob>>> open_hosted(cache::Artifacts& artifacts, Log& log, std::string index, std::string filename,
                                                             Digest digest) {
  auto blob = co_await artifacts.open(digest);
  if (blob) co_return blob;
  const std::string why = blob.error().describe();
  log.error("file.damaged_hosted", {{"index", index}, {"file", filename}, {"sha256", digest.hex()}, {"why", why}});
  co_return fail(Code::io, "the file is damaged or missing on the server's disk; its operator must restore it", why);
}

Files::Files(Dependencies use) : use_(use) {}

Task<Response> Files::get(Request& request, Route route) {
  auto admission = co_await use_.readers.admit(request, route);
  auto response = admission.refusal ? std::move(*admission.refusal) : Response();
  if (!admission.refusal) {
    response = co_await get_from(request, admission.index, std::move(route));
    confine(response, admission.audience);
  }
  if (response.route.empty()) response.route = "file";
  co_return response;
}

Task<Response> Files::get_from(Request& request, IndexRef index, Route route) {
  const auto link = parse_link(path_of(route));
  if (!link) co_return http::error_response(no_file(), request, http::AnyReader::devpi);
  // The permission first, the facts after: a change in between drops the answer.
  std::vector<std::string> facts = {index_fact(index->key())};
  for (const auto& name : project_candidates(link->filename)) facts.push_back(project_fact(index->key(), name));
  auto permission = use_.facts.stand_on(facts);
  auto work = index->is_mirror() ? mirrored(request, index, *link, permission) : hosted(request, index, *link, permission);
  co_return co_await std::move(work);
}

Task<Response> Files::mirrored(Request& request, std::shared_ptr<const IndexConfig> index, FileLink link, Permission permission) {
  if (!index->mirror_url) co_return http::error_response(no_file(), request, http::AnyReader::devpi);
  auto file = co_await use_.mirrors.file(mirror_source(*index), link);
  if (!file) {
    auto error = std::move(file).error();
    // Bytes that are damaged here are our trouble, not a wrong request.
    if (error.code == Code::corrupt) error.code = Code::io;
    co_return http::error_response(error, request, http::AnyReader::devpi);
  }
  const auto& artifact = file->artifact;
  if (use_.prefetch && link.is_metadata) {
    use_.prefetch->metadata_served(index, link.filename, request.headers.get("User-Agent"), artifact);
  }
  // Without a digest on the page a strong validator exists only once the bytes are here.
  const auto digest = artifact.whole || artifact.verified ? artifact.digest : std::nullopt;
  auto response = file_response(link, digest, parse_rfc3339(file->upload_time));
  response.outcome = artifact.outcome;
  response.body = http::FileBody{artifact.source};
  if (!artifact.verified) {
    response.headers.add("X-Bodega-Unverified", "the upstream's page gives no digest for this file");
    response.log_detail = "unverified";
  }
  if (artifact.whole && artifact.digest) {
    keep_hot(request, response, permission, artifact.digest);
    use_.space.watch(*artifact.digest, response.hot);
  }
  co_return response;
}

Task<Response> Files::hosted(Request& request, std::shared_ptr<const IndexConfig> index, FileLink link, Permission permission) {
  const std::string key = index->key();
  struct Found {
    std::optional<catalog::FileRow> row;
    std::optional<catalog::AttachmentRow> attachment;
    bool deleted = false;
  };
  auto question = [&key, &link](catalog::Reader& reader) -> Result<Found> {
    Found found;
    auto row = reader.file(key, link.filename);
    if (row) {
      found.row = std::move(*row);
      return found;
    }
    if (row.error().code != Code::not_found) return fail(row.error());
    BODEGA_TRY(found.attachment, linked_attachment(reader, key, link));
    if (found.attachment) return found;
    BODEGA_TRY(found.deleted, reader.was_deleted(key, link.filename));
    return found;
  };
  auto found = co_await use_.catalog.read(question);
  if (!found) co_return http::error_response(found.error(), request, http::AnyReader::devpi);
  if (found->attachment) co_return co_await attachment(request, link, std::move(*found->attachment));
  if (!found->row || !link_agrees(link, *found->row)) {
    if (!found->deleted) co_return http::error_response(no_file(), request, http::AnyReader::devpi);
    const Error gone{Code::gone, "file existed, deleted in later serial", {}, std::nullopt};
    co_return http::error_response(gone, request, http::AnyReader::devpi);
  }
  const auto& row = *found->row;
  if (link.is_metadata) {
    if (!row.metadata || !row.metadata_digest) {
      const Error none{Code::not_found, "no metadata found in " + row.filename, {}, std::nullopt};
      co_return http::error_response(none, request, http::AnyReader::devpi);
    }
    auto response = file_response(link, row.metadata_digest, row.uploaded_at);
    response.body = std::make_shared<const std::string>(*row.metadata);
    keep_hot(request, response, permission, std::nullopt);
    co_return response;
  }
  auto blob = co_await open_hosted(use_.artifacts, use_.log, key, row.filename, row.digest);
  if (!blob) co_return http::error_response(blob.error(), request, http::AnyReader::devpi);
  auto response = file_response(link, row.digest, row.uploaded_at);
  response.body = http::FileBody{*blob};
  keep_hot(request, response, permission, row.digest);
  co_return response;
}

// Not kept hot: its name does not say whose it is, and it is rarely asked for.
Task<Response> Files::attachment(const Request& request, FileLink link, catalog::AttachmentRow row) {
  auto blob = co_await open_hosted(use_.artifacts, use_.log, row.index, row.filename, row.digest);
  if (!blob) co_return http::error_response(blob.error(), request, http::AnyReader::devpi);
  auto response = file_response(link, row.digest, row.stored_at);
  if (row.kind == catalog::AttachmentKind::doczip) response.headers.set("Content-Type", "application/zip");
  response.body = http::FileBody{*blob};
  co_return response;
}

void Files::keep_hot(const Request& request, Response& response, Permission permission, const std::optional<Digest>& blob) {
  if (!request.query.empty()) return;
  if (blob) use_.facts.also(blob_fact(*blob), permission);
  response.hot = http::make_hot_entry(response, request.path, http::kAnyClass, std::move(permission), use_.clock.mono() + kHotFor);
}

}  // namespace bodega::pypi
