// Bytes that are thrown away at will (rendered pages), in a file without a name: nothing to sweep, nothing to find, gone with its last
// holder. Served by sendfile like a blob.
#pragma once

#include <filesystem>
#include <memory>
#include <string_view>

#include "async/file_source.h"
#include "base/result.h"

namespace bodega::store {

// Blocks. `directory` lies on the disk that should hold the bytes; a file system without O_TMPFILE gets a file that is unlinked at once.
Result<std::shared_ptr<const FileSource>> spool(const std::filesystem::path& directory, std::string_view bytes);

}  // namespace bodega::store
