// What an upload of documentation or of a test result leaves in the catalog. Runs inside the catalog's functions: no waiting, no disk.
#pragma once

#include <optional>
#include <string>

#include "catalog/catalog.h"
#include "pypi/upload/upload_metadata.h"
#include "pypi/upload/upload_record.h"

namespace bodega::pypi {

// Documentation that may go into the catalog as soon as its bytes are durable.
struct DocUpload {
  catalog::AttachmentRow row;  // but for filename and log_json; without a version it is the newest release's
  ReleaseMetadata metadata;    // what the form says of the release; not looked at without a version
  std::string display;         // the project's name as sent
};

// Merges the metadata, and registers the release when it is not there. conflict; invalid: no version and no release; not_found (index).
Result<Recorded> record_docs(catalog::Transaction& transaction, DocUpload& upload, catalog::Overwrite overwrite);

// Fills in the name, the project and the version. `row.for_file` is the name of the tested file, whose digest must still be `tested`:
// not_found.
Result<void> record_toxresult(catalog::Transaction& transaction, catalog::AttachmentRow& row, const Digest& tested);

}  // namespace bodega::pypi
