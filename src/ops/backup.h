// Everything of ours in another directory, from which a server can be started: catalog.db of one moment and all files it refers to. What is
// cached stays out: it can be fetched again. Safe beside a running server: the data directory is only read.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "base/result.h"
#include "store/file_system.h"

namespace bodega::ops {

struct BackupReport {
  std::uint64_t files = 0;  // that the catalog refers to
  std::uint64_t bytes = 0;
  std::uint64_t already = 0;  // of these, there from an earlier backup into the same directory
  std::uint64_t damaged = 0;  // could not be copied: damaged or missing in the data directory
  std::uint64_t catalog_tries = 1;
};

// Blocks. A directory with an earlier backup gets what is new. Bytes first, record last: catalog.db in `target` is replaced when all its
// files are durable there, so one that was interrupted leaves the earlier backup usable. `say` gets a line for each damaged file.
Result<BackupReport> backup(store::FileSystem& file_system, const std::filesystem::path& data, const std::filesystem::path& target,
                            const std::function<void(const std::string&)>& say);

}  // namespace bodega::ops
