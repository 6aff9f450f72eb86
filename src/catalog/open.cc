#include "catalog/open.h"

#include <cerrno>
#include <string>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

namespace bodega::catalog {
namespace {

namespace fs = std::filesystem;
using sqlite::Database;

// Room for the pages of one group commit; a larger one spills into the WAL early.
constexpr int kWriterCacheKib = 2000;

fs::path beside(const fs::path& file, std::string_view suffix) { return fs::path(file) += suffix; }

std::uintmax_t size_of(const fs::path& file) {
  std::error_code failed;
  const auto size = fs::file_size(file, failed);
  return failed ? 0 : size;
}

tl::unexpected<Error> refuse_missing(const fs::path& file) {
  return fail(Code::not_found,
              file.string() +
                  " is missing, but the data directory was used before. Bodega does not start with an empty catalog over "
                  "existing data: restore catalog.db from a backup, make it anew from what lies beside the files with \"bodega "
                  "fsck --rebuild\", or start with an empty data directory.");
}

Error explain(Error error, const fs::path& file) {
  if (error.code == Code::corrupt) {
    error.message = file.string() +
                    " is damaged. Nothing was changed. Move it away together with its -wal and -shm files and restore it from a backup, "
                    "or make it anew with \"bodega fsck --rebuild\"; the files of packages beside it are not affected.";
  } else if (error.code == Code::no_space) {
    error.message = "the disk that holds " + file.string() + " is full. Free some space and start again.";
  } else if (error.code == Code::busy) {
    error.message = file.string() + " is in use by another program. Stop that program and start again.";
  } else if (error.code == Code::io) {
    error.message = file.string() + " cannot be opened: " + error.context;
  }
  return error;
}

// Of a file or a directory.
Result<void> sync(const fs::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return fail_errno(errno, "open " + path.string());
  const bool synced = ::fsync(descriptor) == 0 || errno == EINVAL;  // EINVAL: a file system that does not sync directories
  const int errnum = errno;
  ::close(descriptor);
  if (!synced) return fail_errno(errnum, "fsync " + path.string());
  return {};
}

Result<void> remove_parts(const fs::path& file) {
  for (const std::string_view part : {"-journal", "-wal", "-shm", ""}) {
    std::error_code failed;
    fs::remove(beside(file, part), failed);
    if (failed) return fail_errno(failed.value(), "remove " + beside(file, part).string());
  }
  return {};
}

fs::path unnamed(const fs::path& file) { return beside(file, ".new"); }

// Makes a database under another name without syncing each step, then syncs it whole: a first start waits for two syncs instead of a
// dozen, and one that is killed leaves nothing half made under the name.
Result<void> make_unnamed(const fs::path& file, const Schema& schema, WallTime now) {
  BODEGA_TRY_VOID(remove_parts(unnamed(file)));
  {
    BODEGA_TRY(auto database, open_writer(unnamed(file), sqlite::Synchronous::off));
    BODEGA_TRY_VOID(migrate(*database, schema, now));
    BODEGA_TRY_VOID(database->use_log());
  }
  return sync(unnamed(file));
}

Result<void> give_name(const fs::path& file) {
  BODEGA_TRY_VOID(remove_parts(file));  // of an empty one
  std::error_code failed;
  fs::rename(unnamed(file), file, failed);
  if (failed) return fail_errno(failed.value(), "rename " + unnamed(file).string());
  return {};
}

Result<void> make_main(const fs::path& file, WallTime now) {
  BODEGA_TRY_VOID(make_unnamed(file, kMainSchema, now));
  BODEGA_TRY_VOID(give_name(file));
  return sync(file.parent_path());
}

Result<void> make_cache(const fs::path& file, WallTime now) {
  BODEGA_TRY_VOID(make_cache_beforehand(file, now));
  return name_cache(file);
}

// Opens, looks and migrates. `fresh_allowed` is asked before anything is made.
Result<std::unique_ptr<Database>> prepare(const fs::path& file, const Schema& schema, sqlite::Synchronous synchronous, HadData had_data,
                                          WallTime now) {
  BODEGA_TRY(auto database, open_writer(file, synchronous));
  BODEGA_TRY(const Origin origin, inspect(*database, schema));
  if (origin == Origin::fresh && had_data == HadData::yes) return refuse_missing(file);
  BODEGA_TRY_VOID(migrate(*database, schema, now));
  return database;
}

}  // namespace

Result<std::unique_ptr<Database>> open_writer(const fs::path& file, sqlite::Synchronous synchronous) {
  return Database::open({.file = file, .access = sqlite::Access::writer, .synchronous = synchronous, .cache_kib = kWriterCacheKib});
}

bool is_unmade(const fs::path& file) { return size_of(file) == 0 && size_of(beside(file, "-wal")) == 0; }

Result<std::unique_ptr<Database>> open_main(const fs::path& file, HadData had_data, WallTime now) {
  // An empty or missing file beside a log that holds something: SQLite would throw the log away. That is data too.
  const bool nothing = size_of(file) == 0;
  if (nothing && (had_data == HadData::yes || !is_unmade(file))) return refuse_missing(file);
  auto made = nothing ? make_main(file, now) : Result<void>();
  if (!made) return fail(explain(std::move(made).error(), file));
  auto opened = prepare(file, kMainSchema, sqlite::Synchronous::full, had_data, now);
  if (!opened) return fail(explain(std::move(opened).error(), file));
  return opened;
}

Result<void> set_aside_database(const fs::path& file, WallTime now) {
  const std::string suffix = ".damaged-" + std::to_string(to_unix_micros(now));
  // The log files first: without them the rest is still damaged at the next start, the other way round they would be read for a new file.
  for (const std::string_view part : {"-wal", "-shm", ""}) {
    std::error_code failed;
    fs::rename(beside(file, part), beside(beside(file, suffix), part), failed);
    if (failed && failed != std::errc::no_such_file_or_directory) return fail_errno(failed.value(), "cannot rename " + file.string());
  }
  return {};
}

Result<void> make_cache_beforehand(const fs::path& file, WallTime now) { return make_unnamed(file, kCacheSchema, now); }

Result<void> name_cache(const fs::path& file) { return give_name(file); }

Result<std::unique_ptr<Database>> open_cache(const fs::path& file, WallTime now,
                                             const std::function<void(const std::string& why)>& set_aside) {
  auto made = size_of(file) == 0 ? make_cache(file, now) : Result<void>();
  if (!made) return fail(explain(std::move(made).error(), file));
  auto opened = prepare(file, kCacheSchema, sqlite::Synchronous::normal, HadData::no, now);
  // Nothing in it is worth a refused start: an older program after a newer one begins with an empty cache, too.
  if (!opened && (opened.error().code == Code::corrupt || opened.error().code == Code::conflict)) {
    set_aside(opened.error().describe());
    BODEGA_TRY_VOID(set_aside_database(file, now));
    opened = prepare(file, kCacheSchema, sqlite::Synchronous::normal, HadData::no, now);
  }
  if (!opened) return fail(explain(std::move(opened).error(), file));
  return opened;
}

}  // namespace bodega::catalog
