// A copy of a database that others may be using: SQLite's online backup over a read-only connection, which neither writes nor checkpoints
// the original. For backups; never from within a process that has the original open (docs/formats/catalog.md says why).
#pragma once

#include <cstdint>
#include <filesystem>
#include <utility>
#include <vector>

#include "base/digest.h"
#include "base/result.h"

namespace bodega::catalog {

// One moment of `from`, as one file without a log. `to` is replaced; not synced. Blocks. The errors' messages name the files.
Result<void> copy_database(const std::filesystem::path& from, const std::filesystem::path& to);

struct Reference {
  Digest digest;
  std::uint64_t size = 0;
};
// Every blob that a copy of catalog.db refers to, by digest.
Result<std::vector<Reference>> references_of(const std::filesystem::path& copy);

}  // namespace bodega::catalog
