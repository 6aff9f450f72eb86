#include "ops/transfer/export_mirror.h"

#include <optional>

#include "base/url.h"
#include "pypi/format/filename.h"
#include "pypi/format/page.h"

namespace bodega::ops {
namespace {

using pypi::Json;

// The digest of the file's bytes when they are in the store.
Result<std::optional<Digest>> kept(catalog::Reader& reader, catalog::CacheReader& cache, const pypi::PageFile& file) {
  std::optional<Digest> digest;
  if (const auto* hex = file.sha256()) digest = Digest::from_hex(*hex);
  if (!digest) {
    const auto url = Url::parse(file.url);
    if (!url) return digest;
    BODEGA_TRY(const auto located, cache.located(url->text()));
    if (located) digest = located->digest;
    if (!digest) return digest;
  }
  BODEGA_TRY(bool there, cache.is_cached(*digest));
  if (!there) {
    BODEGA_TRY(there, reader.is_hosted(*digest));
  }
  return there ? digest : std::nullopt;
}

// devpi keeps these for each version; the first file tells.
void add_version(Json& versions, const std::string& project, const std::string& version, const pypi::PageFile& file) {
  if (versions.find(version) != nullptr) return;
  auto entry = Json::object();
  entry.set("name", project);
  entry.set("version", version);
  if (file.requires_python) entry.set("requires_python", *file.requires_python);
  if (file.yanked) entry.set("yanked", *file.yanked);
  versions.set(version, std::move(entry));
}

}  // namespace

Result<CachedProject> cached_project(catalog::Reader& reader, catalog::CacheReader& cache, const std::string& index,
                                     const std::string& name) {
  CachedProject out;
  BODEGA_TRY(const auto document, cache.document(index, name));
  const auto page = pypi::decode_page(document.body);
  if (!page) return out;
  for (const auto& file : page->files) {
    const auto version = pypi::file_version(file.filename, name);
    if (!version) continue;  // devpi has no place for a file without a version
    BODEGA_TRY(const auto digest, kept(reader, cache, file));
    if (!digest) continue;
    add_version(out.versions, name, *version, file);
    const auto modified = parse_rfc3339(file.upload_time).value_or(document.changed_at);
    out.files.push_back({file.filename, {"releasefile", name, *version, {}, *digest, modified, {}, {}, file.url}});
  }
  return out;
}

}  // namespace bodega::ops
