// Whether what was uploaded may become a file of the index: digests, archive, and whether file name, form and the metadata inside tell the
// same. Blocks: reads the file.
#pragma once

#include <string>

#include "pypi/format/archive.h"
#include "pypi/upload/upload_body.h"
#include "pypi/upload/upload_record.h"

namespace bodega::pypi {

// `body` has a file, of whose name check_upload_filename() thinks well. invalid, with a sentence for the uploader.
Result<CheckedUpload> check_upload(const std::string& index, const ReleaseName& name, UploadBody& body);

// The metadata inside is the truth, whatever the form says; of the form counts what no archive holds, or all where the archive's inside is
// not read. Pure.
ReleaseMetadata metadata_of(const Inspected& inspected, const UploadForm& form);

// invalid when form and archive mean different releases. Pure.
Result<void> check_agreement(const ReleaseName& form, const Inspected& inspected);

}  // namespace bodega::pypi
