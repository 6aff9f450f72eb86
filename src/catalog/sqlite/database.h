// The only door to SQLite: one connection with this project's settings, and prepared statements kept for reuse. Nothing here is
// thread-safe; a connection may be handed from thread to thread.
//
// Errors: SQLITE_FULL and a full disk or quota = no_space, CORRUPT and NOTADB = corrupt, BUSY = busy, broken uniqueness or reference =
// conflict, broken CHECK, NOT NULL or type = invalid, everything else = io. SQLite's own text is in the context.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace bodega::catalog::sqlite {

class Database;

// A value to bind. Blob is told from text, because STRICT tables tell them apart.
struct Blob {
  std::string_view bytes;
};

// One use of a cached prepared statement; goes back to its connection when destroyed. Must not outlive the connection.
class Statement {
 public:
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&&) = delete;
  ~Statement();

  // Errors show up at the next step().
  void bind(int index, std::int64_t value);
  void bind(int index, std::string_view value);
  void bind(int index, const Blob& value);
  template <class T>
  void bind(int index, const std::optional<T>& value) {
    if (value) bind(index, *value);  // unbound is NULL
  }

  Result<bool> step();  // whether there is a row

  std::int64_t integer(int column) const;
  std::string text(int column) const { return std::string(view(column)); }
  std::string_view view(int column) const;  // text or blob; until the next step
  bool is_null(int column) const;

 private:
  friend class Database;
  Statement(Database& database, const char* sql, sqlite3_stmt* handle) : database_(&database), sql_(sql), handle_(handle) {}

  Database* database_;
  const char* sql_;
  sqlite3_stmt* handle_;
  bool borrows_ = false;  // bound bytes are not copied
  int bind_error_ = 0;
};

enum class Access { reader, writer };
// off: nothing is synced, and there is no log before use_log(). For a file that nobody needs before it is whole and synced by its maker.
enum class Synchronous { off, normal, full };

struct OpenOptions {
  std::filesystem::path file;
  Access access = Access::reader;
  Synchronous synchronous = Synchronous::full;
  int cache_kib = 512;  // upper bound of the page cache
};

class Database {
  struct Key {};  // only open() makes one

 public:
  Database(Key, std::string label) : label_(std::move(label)) {}
  // A writer creates the file (0600) when it is missing and puts it into WAL mode (but see Synchronous::off); a reader finds a file that a
  // writer has open.
  static Result<std::unique_ptr<Database>> open(const OpenOptions& options);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // `sql` is a literal: the cache knows statements by their text and keeps the pointer. Bound bytes are copied.
  template <class... Args>
  Result<Statement> query(const char* sql, const Args&... args) {
    BODEGA_TRY(Statement statement, prepare(sql));
    [[maybe_unused]] int index = 0;
    (statement.bind(++index, args), ...);
    return statement;
  }
  // Runs to the end; gives the rows that an INSERT, UPDATE or DELETE itself changed (not its triggers and cascades). Bound bytes are
  // not copied: bodies of many megabytes pass through here.
  template <class... Args>
  Result<std::int64_t> run(const char* sql, const Args&... args) {
    BODEGA_TRY(Statement statement, prepare(sql));
    statement.borrows_ = true;
    [[maybe_unused]] int index = 0;
    (statement.bind(++index, args), ...);
    return finish(statement);
  }
  Result<void> script(const std::string& sql);  // any number of statements, not cached

  // Writers begin IMMEDIATE, readers DEFERRED. After an error of commit() the transaction is rolled back.
  // SQLite rolls the whole transaction back by itself after some errors (full, I/O, memory). From then until rollback() every statement
  // fails with that error, so that no later statement of the same job commits alone.
  Result<void> begin();
  Result<void> commit();
  void rollback();
  // The error that ended the open transaction early, if one did.
  const std::optional<Error>& lost() const { return lost_; }

  // Only where Synchronous::off opened it: the file asks for a write-ahead log from now on.
  Result<void> use_log();
  // Moves the WAL into the database. passive: as far as readers allow, without waiting. restart: waits for readers (busy timeout), so that
  // the WAL is written from its start again. truncate: the same and the WAL file becomes empty.
  enum class Checkpoint { passive, restart, truncate };
  Result<void> checkpoint(Checkpoint mode);
  int wal_pages() const { return wal_pages_; }  // in the WAL after the last commit of this connection

  // SQLite has found the file damaged since this connection was opened.
  bool saw_damage() const { return saw_damage_; }
  std::int64_t total_changes() const;
  std::int64_t last_insert_rowid() const;
  std::size_t cached_statements() const { return cache_.size(); }

 private:
  friend class Statement;
  Result<void> configure(const OpenOptions& options);
  Result<Statement> prepare(const char* sql);
  Result<std::int64_t> finish(Statement& statement);
  void give_back(const char* sql, sqlite3_stmt* handle);
  Error error(int code, std::string_view doing);
  bool lost_transaction() const;

  std::string label_;  // the file's name, for messages
  sqlite3* handle_ = nullptr;
  Access access_ = Access::reader;
  bool in_transaction_ = false;
  std::optional<Error> lost_;
  bool saw_damage_ = false;
  int wal_pages_ = 0;
  std::unordered_map<std::string_view, sqlite3_stmt*> cache_;
};

}  // namespace bodega::catalog::sqlite
