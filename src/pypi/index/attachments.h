// Where documentation archives and test results are found: documentation by the first digits of its own digest, a test result beside the
// file that was tested.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "catalog/catalog.h"
#include "pypi/format/links.h"

namespace bodega::pypi {

// "hello-1.0.doc.zip"
std::string doczip_name(std::string_view project, std::string_view version);
// "{file}.toxresult-{YYYYmmddHHMMSS}-{number}", UTC
std::string toxresult_name(std::string_view file, WallTime when, std::size_t number);

// "+f/{3}/{13}/{filename}", relative to the index, not percent-encoded.
std::string hosted_path(const Digest& directory, std::string_view filename);

// The attachment that a link means; nullopt when there is none. Inside the catalog's functions.
Result<std::optional<catalog::AttachmentRow>> linked_attachment(catalog::Reader& reader, const std::string& index, const FileLink& link);

}  // namespace bodega::pypi
