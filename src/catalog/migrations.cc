#include "catalog/migrations.h"

#include <string>
#include <vector>

#include "base/check.h"
#include "base/digest.h"

namespace bodega::catalog {
namespace {

using sqlite::Database;

constexpr char kMigrationsTable[] =
    "CREATE TABLE migrations(number INTEGER PRIMARY KEY, checksum TEXT NOT NULL, applied_at INTEGER NOT NULL) STRICT;";

Result<std::int64_t> integer_of(Database& database, const char* sql) {
  BODEGA_TRY(auto statement, database.query(sql));
  BODEGA_TRY(const bool row, statement.step());
  return row ? statement.integer(0) : 0;
}

tl::unexpected<Error> damaged(const Schema& schema, std::string why) {
  return fail(Code::corrupt, std::string(schema.file) + " is damaged", std::move(why));
}

// Reads the root page of every table and index: a file whose parts are gone is found now and not by the first user.
Result<void> touch_roots(Database& database, const Schema& schema) {
  std::vector<std::string> tables;
  {
    BODEGA_TRY(auto statement, database.query("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"));
    for (;;) {
      BODEGA_TRY(const bool row, statement.step());
      if (!row) break;
      tables.push_back(statement.text(0));
    }
  }
  for (const auto& table : tables) {
    if (table.find('"') != std::string::npos) return damaged(schema, "a table of ours is not named like that");
    BODEGA_TRY_VOID(database.script("SELECT 1 FROM \"" + table + "\" LIMIT 1"));
  }
  return {};
}

Result<void> check_recorded(Database& database, const Schema& schema, std::int64_t version) {
  BODEGA_TRY(auto statement, database.query("SELECT number, checksum FROM migrations ORDER BY number"));
  for (std::int64_t expected = 1; expected <= version; ++expected) {
    BODEGA_TRY(const bool row, statement.step());
    if (!row || statement.integer(0) != expected) return damaged(schema, "the record of migrations has a gap");
    const auto& known = schema.migrations[static_cast<std::size_t>(expected - 1)];
    if (statement.view(1) != Digest::of(known.sql).hex()) {
      return fail(Code::conflict, std::string(schema.file) + " was made by another build of Bodega (its schema step " +
                                      std::to_string(expected) + " differs). Start the build that made it, or restore a backup.");
    }
  }
  return {};
}

}  // namespace

Result<Origin> inspect(Database& database, const Schema& schema) {
  BODEGA_TRY(const auto entries, integer_of(database, "SELECT count(*) FROM sqlite_schema"));
  BODEGA_TRY(const auto application, integer_of(database, "PRAGMA application_id"));
  BODEGA_TRY(const auto version, integer_of(database, "PRAGMA user_version"));
  if (entries == 0 && application == 0 && version == 0) return Origin::fresh;
  if (application != schema.application_id) return damaged(schema, "the application id is not ours");
  const auto known = static_cast<std::int64_t>(schema.migrations.size());
  if (version > known) {
    return fail(Code::conflict, std::string(schema.file) + " was written by a newer Bodega (schema " + std::to_string(version) +
                                    ", this program knows up to " + std::to_string(known) +
                                    "). Start that newer version again, or restore a backup made by this one. Nothing was changed.");
  }
  if (version < 1) return damaged(schema, "no schema version");
  BODEGA_TRY_VOID(check_recorded(database, schema, version));
  BODEGA_TRY_VOID(touch_roots(database, schema));
  return Origin::existing;
}

Result<void> migrate(Database& database, const Schema& schema, WallTime now) {
  BODEGA_TRY(const auto version, integer_of(database, "PRAGMA user_version"));
  for (const auto& migration : schema.migrations) {
    if (migration.number <= version) continue;
    BODEGA_TRY_VOID(database.begin());
    std::string script = migration.number == 1 ? kMigrationsTable : "";
    script += migration.sql;
    // Both numbers lie in the header page and belong to the transaction.
    script += "\n;PRAGMA application_id=" + std::to_string(schema.application_id) +
              ";PRAGMA user_version=" + std::to_string(migration.number) + ";";
    auto done = database.script(script);
    if (done) {
      const auto recorded = database.run("INSERT INTO migrations(number, checksum, applied_at) VALUES(?, ?, ?)",
                                         std::int64_t{migration.number}, Digest::of(migration.sql).hex(), to_unix_micros(now));
      if (!recorded) done = fail(recorded.error());
    }
    if (!done) {
      database.rollback();
      return fail(std::move(done).error().with_context("migration " + std::to_string(migration.number)));
    }
    BODEGA_TRY_VOID(database.commit());
  }
  return {};
}

}  // namespace bodega::catalog
