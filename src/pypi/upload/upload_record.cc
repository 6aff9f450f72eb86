#include "pypi/upload/upload_record.h"

namespace bodega::pypi {

Result<bool> clashes(catalog::Reader& reader, const catalog::FileRow& file) {
  BODEGA_TRY(const auto there, if_there(reader.file(file.index, file.filename)));
  return there && there->digest != file.digest;
}

Result<Recorded> merge_release(catalog::Transaction& transaction, catalog::ReleaseRow release, const ReleaseMetadata& metadata,
                               const std::string& display) {
  BODEGA_TRY(const auto project, if_there(transaction.project(release.index, release.project)));
  BODEGA_TRY(const auto old, if_there(transaction.release(release.index, release.project, release.version)));
  ReleaseMetadata merged;
  if (old) {
    BODEGA_TRY(merged, ReleaseMetadata::parse(old->metadata_json));
  }
  merged.merge(metadata);
  release.metadata_json = merged.json();
  BODEGA_TRY_VOID(transaction.put_release(release, display));
  Recorded out;
  out.new_project = !project;
  return out;
}

Result<Recorded> record_file(catalog::Transaction& transaction, const CheckedUpload& upload, catalog::Overwrite overwrite) {
  catalog::FileRow file = upload.file;
  BODEGA_TRY(const auto old, if_there(transaction.file(file.index, file.filename)));
  if (old && old->digest == file.digest) {
    Recorded same;
    same.stored = catalog::Stored::identical;
    return same;
  }
  std::vector<Digest> lost;
  if (old) {
    BODEGA_TRY(const auto attachments, transaction.attachments(file.index, old->project));
    lost.push_back(old->digest);
    for (const auto& attachment : attachments) {
      if (attachment.for_file == file.filename) lost.push_back(attachment.digest);
    }
  }
  file.log_json = upload_log(file.uploaded_by, file.index, file.uploaded_at, old ? std::optional(old->log_json) : std::nullopt);
  BODEGA_TRY(Recorded out, merge_release(transaction, {file.index, file.project, file.version, {}}, upload.metadata, upload.display));
  BODEGA_TRY(out.stored, transaction.put_file(file, overwrite));
  out.lost = std::move(lost);
  return out;
}

Result<Recorded> record_release(catalog::Transaction& transaction, const std::string& index, const ReleaseName& name,
                                const ReleaseMetadata& metadata) {
  Recorded out;
  BODEGA_TRY(const auto project, if_there(transaction.project(index, name.project)));
  const catalog::ReleaseRow row{index, name.project, name.version, metadata.json()};
  BODEGA_TRY_VOID(transaction.put_release(row, name.name));
  out.new_project = !project;
  return out;
}

}  // namespace bodega::pypi
