// Brings a database forward to the schema this program knows. A migration that was released is never edited: its checksum is recorded.
#pragma once

#include <span>
#include <string_view>

#include "base/time.h"
#include "catalog/sqlite/database.h"

namespace bodega::catalog {

struct Migration {
  int number;            // 1, 2, 3, ...
  std::string_view sql;  // any number of statements, run in one transaction with the record of the migration
};

struct Schema {
  std::string_view file;  // "catalog.db", for messages
  std::int32_t application_id;
  std::span<const Migration> migrations;
};

extern const Schema kMainSchema;
extern const Schema kCacheSchema;

enum class Origin { fresh, existing };

// What lies in an open database. fresh: nothing at all. corrupt: not a database, another program's, or one whose tables cannot be read at
// their roots. conflict: a newer schema, or a migration that differs from ours; the message says what to do. Cost does not grow with the
// amount of data.
Result<Origin> inspect(sqlite::Database& database, const Schema& schema);

// Runs what is missing. After inspect(). On an error the database is as after the last migration that succeeded.
Result<void> migrate(sqlite::Database& database, const Schema& schema, WallTime now);

}  // namespace bodega::catalog
