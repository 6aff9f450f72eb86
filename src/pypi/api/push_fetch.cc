// The files of a release that lies on a mirror: fetched whole, held, and read for what they say of themselves.
#include "async/file_source.h"
#include "pypi/api/push.h"
#include "pypi/format/filename.h"
#include "pypi/format/metadata.h"
#include "pypi/upload/upload_check.h"

namespace bodega::pypi {
namespace {

// A mirrored file need not be as clean as an upload must be; what cannot be read, or tells of another release, says nothing.
std::optional<Inspected> inspect(const store::Blob& blob, const PageFile& listed, const ReleaseName& name) {
  auto inspected = inspect_distribution(blob.fd(), listed.filename);
  if (!inspected || !check_agreement(name, *inspected)) return std::nullopt;
  return std::move(*inspected);
}

// From the upstream's `.metadata` of a wheel.
std::optional<Inspected> inspect_sibling(const FileSource& source, const ReleaseName& name) {
  if (source.available() > kMaxMetadata) return std::nullopt;
  auto bytes = read_all(source);
  if (!bytes) return std::nullopt;
  const auto headers = Metadata::parse(*bytes);
  Inspected inspected{FileKind::wheel, std::string(headers.name()), std::string(headers.version()), std::move(*bytes),
                      headers.requires_python()};
  if (!check_agreement(name, inspected)) return std::nullopt;
  return inspected;
}

}  // namespace

Task<Result<void>> Push::fetch(Found& found, Claims& claims) {
  for (const auto& listed : found.listed) {
    auto file = co_await fetch_one(found, listed, claims);
    if (!file) co_return fail(std::move(file).error());
    add_mirrored(found.source, std::move(*file), use_.clock.wall());
  }
  co_return Result<void>();
}

Task<Result<MirroredFile>> Push::fetch_one(const Found& found, PageFile listed, Claims& claims) {
  const PushSource& source = found.source;
  auto blob = co_await claim_whole(found.mirror, listed, claims);
  if (!blob) co_return fail(std::move(blob).error());
  MirroredFile file{listed, (*blob)->digest(), (*blob)->size(), std::nullopt};
  const ReleaseName name{source.display, source.project, source.version};
  auto read = [&] { return inspect(**blob, listed, name); };
  file.inspected = co_await offload(use_.pool, read);
  if (!file.inspected && listed.core_metadata.offered && file_kind(listed.filename) == FileKind::wheel) {
    auto sibling = co_await use_.mirrors.whole(found.mirror, listed, Mirrors::Part::metadata);
    auto read_sibling = [&] { return sibling ? inspect_sibling(*sibling->source, name) : std::nullopt; };
    file.inspected = co_await offload(use_.pool, read_sibling);
  }
  co_return file;
}

// Between the end of the transfer and the claim the cache may have evicted the file again; once more is enough, for the claim stands by
// then.
Task<Result<std::shared_ptr<const store::Blob>>> Push::claim_whole(const MirrorSource& mirror, PageFile listed, Claims& claims) {
  Error error{Code::not_found, "", {}, std::nullopt};
  for (int round = 0; round < 2; ++round) {
    auto artifact = co_await use_.mirrors.whole(mirror, listed, Mirrors::Part::file);
    if (!artifact) {
      error = std::move(artifact).error();
      // The page lists it: that the upstream has it not is its fault.
      if (error.code == Code::not_found)
        error = {Code::upstream_failed, "the upstream has no " + listed.filename + " any more", error.context, {}};
      co_return fail(std::move(error));
    }
    auto claim = co_await use_.claims.keep(*artifact->digest);
    claims.push_back(std::move(claim));
    auto blob = co_await use_.artifacts.open(*artifact->digest);
    if (blob || blob.error().code != Code::not_found) co_return blob;
    error = std::move(blob).error();
  }
  co_return fail(std::move(error));
}

}  // namespace bodega::pypi
