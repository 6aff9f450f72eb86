// Start-up of the two databases: what is refused, what is made, what is set aside.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "base/time.h"
#include "catalog/catalog.h"
#include "catalog/migrations.h"
#include "catalog/sqlite/database.h"

namespace bodega::catalog {

Result<std::unique_ptr<sqlite::Database>> open_writer(const std::filesystem::path& file, sqlite::Synchronous synchronous);

// Neither the database nor a log of it has any bytes.
bool is_unmade(const std::filesystem::path& file);

// catalog.db: never made anew over data, never changed when it is damaged or newer.
Result<std::unique_ptr<sqlite::Database>> open_main(const std::filesystem::path& file, HadData had_data, WallTime now);

// cache.db: one that is damaged or a newer program's is set aside, and a new one made. `set_aside` hears why.
Result<std::unique_ptr<sqlite::Database>> open_cache(const std::filesystem::path& file, WallTime now,
                                                     const std::function<void(const std::string& why)>& set_aside);

// Renames it to <file>.damaged-<microseconds> with its -wal and -shm. Nothing may have it open. Made half, it can be done again.
Result<void> set_aside_database(const std::filesystem::path& file, WallTime now);

// Makes cache.db, durably, all but its name. Blocks; may run beside open_main(). name_cache() gives it that, and waits for no sync: a name
// that a power cut takes away again is made anew by the next start.
Result<void> make_cache_beforehand(const std::filesystem::path& file, WallTime now);
Result<void> name_cache(const std::filesystem::path& file);

}  // namespace bodega::catalog
