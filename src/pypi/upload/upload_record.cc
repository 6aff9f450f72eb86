#include "pypi/upload/upload_record.h"

namespace bodega::pypi {
namespace {

// Normal absence as nullopt.
template <class Row>
Result<std::optional<Row>> if_there(Result<Row> row) {
  if (row) return std::optional<Row>(std::move(*row));
  if (row.error().code == Code::not_found) return std::optional<Row>();
  return fail(std::move(row).error());
}

}  // namespace

Result<bool> clashes(catalog::Reader& reader, const catalog::FileRow& file, catalog::Overwrite overwrite) {
  if (overwrite == catalog::Overwrite::yes) return false;
  BODEGA_TRY(const auto there, if_there(reader.file(file.index, file.filename)));
  return there && there->digest != file.digest;
}

Result<Recorded> record_file(catalog::Transaction& transaction, const CheckedUpload& upload, catalog::Overwrite overwrite) {
  catalog::FileRow file = upload.file;
  BODEGA_TRY(const auto old, if_there(transaction.file(file.index, file.filename)));
  Recorded out;
  if (old && old->digest == file.digest) {
    out.stored = catalog::Stored::identical;
    return out;
  }
  BODEGA_TRY(const auto project, if_there(transaction.project(file.index, file.project)));
  BODEGA_TRY(const auto release, if_there(transaction.release(file.index, file.project, file.version)));
  ReleaseMetadata metadata;
  if (release) {
    BODEGA_TRY(metadata, ReleaseMetadata::parse(release->metadata_json));
  }
  metadata.merge(upload.metadata);
  file.log_json = upload_log(file.uploaded_by, file.index, file.uploaded_at, old ? std::optional(old->log_json) : std::nullopt);
  const catalog::ReleaseRow row{file.index, file.project, file.version, metadata.json()};
  BODEGA_TRY_VOID(transaction.put_release(row, upload.display));
  BODEGA_TRY(out.stored, transaction.put_file(file, overwrite));
  if (old) out.replaced = old->digest;
  out.new_project = !project;
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
