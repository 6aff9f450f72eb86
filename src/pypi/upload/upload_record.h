// What an upload leaves in the catalog. Runs inside the catalog's functions: no waiting, no disk.
#pragma once

#include <optional>
#include <string>

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
  std::optional<Digest> replaced;  // of the file that stood under the name
  bool new_project = false;
};

// Whether putting the file would be a conflict, as far as can be seen now: saves making it durable. The transaction decides.
Result<bool> clashes(catalog::Reader& reader, const catalog::FileRow& file, catalog::Overwrite overwrite);

// The file and its metadata, merged over what the release has already. identical: nothing changed. conflict; not_found (index).
Result<Recorded> record_file(catalog::Transaction& transaction, const CheckedUpload& upload, catalog::Overwrite overwrite);

// A registration without a file: replaces the metadata.
Result<Recorded> record_release(catalog::Transaction& transaction, const std::string& index, const ReleaseName& name,
                                const ReleaseMetadata& metadata);

}  // namespace bodega::pypi
