#include "ops/transfer/import_record.h"

#include <algorithm>

#include "ops/transfer/devpi_values.h"
#include "pypi/format/filename.h"
#include "pypi/format/names.h"
#include "pypi/upload/upload_check.h"
#include "pypi/upload/upload_record.h"

namespace bodega::ops {
namespace {

using catalog::Overwrite;
using catalog::Transaction;

// Writes a row that may be there already.
Result<void> put(Result<void> inserted, const std::function<Result<void>()>& update) {
  if (inserted || inserted.error().code != Code::conflict) return inserted;
  return update();
}

class Recorder {
 public:
  Recorder(Transaction& transaction, WallTime now, std::vector<Finding>& findings)
      : transaction_(transaction), now_(now), findings_(findings) {}

  Result<void> release(const ReleaseRecord& release, std::deque<Arrival>& files) {
    BODEGA_TRY_VOID(
        transaction_.put_release({release.index, release.project, release.version, release.metadata.compact()}, release.display));
    for (auto& arrival : files) {
      if (arrival.staged && arrival.file.role == Role::release) BODEGA_TRY_VOID(file(release, arrival));
    }
    for (auto& arrival : files) {
      if (arrival.staged && arrival.file.role != Role::release) BODEGA_TRY_VOID(attachment(release, arrival));
    }
    return {};
  }

  Result<void> loose(const std::string& index, Arrival& arrival) {
    if (!arrival.staged || !arrival.inside) return {};
    const auto& inside = *arrival.inside;
    pypi::CheckedUpload upload;
    upload.metadata = pypi::metadata_of(inside, pypi::UploadForm(pypi::FormLimits{}));
    upload.display = inside.name;
    upload.file = row_of(arrival);
    upload.file.index = index;
    upload.file.project = pypi::normalize_name(inside.name);
    upload.file.version = inside.version;
    upload.file.uploaded_by = index.substr(0, index.find('/'));
    auto recorded = pypi::record_file(transaction_, upload, Overwrite::no);
    return recorded ? Result<void>() : refuse(index, arrival, std::move(recorded).error());
  }

 private:
  catalog::FileRow row_of(const Arrival& arrival) const {
    catalog::FileRow row;
    row.filename = arrival.file.filename;
    row.digest = arrival.staged->digest;
    row.size = arrival.staged->size;
    row.uploaded_at = arrival.file.modified.value_or(now_);
    if (!arrival.inside) return row;
    row.requires_python = arrival.inside->requires_python;
    if (arrival.inside->kind == pypi::FileKind::wheel) {
      row.metadata = arrival.inside->metadata;
      row.metadata_digest = Digest::of(arrival.inside->metadata);
    }
    return row;
  }

  std::string log_of(const ReleaseRecord& release, const FileRecord& file) const {
    return file.log_json.empty() ? pypi::upload_log("<import>", release.index, now_, std::nullopt) : file.log_json;
  }

  Result<void> file(const ReleaseRecord& release, Arrival& arrival) {
    catalog::FileRow row = row_of(arrival);
    row.index = release.index;
    row.project = release.project;
    row.version = release.version;
    row.log_json = log_of(release, arrival.file);
    row.uploaded_by = uploader_of(row.log_json);
    // What devpi's pages show is what the metadata of the release says.
    if (const auto wanted = release.metadata.text("requires_python"); !wanted.empty()) row.requires_python = wanted;
    auto stored = transaction_.put_file(row, Overwrite::no);
    return stored ? Result<void>() : refuse(release.index, arrival, std::move(stored).error());
  }

  Result<void> attachment(const ReleaseRecord& release, Arrival& arrival) {
    catalog::AttachmentRow row;
    row.index = release.index;
    row.project = release.project;
    row.version = release.version;
    row.kind = arrival.file.role == Role::doczip ? catalog::AttachmentKind::doczip : catalog::AttachmentKind::toxresult;
    row.filename = arrival.file.filename;
    row.for_file = arrival.file.for_file;
    row.digest = arrival.staged->digest;
    row.size = arrival.staged->size;
    row.stored_at = arrival.file.modified.value_or(now_);
    row.log_json = log_of(release, arrival.file);
    row.stored_by = uploader_of(row.log_json);
    auto stored = transaction_.put_attachment(row, Overwrite::no);
    return stored ? Result<void>() : refuse(release.index, arrival, std::move(stored).error());
  }

  // A clash is a finding; anything else is the end.
  Result<void> refuse(const std::string& index, Arrival& arrival, Error error) {
    if (error.code != Code::conflict && error.code != Code::not_found && error.code != Code::invalid) return fail(std::move(error));
    arrival.refused = true;
    findings_.push_back({Finding::Kind::skipped, index + "/" + arrival.file.filename, error.message});
    return {};
  }

  Transaction& transaction_;
  const WallTime now_;
  std::vector<Finding>& findings_;
};

Result<void> record_file_of_mirror(catalog::CacheTransaction& transaction, const pypi::ProjectPage& page, const Arrival& arrival,
                                   WallTime now) {
  const auto& staged = *arrival.staged;
  BODEGA_TRY_VOID(transaction.put_cached({staged.digest, staged.size, std::min(arrival.file.modified.value_or(now), now)}));
  const auto listed =
      std::find_if(page.files.begin(), page.files.end(), [&arrival](const auto& file) { return file.url == arrival.file.url; });
  if (listed == page.files.end() || listed->sha256() != nullptr) return {};
  // The server finds it by its URL then.
  return transaction.put_located({arrival.file.url, staged.digest, staged.size, !listed->hashes.empty()});
}

Result<void> record_mirror(catalog::CacheTransaction& transaction, const MirrorRecord& mirror, const std::deque<Arrival>& files,
                           WallTime now) {
  catalog::DocumentRow document;
  document.index = mirror.index;
  document.name = mirror.page.name;
  document.fetched_at = now;
  // Old: the first who asks makes the server ask the upstream, and while that is out of reach this is what there is.
  document.expires_at = WallTime{};
  document.changed_at = now;
  document.upstream_serial = mirror.page.last_serial;
  // No ETag: devpi keeps less of a page than the upstream tells, and "not changed" would leave it at that.
  document.body = pypi::encode_page(mirror.page);
  BODEGA_TRY_VOID(transaction.put_document(document));
  for (const auto& arrival : files) {
    if (arrival.staged) BODEGA_TRY_VOID(record_file_of_mirror(transaction, mirror.page, arrival, now));
  }
  return {};
}

}  // namespace

Result<void> record_accounts(Transaction& transaction, const Accounts& accounts) {
  for (const auto& user : accounts.users) {
    BODEGA_TRY_VOID(put(transaction.insert_user(user), [&] { return transaction.update_user(user); }));
  }
  for (const auto& index : accounts.indexes) {
    BODEGA_TRY_VOID(put(transaction.insert_index(index), [&] { return transaction.update_index(index); }));
  }
  if (accounts.uuid.empty()) return {};
  return transaction.set_setting("uuid", accounts.uuid);
}

Result<void> record_hosted(Transaction& transaction, Batch& batch, WallTime now, std::vector<Finding>& findings) {
  Recorder recorder(transaction, now, findings);
  for (auto& parcel : batch.parcels) {
    if (const auto* release = std::get_if<ReleaseRecord>(&parcel.record)) BODEGA_TRY_VOID(recorder.release(*release, parcel.files));
    if (const auto* loose = std::get_if<LooseRecord>(&parcel.record)) {
      for (auto& arrival : parcel.files) BODEGA_TRY_VOID(recorder.loose(loose->index, arrival));
    }
  }
  return {};
}

Result<void> record_cached(catalog::CacheTransaction& transaction, const Batch& batch, WallTime now) {
  for (const auto& parcel : batch.parcels) {
    if (const auto* mirror = std::get_if<MirrorRecord>(&parcel.record)) {
      BODEGA_TRY_VOID(record_mirror(transaction, *mirror, parcel.files, now));
    }
  }
  return {};
}

}  // namespace bodega::ops
