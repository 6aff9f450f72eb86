// Facts in SQLite. Two databases in the data directory: catalog.db for what is ours (WAL, synchronous=FULL) and cache.db for what can be
// fetched again (WAL, synchronous=NORMAL). Each has exactly one writer connection, on its own thread, which is also the only one that
// checkpoints (WAL-reset race of SQLite < 3.51.3); readers are read-only, without autocheckpoint, without mmap.
//
// Questions and transactions are typed; no SQL leaves this folder. Group commit: write functions that wait at one moment share a
// transaction, each inside a savepoint of its own; nobody resumes before the shared COMMIT is durable.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "async/offload.h"
#include "base/log.h"
#include "base/result.h"
#include "catalog/rows.h"

namespace bodega::catalog {

// Questions about what is ours. Any number of readers; each sees one moment.
class Reader {
 public:
  virtual ~Reader() = default;
  virtual Result<Serial> serial() = 0;
  virtual Result<std::string> setting(std::string_view key) = 0;  // not_found; e.g. "uuid", "token-secret"
  virtual Result<std::vector<UserRow>> users() = 0;
  virtual Result<UserRow> user(std::string_view name) = 0;                                   // not_found
  virtual Result<std::vector<IndexRow>> indexes() = 0;                                       // in the order they were made
  virtual Result<std::vector<ProjectRow>> projects(std::string_view index) = 0;              // by name
  virtual Result<ProjectRow> project(std::string_view index, std::string_view project) = 0;  // not_found
  virtual Result<ProjectSlice> project_slice(std::string_view index, const Slice& slice) = 0;
  virtual Result<std::vector<std::pair<std::string, std::uint64_t>>> project_counts() = 0;  // by "user/name"; every index
  virtual Result<std::vector<ReleaseRow>> releases(std::string_view index, std::string_view project) = 0;
  virtual Result<ReleaseRow> release(std::string_view index, std::string_view project, std::string_view version) = 0;  // not_found
  // In no order that means something.
  virtual Result<std::vector<ReleaseOutline>> release_outlines(std::string_view index, std::string_view project) = 0;
  // In upload order; `metadata` bytes not filled.
  virtual Result<std::vector<FileRow>> files(std::string_view index, std::string_view project) = 0;
  virtual Result<std::vector<FileRow>> release_files(std::string_view index, std::string_view project, std::string_view version) = 0;
  // The newest of an index, newest first; `metadata` bytes not filled.
  virtual Result<std::vector<FileRow>> latest_files(std::string_view index, std::uint64_t limit) = 0;
  virtual Result<FileRow> file(std::string_view index, std::string_view filename) = 0;  // not_found; `metadata` filled
  // Of a project, in the order they came.
  virtual Result<std::vector<AttachmentRow>> attachments(std::string_view index, std::string_view project) = 0;
  virtual Result<std::vector<AttachmentRow>> release_attachments(std::string_view index, std::string_view project,
                                                                 std::string_view version) = 0;
  virtual Result<AttachmentRow> attachment(std::string_view index, std::string_view filename) = 0;  // not_found
  // Everything that refers to a blob, on any index; `metadata` bytes not filled.
  virtual Result<std::vector<FileRow>> files_with(const Digest& digest) = 0;
  virtual Result<std::vector<AttachmentRow>> attachments_with(const Digest& digest) = 0;
  virtual Result<std::vector<std::pair<std::string, std::string>>> settings() = 0;  // by key
  virtual Result<std::vector<TokenRow>> tokens() = 0;                               // by creation
  // Whether that file or attachment was deleted from the index once (410 instead of 404).
  virtual Result<bool> was_deleted(std::string_view index, std::string_view filename) = 0;
  virtual Result<bool> is_hosted(const Digest& digest) = 0;  // any hosted file or attachment refers to it
  // Every hosted digest once. For fsck and gc.
  virtual Result<void> each_hosted(const std::function<void(const Digest&, std::uint64_t size)>& each) = 0;
  // Those whose first byte this is, sorted: a 256th of them all.
  virtual Result<std::vector<Digest>> hosted_in(unsigned char first) = 0;
};

enum class Overwrite { no, yes };
enum class Stored { created, identical, replaced };

// One write function's view of the transaction. It sees its own changes. Returning an error undoes all of them.
class Transaction : public Reader {
 public:
  virtual Result<void> set_setting(std::string_view key, std::string_view value) = 0;
  virtual Result<void> remove_setting(std::string_view key) = 0;  // also one that is not there
  virtual Result<void> insert_user(const UserRow& user) = 0;      // conflict
  virtual Result<void> update_user(const UserRow& user) = 0;      // not_found
  virtual Result<void> delete_user(std::string_view name) = 0;    // with its indexes; not_found
  virtual Result<void> insert_index(const IndexRow& index) = 0;   // conflict; not_found (user)
  virtual Result<void> update_index(const IndexRow& index) = 0;
  virtual Result<void> delete_index(std::string_view index) = 0;  // with everything in it
  // Project and release rows appear with the first file or registration; metadata of an existing release is replaced.
  virtual Result<void> put_release(const ReleaseRow& release, std::string_view display_name) = 0;
  // The blob must be durable in the store already. identical: same digest under the name, nothing changed. conflict: another digest
  // under the name and Overwrite::no.
  virtual Result<Stored> put_file(const FileRow& file, Overwrite overwrite) = 0;
  // Likewise. The release must exist, and of a test result the file: not_found. `Stored` as with put_file.
  virtual Result<Stored> put_attachment(const AttachmentRow& attachment, Overwrite overwrite) = 0;
  virtual Result<void> delete_attachment(std::string_view index, std::string_view filename) = 0;  // not_found
  virtual Result<void> set_yanked(std::string_view index, std::string_view filename, const std::optional<std::string>& reason) = 0;
  // With its test results; remembers the name. Gives the digests that lost a reference. not_found.
  virtual Result<std::vector<Digest>> delete_file(std::string_view index, std::string_view filename) = 0;
  // With its files; the project row goes when no release is left. Gives the digests that lost a reference. not_found.
  virtual Result<std::vector<Digest>> delete_release(std::string_view index, std::string_view project, std::string_view version) = 0;
  virtual Result<std::vector<Digest>> delete_project(std::string_view index, std::string_view project) = 0;
  virtual Result<void> insert_token(const TokenRow& token) = 0;  // conflict (id); not_found (user)
  virtual Result<void> delete_token(std::string_view id) = 0;    // not_found
  // last_used, only forward; moves no serial. Ids that are gone are passed over.
  virtual Result<void> touch_tokens(const std::vector<std::pair<std::string, WallTime>>& used) = 0;
  // Removes the oldest rows of the changelog beyond the last `keep`, some thousands at a time; moves no serial. Whether there are more.
  virtual Result<bool> prune_changelog(std::uint64_t keep) = 0;
};

class CacheReader {
 public:
  virtual ~CacheReader() = default;
  virtual Result<DocumentRow> document(std::string_view index, std::string_view name) = 0;  // not_found
  virtual Result<std::optional<LocatedRow>> located(std::string_view url) = 0;
  virtual Result<bool> is_cached(const Digest& digest) = 0;
  struct Totals {
    std::uint64_t blobs = 0;
    std::uint64_t bytes = 0;
    std::uint64_t documents = 0;
  };
  virtual Result<Totals> totals() = 0;  // kept by triggers or counters: not a scan
  // Oldest last_used first, until their sizes reach `bytes` or `limit` rows are given.
  virtual Result<std::vector<CachedBlobRow>> least_recent(std::uint64_t bytes, std::size_t limit) = 0;
  virtual Result<void> each_cached(const std::function<void(const CachedBlobRow&)>& each) = 0;
  virtual Result<std::vector<std::string>> document_names(std::string_view index) = 0;       // present ones, sorted, without ""
  virtual Result<NameSlice> document_slice(std::string_view index, const Slice& slice) = 0;  // of those
  struct DocumentCount {
    std::uint64_t documents = 0;
    std::uint64_t changes = 0;  // the names are the same for as long as it is
  };
  virtual Result<DocumentCount> document_count(std::string_view index) = 0;       // likewise; not a scan
  virtual Result<std::vector<CachedBlobRow>> cached_in(unsigned char first) = 0;  // those whose first byte this is, by digest
  virtual Result<std::int64_t> mark(std::string_view key) = 0;                    // not_found
  virtual Result<std::vector<Digest>> damaged() = 0;                              // blobs of ours that were found damaged
};

class CacheTransaction : public CacheReader {
 public:
  virtual Result<void> put_document(const DocumentRow& document) = 0;
  // Only the times and validators of an existing one (a 304).
  virtual Result<void> refresh_document(std::string_view index, std::string_view name, WallTime fetched_at, WallTime expires_at) = 0;
  virtual Result<void> forget_document(std::string_view index, std::string_view name) = 0;
  virtual Result<void> forget_index(std::string_view index) = 0;
  virtual Result<void> put_cached(const CachedBlobRow& blob) = 0;
  virtual Result<void> forget_cached(const Digest& digest) = 0;
  virtual Result<void> touch(const std::vector<std::pair<Digest, WallTime>>& used) = 0;  // last_used, only forward
  virtual Result<void> put_located(const LocatedRow& located) = 0;
  virtual Result<void> forget_located(std::string_view url) = 0;
  virtual Result<void> put_mark(std::string_view key, std::int64_t value) = 0;
  virtual Result<void> put_damaged(const Digest& digest, WallTime found_at) = 0;
  virtual Result<void> forget_damaged(const Digest& digest) = 0;
};

// inline_writer: a write runs at once on the calling thread, one at a time, in a transaction of its own (tests, with an inline pool).
enum class Threads { inline_writer, own_writer };

struct CatalogOptions {
  std::filesystem::path directory;  // exists, and its lock is held by the caller
  std::size_t readers = 2;          // read-only connections for each database; a read waits in the pool for a free one
  Threads threads = Threads::own_writer;
  Log* log = nullptr;            // hears of a cache.db that was set aside; may be null. Outlives the catalog
  const Clock* clock = nullptr;  // times of the changelog and of migrations; null = the system's. Outlives the catalog
};

class Catalog {
 public:
  virtual ~Catalog() = default;  // finishes the writes that wait

  // f runs in the offload pool / on the writer thread. From any loop; resumes there. f must not throw. An error that f returns
  // from a write undoes that write alone; others that share its commit go through.
  template <class F, class R = std::invoke_result_t<F&, Reader&>>
  Task<R> read(F f) {
    std::optional<R> out;
    const std::function<void(Reader&)> job = [&f, &out](Reader& reader) { out.emplace(f(reader)); };
    auto failed = co_await run_read(job);
    if (!failed) co_return fail(std::move(failed).error());
    co_return std::move(*out);
  }
  template <class F, class R = std::invoke_result_t<F&, Transaction&>>
  Task<R> write(F f) {
    std::optional<R> out;
    const std::function<Result<void>(Transaction&)> job = [&f, &out](Transaction& transaction) -> Result<void> {
      out.emplace(f(transaction));
      if (!*out) return fail(out->error());
      return {};
    };
    auto failed = co_await run_write(job);
    if (!failed) co_return fail(std::move(failed).error());
    co_return std::move(*out);
  }
  template <class F, class R = std::invoke_result_t<F&, CacheReader&>>
  Task<R> read_cache(F f) {
    std::optional<R> out;
    const std::function<void(CacheReader&)> job = [&f, &out](CacheReader& reader) { out.emplace(f(reader)); };
    auto failed = co_await run_read_cache(job);
    if (!failed) co_return fail(std::move(failed).error());
    co_return std::move(*out);
  }
  template <class F, class R = std::invoke_result_t<F&, CacheTransaction&>>
  Task<R> write_cache(F f) {
    std::optional<R> out;
    const std::function<Result<void>(CacheTransaction&)> job = [&f, &out](CacheTransaction& transaction) -> Result<void> {
      out.emplace(f(transaction));
      if (!*out) return fail(out->error());
      return {};
    };
    auto failed = co_await run_write_cache(job);
    if (!failed) co_return fail(std::move(failed).error());
    co_return std::move(*out);
  }

  // The same without coroutines, for start-up and commands. They block. Never from inside another function of the catalog, but that
  // read_cache_now() may stand inside read_now().
  virtual Result<void> read_now(const std::function<Result<void>(Reader&)>& f) = 0;
  virtual Result<void> write_now(const std::function<Result<void>(Transaction&)>& f) = 0;
  virtual Result<void> read_cache_now(const std::function<Result<void>(CacheReader&)>& f) = 0;
  virtual Result<void> write_cache_now(const std::function<Result<void>(CacheTransaction&)>& f) = 0;

  // The serial of the last durable commit; any thread, no I/O.
  virtual Serial last_serial() const = 0;
  // Writes that wait. For metrics.
  virtual std::size_t queued() const = 0;
  // Commits of the main database that changed something, since the start. Less than the serials when writes shared commits.
  virtual std::uint64_t commits() const = 0;
  // How often cache.db was made anew since the start, because it was missing, damaged or a newer program's: blobs have lost their records.
  virtual std::uint64_t cache_renewals() const = 0;
  // False once a commit failed for a reason that is not the disk being full, or catalog.db was found damaged; health says degraded.
  virtual bool healthy() const = 0;

 protected:
  virtual Task<Result<void>> run_read(const std::function<void(Reader&)>& f) = 0;
  virtual Task<Result<void>> run_write(const std::function<Result<void>(Transaction&)>& f) = 0;
  virtual Task<Result<void>> run_read_cache(const std::function<void(CacheReader&)>& f) = 0;
  virtual Task<Result<void>> run_write_cache(const std::function<Result<void>(CacheTransaction&)>& f) = 0;
};

// Opens or makes both databases and migrates them forward. Errors whose message is the next step for the operator: a database from a newer
// Bodega, a damaged one, catalog.db missing while blobs or cache.db are there (never an empty database over data: `had_data` says whether
// the directory looked used), no space. A cache.db that is damaged or newer is renamed away and made anew, at the start or whenever it is
// found out: it can be fetched again. `pool` outlives the catalog; nothing may be under way in the catalog when it is destroyed.
enum class HadData { no, yes };
Result<std::unique_ptr<Catalog>> open_catalog(CatalogOptions options, Pool& pool, HadData had_data);

}  // namespace bodega::catalog
