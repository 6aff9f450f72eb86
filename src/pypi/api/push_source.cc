#include "pypi/api/push_source.h"

#include <algorithm>

#include "pypi/format/filename.h"
#include "pypi/format/version.h"
#include "pypi/upload/upload_check.h"

namespace bodega::pypi {
namespace {

bool same_version(std::string_view a, std::string_view b) {
  const auto left = Version::parse(a);
  const auto right = Version::parse(b);
  return left && right && *left == *right;
}

template <class Row>
void sort_by_name(std::vector<Row>& rows) {
  std::sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.filename < b.filename; });
}

Result<std::optional<catalog::ReleaseRow>> find_release(catalog::Reader& reader, const std::string& index, const std::string& project,
                                                        const std::string& version) {
  auto exact = reader.release(index, project, version);
  if (exact) return std::optional(std::move(*exact));
  if (exact.error().code != Code::not_found) return fail(std::move(exact).error());
  auto all = reader.releases(index, project);
  if (!all && all.error().code == Code::not_found) return std::optional<catalog::ReleaseRow>();
  if (!all) return fail(std::move(all).error());
  for (auto& row : *all) {
    if (same_version(row.version, version)) return std::optional(std::move(row));
  }
  return std::optional<catalog::ReleaseRow>();
}

Result<void> add_files(catalog::Reader& reader, PushSource& source) {
  BODEGA_TRY(const auto files, reader.files(source.index, source.project));
  for (const auto& listed : files) {
    if (listed.version != source.version) continue;
    BODEGA_TRY(auto row, reader.file(source.index, listed.filename));
    source.files.push_back(std::move(row));
  }
  BODEGA_TRY(auto attachments, reader.attachments(source.index, source.project));
  for (auto& row : attachments) {
    if (row.version != source.version) continue;
    if (row.kind == catalog::AttachmentKind::doczip) {
      source.docs = std::move(row);  // the newest
    } else {
      source.results.push_back(std::move(row));
    }
  }
  sort_by_name(source.files);
  sort_by_name(source.results);
  return {};
}

void set_key(ReleaseMetadata& metadata, std::string_view key, const std::string& value) { metadata.set(*find_metadata_key(key), {value}); }

}  // namespace

std::vector<Digest> PushSource::digests() const {
  std::vector<Digest> out;
  for (const auto& file : files) out.push_back(file.digest);
  for (const auto& result : results) out.push_back(result.digest);
  if (docs) out.push_back(docs->digest);
  return out;
}

Result<std::optional<PushSource>> hosted_source(catalog::Reader& reader, const std::string& index, const std::string& project,
                                                const std::string& version) {
  BODEGA_TRY(const auto release, find_release(reader, index, project, version));
  if (!release) return std::optional<PushSource>();
  PushSource source;
  source.index = index;
  source.project = project;
  source.version = release->version;
  BODEGA_TRY(const auto row, reader.project(index, project));
  source.display = row.display;
  BODEGA_TRY(source.metadata, ReleaseMetadata::parse(release->metadata_json));
  BODEGA_TRY_VOID(add_files(reader, source));
  return std::optional(std::move(source));
}

Result<void> check_unchanged(catalog::Reader& reader, const PushSource& source) {
  const auto check = [](const auto& row, const auto& now) -> Result<void> {
    if (now && now->digest == row.digest) return {};
    if (!now && now.error().code != Code::not_found) return fail(now.error());
    return fail(Code::conflict, row.filename + " was changed on " + row.index + " meanwhile; push again");
  };
  for (const auto& row : source.files) BODEGA_TRY_VOID(check(row, reader.file(row.index, row.filename)));
  for (const auto& row : source.results) BODEGA_TRY_VOID(check(row, reader.attachment(row.index, row.filename)));
  if (source.docs) BODEGA_TRY_VOID(check(*source.docs, reader.attachment(source.docs->index, source.docs->filename)));
  return {};
}

std::vector<PageFile> files_of_version(const ProjectPage& page, const std::string& version) {
  std::vector<PageFile> found;
  for (const auto& file : page.files) {
    const auto is = file_version(file.filename, page.name);
    if (is && (*is == version || same_version(*is, version))) found.push_back(file);
  }
  sort_by_name(found);
  return found;
}

std::string spelt_version(const std::vector<PageFile>& files, const std::string& project, const std::string& version) {
  std::string first;
  for (const auto& file : files) {
    auto spelt = file_version(file.filename, project).value_or(version);
    if (spelt == version) return version;
    if (first.empty()) first = std::move(spelt);
  }
  return first;
}

void add_mirrored(PushSource& into, MirroredFile file, WallTime now) {
  catalog::FileRow row;
  row.index = into.index;
  row.project = into.project;
  row.version = into.version;
  row.filename = file.listed.filename;
  row.digest = file.digest;
  row.size = file.size;
  row.uploaded_at = parse_rfc3339(file.listed.upload_time).value_or(now);
  row.requires_python = file.listed.requires_python.value_or("");
  row.yanked = file.listed.yanked;
  set_key(into.metadata, "name", into.display);
  if (!row.requires_python.empty()) set_key(into.metadata, "requires_python", row.requires_python);
  if (file.inspected && !file.inspected->metadata.empty()) {
    auto& inside = *file.inspected;
    into.metadata.merge(metadata_of(inside, UploadForm()));
    into.display = inside.name;
    row.requires_python = inside.requires_python;
    if (inside.kind == FileKind::wheel) {
      row.metadata_digest = Digest::of(inside.metadata);
      row.metadata = std::move(inside.metadata);
    }
  }
  // One version for all files, however each spells it.
  set_key(into.metadata, "version", into.version);
  if (row.yanked) {
    // devpi tells it in the release's metadata.
    auto yanked = Json::object();
    yanked.set("yanked", row.yanked->empty() ? Json(true) : Json(*row.yanked));
    const auto value = ReleaseMetadata::parse(yanked.compact());
    if (value) into.metadata.merge(*value);
  }
  into.files.push_back(std::move(row));
}

void keep_parts(PushSource& source, PushParts parts) {
  if (parts == PushParts::no_docs) source.docs.reset();
  if (parts != PushParts::only_docs) return;
  source.files.clear();
  source.results.clear();
}

}  // namespace bodega::pypi
