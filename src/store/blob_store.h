// Immutable bytes on disk, named by their SHA-256. Layout: docs/formats/store.md.
//
//   blobs/sha256/ab/cd/<64 hex>   whole files; a rename is the only thing that makes one appear
//   blobs/.../<64 hex>.<16 hex>   notes beside them, likewise
//   tmp/<random>                  being written; swept at start
//   quarantine/<64 hex>.<n>       found damaged, kept for the operator (hosted bytes) until fsck removes them
//
// Invariant: a name below blobs/ is reached only by write, fsync, rename, fsync of the directory, in this order.
// Everything blocks; call it in the offload pool. Thread-safe. The store outlives its writers; blobs need it no more.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "async/file_source.h"
#include "base/digest.h"
#include "base/result.h"
#include "store/file_system.h"

namespace bodega::store {

class VerifiedGenerations;

// A whole blob, open for reading, whose bytes were hashed in this generation. Holding it keeps its bytes readable even after removal.
class Blob final : public FileSource {
 public:
  // `verified`: what its store remembers as hashed; may be null.
  Blob(Digest digest, std::shared_ptr<File> file, Generation generation, std::shared_ptr<VerifiedGenerations> verified);
  const Digest& digest() const { return digest_; }
  std::uint64_t size() const { return generation_.size; }
  const Generation& generation() const { return generation_; }
  // One fstat: is this still the generation that was hashed? Ask before a new answer is begun from a blob that was kept open. False is no
  // verdict of damage: removal, quarantine and a new hard link change the generation as well. Drop it and open the blob again, which
  // verifies anew (or says not_found); an answer that is on its way goes on, for it was begun with verified bytes.
  bool intact() const override;
  // The disk refuses bytes that it gave when they were hashed: the store forgets that it was, so that the next open reads all of it.
  void report_unreadable() const override;

  int fd() const override { return file_->fd(); }
  std::optional<std::uint64_t> total() const override { return size(); }
  std::uint64_t available() const override { return size(); }
  Task<Result<std::uint64_t>> wait_beyond(std::uint64_t offset) const override;
  Result<std::size_t> read_at(char* into, std::size_t size, std::uint64_t offset) const;

 private:
  Digest digest_;
  std::shared_ptr<File> file_;  // shared with the writer it came from, whose readers may still use the descriptor
  Generation generation_;
  std::shared_ptr<VerifiedGenerations> verified_;
  mutable std::atomic<bool> readable_{true};
};

class MemoryTail;

// One blob being written by one owner (any one thread at a time). Destroyed without commit(): the temp file is removed. After commit() or
// discard() it touches neither the store nor the disk, so it may then be destroyed on any thread, and after the store.
class BlobWriter {
 public:
  virtual ~BlobWriter() = default;
  virtual Result<void> append(std::string_view bytes) = 0;  // after an error only pass_on(), discard() and destruction are allowed
  virtual std::uint64_t size() const = 0;
  virtual int fd() const = 0;  // for readers that follow the growing file; valid as long as this writer
  // What was appended, for checks before the commit. 0 = end.
  virtual Result<std::size_t> read_at(char* into, std::size_t size, std::uint64_t offset) const = 0;
  // Ends the hash; no append after it. The digest of all bytes.
  virtual Digest finish_digest() = 0;
  // After finish_digest(), once. Durable when it returns: fsync, rename, fsync of the directory. A blob that exists already and is intact
  // wins and the temp file goes; a damaged one is replaced. After an error the temp file is gone and the blob was not added; a failed sync
  // also ends BlobStore::sync_trusted().
  virtual Result<std::shared_ptr<const Blob>> commit() = 0;
  // After append() failed: what lies from `from` on is held in memory from now on, and append() may be called again with the same bytes.
  // The temp file's name goes; fd() stays, for readers before `from`. commit() will be no_space.
  virtual Result<void> pass_on(std::uint64_t) { return fail(Code::io, "this blob cannot go on in memory"); }
  // Of a blob that goes on in memory; else null. Lives as long as the writer.
  virtual MemoryTail* tail() const { return nullptr; }
  // Gives the blob up: the temp file and the reserved space go now, the descriptor stays. Idempotent; nothing after commit().
  virtual void discard() = 0;
  virtual bool ended() const = 0;  // committed or discarded: discard() would do nothing
};

struct BlobInfo {
  Digest digest;
  std::uint64_t size = 0;
};

// What is to be made durable: a blob that is written, or
struct Keep {
  BlobWriter* blob = nullptr;                                 // of this store, after finish_digest(), once
  Digest digest{};                                            // the notes beside this blob:
  const std::map<std::string, std::string>* notes = nullptr;  // texts by names of 16 hex digits; these and no others
  Result<std::shared_ptr<const Blob>> outcome{};              // of notes: null
};

enum class Check { intact, damaged, missing };

class BlobStore {
 public:
  virtual ~BlobStore() = default;

  // A verified blob. The first open of a generation reads and hashes all of it (about 1 GB/s); later ones cost open and fstat.
  // not_found; corrupt (the bytes do not have this digest, or it is no regular file); io.
  virtual Result<std::shared_ptr<const Blob>> open(const Digest& digest) = 0;
  // A new writer. Fails with no_space when the free-space floor would be broken by `expected_size` on top of what writers that exist are
  // still to write. 0: unknown; space is then taken step by step, and append() may fail with no_space.
  virtual Result<std::unique_ptr<BlobWriter>> create(std::uint64_t expected_size) = 0;
  // A writer that keeps nothing: all of it goes through memory (MemoryTail), for when there is no space. commit() is no_space.
  virtual Result<std::unique_ptr<BlobWriter>> create_passing() = 0;
  // Each with its own outcome, as if it were alone; what is kept together shares its syncs. Durable when it returns.
  virtual void keep(std::span<Keep> all) = 0;
  // StoreOptions::free_floor_bytes from now on.
  virtual void set_free_floor(std::uint64_t bytes) = 0;
  // Absent is success. Open blobs stay readable. Not synced: after a power cut the blob may be there again.
  virtual Result<void> remove(const Digest& digest) = 0;
  // Moves a damaged blob out of the way so that it can be fetched again; nothing is deleted. Durable. not_found.
  virtual Result<void> quarantine(const Digest& digest) = 0;
  // The small texts beside a blob (Keep::notes). The store knows nothing of what they say. Removed with the blob.
  virtual Result<std::map<std::string, std::string>> notes(const Digest& digest) = 0;
  // Hashes the bytes on disk now, whatever was verified before. io: they could not be read.
  virtual Result<Check> check(const Digest& digest) = 0;
  // Every regular file with a blob's name in a blob's place, in no order; anything else in the tree is passed over. `each` may call back.
  virtual Result<void> for_each(const std::function<void(const BlobInfo&)>& each) = 0;
  // The same for those whose digest begins with this byte: a 256th of them all.
  virtual Result<void> for_each_in(unsigned char first, const std::function<void(const BlobInfo&)>& each) = 0;
  // The same without a look at what the names stand for: it may be no regular file. Nothing but directories is opened.
  virtual Result<void> for_each_name_in(unsigned char first, const std::function<void(const Digest&)>& each) = 0;
  // Of the regular file in the blob's place, which is not read. nullopt: there is none.
  virtual Result<std::optional<std::uint64_t>> size_of(const Digest& digest) = 0;
  // Removes temp files of earlier runs, and nothing whose name is not a temp file's. At start, before any writer exists. How many.
  virtual Result<std::size_t> sweep() = 0;
  virtual Result<Space> space() = 0;
  // False after a failed fsync: the disk may lose what it accepted. Health says degraded until restart.
  virtual bool sync_trusted() const = 0;
};

struct StoreOptions {
  std::uint64_t free_floor_bytes = 0;    // writers are refused when free space would fall below this
  std::size_t verified_limit = 200'000;  // generations remembered as hashed; about 110 bytes each, 22 MB in all
};

// Makes the directories. `file_system` must outlive the store.
Result<std::unique_ptr<BlobStore>> open_blob_store(FileSystem& file_system, std::filesystem::path root, StoreOptions options);

}  // namespace bodega::store
