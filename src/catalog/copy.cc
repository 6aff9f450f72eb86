#include "catalog/copy.h"

#include <string>
#include <system_error>

#include "catalog/main_reader.h"
#include "catalog/sqlite/online_backup.h"

namespace bodega::catalog {

namespace fs = std::filesystem;

Result<void> copy_database(const fs::path& from, const fs::path& to) {
  for (const char* const part : {"", "-wal", "-shm", "-journal"}) {
    std::error_code failed;
    fs::remove(fs::path(to) += part, failed);
    if (failed) return fail(Code::io, "cannot remove " + to.string() + part + ": " + failed.message());
  }
  return sqlite::online_backup(from, to);
}

Result<std::vector<Reference>> references_of(const fs::path& copy) {
  BODEGA_TRY(const auto database, sqlite::Database::open({.file = copy, .access = sqlite::Access::reader}));
  std::vector<Reference> found;
  MainReader<Reader> reader(*database);
  BODEGA_TRY_VOID(reader.each_hosted([&found](const Digest& digest, std::uint64_t size) { found.push_back({digest, size}); }));
  return found;
}

}  // namespace bodega::catalog
