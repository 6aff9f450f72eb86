// What an upload leaves in the catalog. Runs inside the catalog's functions: no waiting, no disk.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "catalog/catalog.h"
#include "pypi/upload/upload_form.h"
#include "pypi/upload/upload_metadata.h"

namespace bodega::pypi {

// A file that may go into the catalog as soon as its bytes are durable.
struct CheckedUpload {
  catalog::FileRow file;     // but for uploaded_* and log_json
  ReleaseMetadata metadata;  // of the file and its form
  std::string display;       // the project's name as its author writes it
};

struct Recorded {
  catalog::Stored stored = catalog::Stored::created;
  std::vector<Digest> lost;  // of what was replaced and went with it: one reference less
  bool new_project = false;
};

// Normal absence as nullopt.
template <class Row>
Result<std::optional<Row>> if_there(Result<Row> row) {
  if (row) return std::optional<Row>(std::move(*row));
  if (row.error().code == Code::not_found) return std::optional<Row>();
  return fail(std::move(row).error());
}

// Merges metadata over what the release has and registers a release that is not there. Only `new_project` of the answer is filled.
Result<Recorded> merge_release(catalog::Transaction& transaction, catalog::ReleaseRow release, const ReleaseMetadata& metadata,
                               const std::string& display);

// Whether putting the file where nothing is replaced would be a conflict, as far as can be seen now: saves making it durable. The
// transaction decides.
Result<bool> clashes(catalog::Reader& reader, const catalog::FileRow& file);

// The file and its metadata, merged over what the release has already. identical: nothing changed. conflict; not_found (index).
Result<Recorded> record_file(catalog::Transaction& transaction, const CheckedUpload& upload, catalog::Overwrite overwrite);

// A registration without a file: replaces the metadata.
Result<Recorded> record_release(catalog::Transaction& transaction, const std::string& index, const ReleaseName& name,
                                const ReleaseMetadata& metadata);

}  // namespace bodega::pypi
