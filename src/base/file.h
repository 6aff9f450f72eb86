// Files of somebody's: configuration, secrets, facts of the kernel. The store and the catalog have their own ways (store/, catalog/).
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

#include "base/result.h"

namespace bodega {

inline constexpr std::size_t kSmallFile = 1 << 20;

// A file whole, in memory. One of more than `most` bytes, which a device may be, is Code::too_large; one that fails while it is read is an
// error and never a part. Blocks.
Result<std::string> read_small_file(const std::filesystem::path& path, std::size_t most = kSmallFile);

}  // namespace bodega
