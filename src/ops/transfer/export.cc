#include "ops/transfer/export.h"

#include <map>

#include "ops/transfer/export_directory.h"
#include "ops/transfer/export_entries.h"
#include "ops/transfer/export_mirror.h"
#include "pypi/index/index_config.h"

namespace bodega::ops {
namespace {

using catalog::AttachmentKind;
using pypi::Json;

constexpr std::string_view kDumpVersion = "2";
constexpr std::string_view kDevpiVersion = "6.20.3";  // whose dump this is like

// The members of an object or the items of an array, one a line.
class Lines {
 public:
  std::string_view next() { return std::exchange(first_, false) ? "\n" : ",\n"; }

 private:
  bool first_ = true;
};

std::string literal(std::string_view text) { return Json(text).compact(); }

class Run {
 public:
  Run(catalog::Reader& reader, catalog::CacheReader& cache, store::BlobStore& store, const ExportOptions& options, ExportDirectory& out,
      ExportProgress& progress, const std::function<void(const std::string&)>& say)
      : reader_(reader), cache_(cache), store_(store), options_(options), out_(out), progress_(progress), say_(say) {}

  Result<ExportReport> all() {
    BODEGA_TRY_VOID(out_.write("{\n\"dumpversion\": " + literal(kDumpVersion) + ",\n\"devpi_server\": " + literal(kDevpiVersion) +
                               ",\n\"exported_by\": " + literal(options_.program) + ",\n\"users\": {"));
    BODEGA_TRY_VOID(users());
    BODEGA_TRY_VOID(out_.write("\n},\n\"indexes\": {"));
    BODEGA_TRY_VOID(indexes());
    BODEGA_TRY_VOID(out_.write("\n}\n}\n"));
    BODEGA_TRY_VOID(out_.finish());
    return report_;
  }

 private:
  Result<void> users() {
    BODEGA_TRY(const auto users, reader_.users());
    Lines lines;
    for (const auto& user : users) {
      BODEGA_TRY(const auto entry, user_entry(user));
      BODEGA_TRY_VOID(out_.write(std::string(lines.next()) + literal(user.name) + ": " + entry.compact()));
      ++report_.users;
    }
    return {};
  }

  Result<void> indexes() {
    BODEGA_TRY(const auto indexes, reader_.indexes());
    Lines lines;
    for (const auto& index : indexes) {
      BODEGA_TRY(const auto config, pypi::load_index_config(index.user, index.name, index.options_json));
      BODEGA_TRY_VOID(out_.write(std::string(lines.next()) + literal(index.key()) + ": {\n\"indexconfig\": " + config.options.compact()));
      const auto before = report_;
      index_ = index.key();
      folder_ = std::filesystem::path(folder_of(index.user)) / folder_of(index.name);
      if (!config.is_mirror()) BODEGA_TRY_VOID(stage());
      if (config.is_mirror() && options_.mirrored == MirroredFiles::include) BODEGA_TRY_VOID(mirror());
      BODEGA_TRY_VOID(out_.write("}"));
      ++report_.indexes;
      say_(index_ + ": " + std::to_string(report_.projects - before.projects) + " projects, " +
           std::to_string(report_.files - before.files) + " files");
    }
    return {};
  }

  // ---- A stage: everything in it. Twice through its projects, because the dump has all metadata before the first file. ----

  Result<void> stage() {
    BODEGA_TRY(const auto projects, reader_.projects(index_));
    BODEGA_TRY_VOID(out_.write(",\n\"projects\": {"));
    Lines lines;
    for (const auto& project : projects) BODEGA_TRY_VOID(metadata(project, lines));
    BODEGA_TRY_VOID(out_.write("\n},\n\"files\": ["));
    files_ = Lines();
    for (const auto& project : projects) BODEGA_TRY_VOID(hosted(project));
    return out_.write("\n]");
  }

  Result<void> metadata(const catalog::ProjectRow& project, Lines& lines) {
    BODEGA_TRY(const auto releases, reader_.releases(index_, project.name));
    BODEGA_TRY_VOID(out_.write(std::string(lines.next()) + literal(project.name) + ": {"));
    Lines versions;
    for (const auto& release : releases) {
      auto entry = release_entry(release, project.display);
      if (!entry) return fail(std::move(entry).error().with_context(index_ + " " + project.name + " " + release.version));
      BODEGA_TRY_VOID(out_.write(std::string(versions.next()) + literal(release.version) + ": " + entry->compact()));
      ++report_.releases;
    }
    ++report_.projects;
    return out_.write("}");
  }

  Result<void> hosted(const catalog::ProjectRow& project) {
    BODEGA_TRY(const auto files, reader_.files(index_, project.name));
    std::map<std::string, Digest> tested;  // by file name; of the files that are in the dump
    for (const auto& file : files) {
      FileEntry entry{"releasefile", file.project, file.version, {}, file.digest, file.uploaded_at, file.log_json, {}, {}};
      BODEGA_TRY(const bool there, add(std::move(entry), folder_ / folder_of(file.project) / folder_of(file.version), file.filename));
      if (!there) continue;
      tested.emplace(file.filename, file.digest);
      if (file.yanked) ++report_.yanked;
    }
    BODEGA_TRY(const auto attachments, reader_.attachments(index_, project.name));
    for (const auto& attachment : attachments) BODEGA_TRY_VOID(attached(attachment, tested));
    return {};
  }

  Result<void> attached(const catalog::AttachmentRow& row, const std::map<std::string, Digest>& tested) {
    FileEntry entry{"doczip", row.project, row.version, {}, row.digest, row.stored_at, row.log_json, {}, {}};
    auto folder = folder_;
    if (row.kind == AttachmentKind::toxresult) {
      const auto file = tested.find(row.for_file);
      // devpi-import stops at a result whose file it has not got.
      if (file == tested.end()) return left_out(row.filename, "the file it tests is not in the dump");
      entry.type = "toxresult";
      entry.for_entrypath = entrypath(index_, file->second, row.for_file);
      folder = folder_ / folder_of(row.project) / ("sha256=" + file->second.hex());
    }
    BODEGA_TRY([[maybe_unused]] const bool there, add(std::move(entry), folder, row.filename));
    return {};
  }

  // ---- A mirror: what of its pages lies in the cache. ----

  Result<void> mirror() {
    BODEGA_TRY(const auto names, cache_.document_names(index_));
    BODEGA_TRY_VOID(out_.write(",\n\"projects\": {"));
    Lines lines;
    for (const auto& name : names) {
      BODEGA_TRY(const auto project, cached_project(reader_, cache_, index_, name));
      if (project.files.empty()) continue;
      BODEGA_TRY_VOID(out_.write(std::string(lines.next()) + literal(name) + ": " + project.versions.compact()));
      report_.releases += project.versions.members().size();
      ++report_.projects;
    }
    BODEGA_TRY_VOID(out_.write("\n},\n\"files\": ["));
    files_ = Lines();
    for (const auto& name : names) {
      BODEGA_TRY(auto project, cached_project(reader_, cache_, index_, name));
      for (auto& file : project.files) {
        const auto folder = folder_ / folder_of(name) / folder_of(file.entry.version);
        BODEGA_TRY([[maybe_unused]] const bool there, add(std::move(file.entry), folder, file.filename));
      }
    }
    return out_.write("\n]");
  }

  // ---- Either. ----

  // Whether the file is in the dump. It is left out, and told, when its bytes are not what they were.
  Result<bool> add(FileEntry entry, const std::filesystem::path& folder, const std::string& filename) {
    auto blob = store_.open(entry.digest);
    auto placed = blob ? out_.place(**blob, folder, filename, options_.placing) : fail(std::move(blob).error());
    if (!placed && (placed.error().code == Code::corrupt || placed.error().code == Code::not_found)) {
      const bool missing = placed.error().code == Code::not_found;
      BODEGA_TRY_VOID(left_out(filename, (missing ? "missing: " : "damaged: ") + entry.digest.hex()));
      return false;
    }
    if (!placed) return fail(std::move(placed).error());
    entry.path = std::move(placed->path);
    BODEGA_TRY_VOID(out_.write(std::string(files_.next()) + file_entry(entry).compact()));
    report_.bytes += (*blob)->size();
    report_.linked += placed->linked ? 1 : 0;
    progress_.files = ++report_.files;
    progress_.bytes = report_.bytes;
    return true;
  }

  Result<void> left_out(const std::string& filename, const std::string& why) {
    ++report_.damaged;
    say_("left out: " + index_ + " " + filename + " - " + why);
    return {};
  }

  catalog::Reader& reader_;
  catalog::CacheReader& cache_;
  store::BlobStore& store_;
  const ExportOptions& options_;
  ExportDirectory& out_;
  ExportProgress& progress_;
  const std::function<void(const std::string&)>& say_;
  std::string index_;             // the one being written, "user/name"
  std::filesystem::path folder_;  // and its folder
  Lines files_;                   // of its files
  ExportReport report_;
};

Result<void> add_volume(catalog::Reader& reader, const std::string& index, ExportVolume& out) {
  const auto add = [&out](const auto& rows) {
    out.files += rows.size();
    for (const auto& row : rows) out.bytes += row.size;
  };
  BODEGA_TRY(const auto projects, reader.projects(index));
  for (const auto& project : projects) {
    BODEGA_TRY(const auto files, reader.files(index, project.name));
    add(files);
    BODEGA_TRY(const auto attachments, reader.attachments(index, project.name));
    add(attachments);
  }
  return {};
}

}  // namespace

Result<ExportVolume> export_volume(catalog::Catalog& catalog, MirroredFiles mirrored) {
  ExportVolume out;
  BODEGA_TRY_VOID(catalog.read_now([&out](catalog::Reader& reader) -> Result<void> {
    BODEGA_TRY(const auto indexes, reader.indexes());
    for (const auto& index : indexes) BODEGA_TRY_VOID(add_volume(reader, index.key(), out));
    return {};
  }));
  if (mirrored == MirroredFiles::leave_out) return out;
  BODEGA_TRY_VOID(catalog.read_cache_now([&out](catalog::CacheReader& reader) -> Result<void> {
    BODEGA_TRY(const auto totals, reader.totals());
    out.files += totals.blobs;
    out.bytes += totals.bytes;
    return {};
  }));
  return out;
}

Result<ExportReport> export_devpi(catalog::Catalog& catalog, store::BlobStore& store, const ExportOptions& options,
                                  ExportProgress& progress, const std::function<void(const std::string&)>& say) {
  BODEGA_TRY(const auto out, ExportDirectory::create(options.directory));
  ExportReport report;
  BODEGA_TRY_VOID(catalog.read_now([&](catalog::Reader& reader) {
    return catalog.read_cache_now([&](catalog::CacheReader& cache) -> Result<void> {
      BODEGA_TRY(report, Run(reader, cache, store, options, *out, progress, say).all());
      return {};
    });
  }));
  return report;
}

}  // namespace bodega::ops
