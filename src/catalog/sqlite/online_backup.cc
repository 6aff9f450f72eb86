#include "catalog/sqlite/online_backup.h"

#include <memory>
#include <string>

#include <sqlite3.h>

namespace bodega::catalog::sqlite {
namespace {

struct Close {
  void operator()(sqlite3* database) const { sqlite3_close(database); }
};
using Handle = std::unique_ptr<sqlite3, Close>;

Result<Handle> open(const std::filesystem::path& file, int flags) {
  sqlite3* raw = nullptr;
  const int code = sqlite3_open_v2(file.c_str(), &raw, flags | SQLITE_OPEN_EXRESCODE, nullptr);
  Handle handle(raw);
  if (code != SQLITE_OK) return fail(Code::io, file.string() + " cannot be opened", raw == nullptr ? "" : sqlite3_errmsg(raw));
  constexpr int kBusyMillis = 5000;
  sqlite3_busy_timeout(raw, kBusyMillis);
  sqlite3_db_config(raw, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);  // the log of the original is its writer's
  return handle;
}

Code code_of(int code) {
  switch (code & 0xff) {
    case SQLITE_FULL: return Code::no_space;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return Code::corrupt;
    case SQLITE_BUSY: return Code::busy;
    default: return Code::io;
  }
}

}  // namespace

Result<void> online_backup(const std::filesystem::path& from, const std::filesystem::path& to) {
  BODEGA_TRY(const Handle source, open(from, SQLITE_OPEN_READONLY));
  BODEGA_TRY(const Handle target, open(to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE));
  const auto refuse = [&](int code) {
    return fail(code_of(code), "copying " + from.string() + " to " + to.string() + " failed", sqlite3_errmsg(target.get()));
  };
  sqlite3_backup* const backup = sqlite3_backup_init(target.get(), "main", source.get(), "main");
  if (backup == nullptr) return refuse(sqlite3_errcode(target.get()));
  sqlite3_backup_step(backup, -1);  // all pages, of one moment
  if (const int code = sqlite3_backup_finish(backup); code != SQLITE_OK) return refuse(code);
  // One file, without a log beside it.
  if (const int code = sqlite3_exec(target.get(), "PRAGMA journal_mode=DELETE", nullptr, nullptr, nullptr); code != SQLITE_OK)
    return refuse(code);
  return {};
}

}  // namespace bodega::catalog::sqlite
