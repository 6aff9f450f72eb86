#include "catalog/sqlite/database.h"

#include <cerrno>

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include "base/check.h"

namespace bodega::catalog::sqlite {
namespace {

// A writer of ours never holds a lock for long; this is for an operator's own tool that looks into the file.
constexpr int kBusyMillis = 2000;

Code code_of(int extended, int system_error) {
  if (system_error == ENOSPC || system_error == EDQUOT) return Code::no_space;
  switch (extended) {
    case SQLITE_CONSTRAINT_CHECK:
    case SQLITE_CONSTRAINT_NOTNULL:
    case SQLITE_CONSTRAINT_DATATYPE: return Code::invalid;
    default: break;
  }
  switch (extended & 0xff) {  // the primary code, see sqlite.org/rescode.html
    case SQLITE_FULL: return Code::no_space;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return Code::corrupt;
    case SQLITE_CONSTRAINT: return Code::conflict;
    case SQLITE_BUSY: return Code::busy;
    case SQLITE_TOOBIG: return Code::too_large;
    case SQLITE_MISMATCH: return Code::invalid;
    default: return Code::io;
  }
}

std::string message_of(Code code, const std::string& label) {
  switch (code) {
    case Code::no_space: return "the server's disk is full";
    case Code::corrupt: return label + " is damaged";
    case Code::conflict: return "it clashes with what is there";
    case Code::invalid: return "a value is outside of what can be stored";
    case Code::busy: return label + " is in use by another program";
    case Code::too_large: return "a value is too large to be stored";
    default: return label + " cannot be read or written";
  }
}

// Text and blobs of no bytes must not become NULL.
const char* data_of(std::string_view bytes) { return bytes.data() == nullptr ? "" : bytes.data(); }

// Password hashes and token secrets lie inside; SQLite gives -wal and -shm the mode of the main file.
Result<void> create_private(const std::filesystem::path& file) {
  const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (descriptor >= 0) {
    ::close(descriptor);
    return {};
  }
  // An existing file is not even opened: closing a descriptor of it drops the POSIX locks that connections of this process hold on it.
  if (errno == EEXIST) return {};
  return fail_errno(errno, "create " + file.filename().string());
}

}  // namespace

Statement::Statement(Statement&& other) noexcept
    : database_(other.database_),
      sql_(other.sql_),
      handle_(std::exchange(other.handle_, nullptr)),
      borrows_(other.borrows_),
      bind_error_(other.bind_error_) {}

Statement::~Statement() {
  if (handle_ != nullptr) database_->give_back(sql_, handle_);
}

void Statement::bind(int index, std::int64_t value) {
  if (const int code = sqlite3_bind_int64(handle_, index, value); code != SQLITE_OK) bind_error_ = code;
}

void Statement::bind(int index, std::string_view value) {
  const auto keep = borrows_ ? SQLITE_STATIC : SQLITE_TRANSIENT;
  const int code = sqlite3_bind_text64(handle_, index, data_of(value), value.size(), keep, SQLITE_UTF8);
  if (code != SQLITE_OK) bind_error_ = code;
}

void Statement::bind(int index, const Blob& value) {
  const auto keep = borrows_ ? SQLITE_STATIC : SQLITE_TRANSIENT;
  const int code = sqlite3_bind_blob64(handle_, index, data_of(value.bytes), value.bytes.size(), keep);
  if (code != SQLITE_OK) bind_error_ = code;
}

Result<bool> Statement::step() {
  if (bind_error_ != 0) return fail(database_->error(bind_error_, "bind"));
  if (database_->lost_transaction()) return fail(*database_->lost_);
  errno = 0;
  const int code = sqlite3_step(handle_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return fail(database_->error(code, sql_));
}

std::int64_t Statement::integer(int column) const { return sqlite3_column_int64(handle_, column); }

std::string_view Statement::view(int column) const {
  // The pointer first, then the length: sqlite.org/c3ref/column_blob.html.
  const void* const bytes = sqlite3_column_blob(handle_, column);
  const int length = sqlite3_column_bytes(handle_, column);
  if (bytes == nullptr) return {};
  return {static_cast<const char*>(bytes), static_cast<std::size_t>(length)};
}

bool Statement::is_null(int column) const { return sqlite3_column_type(handle_, column) == SQLITE_NULL; }

Result<std::unique_ptr<Database>> Database::open(const OpenOptions& options) {
  if (options.access == Access::writer) BODEGA_TRY_VOID(create_private(options.file));
  auto database = std::make_unique<Database>(Key{}, options.file.filename().string());
  database->access_ = options.access;
  const int mode = options.access == Access::writer ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
  // NOMUTEX: one thread at a time uses a connection, our own locks see to it.
  const int flags = mode | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  errno = 0;
  const int code = sqlite3_open_v2(options.file.c_str(), &database->handle_, flags, nullptr);
  if (code != SQLITE_OK) return fail(database->error(code, "open"));
  BODEGA_TRY_VOID(database->configure(options));
  return database;
}

Result<void> Database::configure(const OpenOptions& options) {
  const bool writer = options.access == Access::writer;
  sqlite3_busy_timeout(handle_, kBusyMillis);
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_DQS_DDL, 0, nullptr);
  // Only writers checkpoint (the WAL-reset race), and only where they say so: neither after N pages nor while closing, which would also
  // write into a file that was just refused as damaged.
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  // temp_store stays FILE: the undo pages of a savepoint that touches many (a large index deleted) lie on disk and not in memory.
  std::string settings =
      "PRAGMA wal_autocheckpoint=0; PRAGMA mmap_size=0; PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON; PRAGMA foreign_keys=ON;"
      "PRAGMA cache_size=-" +
      std::to_string(options.cache_kib) + ";";
  if (writer) {
    // secure_delete rewrites freed pages: worth it for secrets where it is free (FAST), a waste for what everybody may fetch.
    // journal_size_limit: a WAL that grew under a long reader shrinks again; 16 MiB is four times its usual size.
    settings += options.synchronous == Synchronous::full     ? "PRAGMA synchronous=FULL; PRAGMA secure_delete=FAST;"
                : options.synchronous == Synchronous::normal ? "PRAGMA synchronous=NORMAL; PRAGMA secure_delete=OFF;"
                                                             : "PRAGMA synchronous=OFF; PRAGMA journal_mode=MEMORY;";
    settings += "PRAGMA journal_size_limit=16777216;";
  } else {
    settings += "PRAGMA query_only=ON;";
  }
  BODEGA_TRY_VOID(script(settings));
  if (!writer || options.synchronous == Synchronous::off) return {};
  return use_log();
}

Result<void> Database::use_log() {
  {
    BODEGA_TRY(Statement statement, prepare("PRAGMA journal_mode=WAL"));
    BODEGA_TRY(const bool row, statement.step());
    if (!row || statement.view(0) != "wal") {
      return fail(Code::io, label_ + " cannot use a write-ahead log here; the data directory must be on a local file system");
    }
  }
  // Set last: sqlite3_wal_autocheckpoint() and this share one slot.
  const auto remember = [](void* self, sqlite3*, const char*, int pages) {
    static_cast<Database*>(self)->wal_pages_ = pages;
    return SQLITE_OK;
  };
  sqlite3_wal_hook(handle_, remember, this);
  return {};
}

Database::~Database() {
  for (const auto& [sql, statement] : cache_) sqlite3_finalize(statement);
  const int code = sqlite3_close(handle_);
  BODEGA_CHECK(code == SQLITE_OK, "a statement outlived its connection");
}

Result<Statement> Database::prepare(const char* sql) {
  if (const auto found = cache_.find(sql); found != cache_.end()) {
    sqlite3_stmt* const handle = found->second;
    cache_.erase(found);  // in use: a nested use of the same text prepares its own
    return Statement(*this, sql, handle);
  }
  sqlite3_stmt* handle = nullptr;
  errno = 0;  // preparing may read the schema
  const int code = sqlite3_prepare_v3(handle_, sql, -1, SQLITE_PREPARE_PERSISTENT, &handle, nullptr);
  if (code != SQLITE_OK) return fail(error(code, sql));
  return Statement(*this, sql, handle);
}

void Database::give_back(const char* sql, sqlite3_stmt* handle) {
  sqlite3_reset(handle);
  sqlite3_clear_bindings(handle);  // large values are not kept until the next use
  const bool kept = cache_.emplace(sql, handle).second;
  if (!kept) sqlite3_finalize(handle);
}

Result<std::int64_t> Database::finish(Statement& statement) {
  for (;;) {
    BODEGA_TRY(const bool row, statement.step());
    if (!row) return sqlite3_changes64(handle_);
  }
}

Result<void> Database::script(const std::string& sql) {
  errno = 0;
  const int code = sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return fail(error(code, "script"));
  return {};
}

Result<void> Database::begin() {
  BODEGA_CHECK(!in_transaction_, "a transaction inside a transaction");
  lost_.reset();
  BODEGA_TRY_VOID(run(access_ == Access::writer ? "BEGIN IMMEDIATE" : "BEGIN DEFERRED"));
  in_transaction_ = true;
  return {};
}

Result<void> Database::commit() {
  BODEGA_CHECK(in_transaction_, "commit without a transaction");
  auto done = run("COMMIT");
  if (!done) {
    rollback();
    return fail(std::move(done).error());
  }
  in_transaction_ = false;
  return {};
}

void Database::rollback() {
  in_transaction_ = false;
  lost_.reset();
  if (sqlite3_get_autocommit(handle_) != 0) return;  // SQLite did it already
  sqlite3_exec(handle_, "ROLLBACK", nullptr, nullptr, nullptr);
  BODEGA_CHECK(sqlite3_get_autocommit(handle_) != 0, "a transaction that cannot be rolled back");
}

bool Database::lost_transaction() const { return in_transaction_ && lost_.has_value(); }

Error Database::error(int code, std::string_view doing) {
  // Every call that may do I/O begins with errno at 0. sqlite3_system_errno() is no help: COMMIT does not set it, and it may be an old one.
  const int system_error = (code & 0xff) == SQLITE_IOERR || (code & 0xff) == SQLITE_CANTOPEN ? errno : 0;
  const Code mapped = code_of(code, system_error);
  if (mapped == Code::corrupt) saw_damage_ = true;
  std::string context = label_ + ": " + (handle_ == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(handle_)) + " [" +
                        std::to_string(code) + (system_error == 0 ? "" : ", errno " + std::to_string(system_error)) + "] in " +
                        std::string(doing.substr(0, 100));  // enough to know the statement by
  Error made{mapped, message_of(mapped, label_), std::move(context), std::nullopt};
  if (in_transaction_ && !lost_ && sqlite3_get_autocommit(handle_) != 0) lost_ = made;
  return made;
}

Result<void> Database::checkpoint(Checkpoint mode) {
  int flag = SQLITE_CHECKPOINT_PASSIVE;
  if (mode == Checkpoint::restart) flag = SQLITE_CHECKPOINT_RESTART;
  if (mode == Checkpoint::truncate) flag = SQLITE_CHECKPOINT_TRUNCATE;
  int pages = 0;
  int moved = 0;
  errno = 0;
  const int code = sqlite3_wal_checkpoint_v2(handle_, "main", flag, &pages, &moved);
  if (code != SQLITE_OK) return fail(error(code, "checkpoint"));
  // The WAL is empty: closing may delete it, so that a clean stop leaves one file.
  if (mode == Checkpoint::truncate) sqlite3_db_config(handle_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, nullptr);
  return {};
}

std::int64_t Database::total_changes() const { return sqlite3_total_changes64(handle_); }
std::int64_t Database::last_insert_rowid() const { return sqlite3_last_insert_rowid(handle_); }

}  // namespace bodega::catalog::sqlite
