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

// catalog.db: never made anew over data, never changed when it is damaged or newer.
Result<std::unique_ptr<sqlite::Database>> open_main(const std::filesystem::path& file, HadData had_data, WallTime now);

// cache.db: one that is damaged or a newer program's is renamed to cache.db.damaged-<microseconds> with its -wal and -shm, and a new one
// made. `set_aside` hears why. Trust::none: it was found damaged while in use; nothing has it open any more.
enum class Trust { as_found, none };
Result<std::unique_ptr<sqlite::Database>> open_cache(const std::filesystem::path& file, WallTime now, Trust trust,
                                                     const std::function<void(const std::string& why)>& set_aside);

}  // namespace bodega::catalog
