#include "pypi/upload/attachments.h"

#include <algorithm>

#include "pypi/format/version.h"
#include "pypi/index/attachments.h"

namespace bodega::pypi {
namespace {

// Of one file. Everybody may post them by default, and each post reads the names of all: of a million the next one would take seconds.
constexpr std::size_t kMaxToxresults = 1000;

Result<std::string> newest_version(catalog::Reader& reader, const catalog::AttachmentRow& row) {
  BODEGA_TRY(const auto project, if_there(reader.project(row.index, row.project)));
  std::vector<std::string> versions;
  if (project) {
    BODEGA_TRY(const auto releases, reader.releases(row.index, row.project));
    for (const auto& release : releases) versions.push_back(release.version);
  }
  if (versions.empty()) {
    return fail(Code::invalid, "doczip has no version and '" + row.project + "' has no releases to derive one from");
  }
  sort_versions(versions);
  return versions.back();
}

}  // namespace

Result<Recorded> record_docs(catalog::Transaction& transaction, DocUpload& upload, catalog::Overwrite overwrite) {
  auto& row = upload.row;
  Recorded out;
  if (row.version.empty()) {
    BODEGA_TRY(row.version, newest_version(transaction, row));
  } else {
    BODEGA_TRY(out, merge_release(transaction, {row.index, row.project, row.version, {}}, upload.metadata, upload.display));
  }
  row.filename = doczip_name(row.project, row.version);
  BODEGA_TRY(const auto old, if_there(transaction.attachment(row.index, row.filename)));
  // "a-1" of version 2 and "a" of version 1-2 would share a name.
  if (old && (old->project != row.project || old->version != row.version)) {
    return fail(Code::conflict, row.filename + " is the documentation of another release");
  }
  row.log_json = upload_log(row.stored_by, row.index, row.stored_at, old ? std::optional(old->log_json) : std::nullopt);
  BODEGA_TRY(out.stored, transaction.put_attachment(row, overwrite));
  if (out.stored == catalog::Stored::replaced) out.lost.push_back(old->digest);
  return out;
}

Result<void> record_toxresult(catalog::Transaction& transaction, catalog::AttachmentRow& row, const Digest& tested) {
  BODEGA_TRY(const auto file, transaction.file(row.index, row.for_file));
  if (file.digest != tested) return fail(Code::not_found, row.for_file + " has been replaced");
  row.project = file.project;
  row.version = file.version;
  BODEGA_TRY(const auto others, transaction.attachments(row.index, row.project));
  auto number = static_cast<std::size_t>(
      std::count_if(others.begin(), others.end(), [&row](const catalog::AttachmentRow& other) { return other.for_file == row.for_file; }));
  if (number >= kMaxToxresults) {
    return fail(Code::too_large, row.for_file + " has " + std::to_string(number) +
                                     " test results, and this server keeps no more of one file; delete some first");
  }
  const auto taken = [&others](const std::string& name) {
    return std::any_of(others.begin(), others.end(), [&name](const catalog::AttachmentRow& other) { return other.filename == name; });
  };
  // devpi's number says how many there are; after a removal within the second that name may be taken.
  do row.filename = toxresult_name(row.for_file, row.stored_at, number++);
  while (taken(row.filename));
  row.log_json = upload_log(row.stored_by, row.index, row.stored_at, std::nullopt);
  BODEGA_TRY_VOID(transaction.put_attachment(row, catalog::Overwrite::no));
  return {};
}

}  // namespace bodega::pypi
