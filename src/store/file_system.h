// The one door to the disk, so that tests can forget what was not synced, fill the disk or fail the n-th operation. Everything here blocks:
// call it in the offload pool (start-up and commands excepted). Thread-safe.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string_view>

#include "base/result.h"

namespace bodega::store {

// What identifies one generation of a file's bytes: any change of content through the file system changes at least one of these.
struct Generation {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t size = 0;
  std::int64_t mtime_ns = 0;
  std::int64_t ctime_ns = 0;
  bool operator==(const Generation&) const = default;
};

struct Space {
  std::uint64_t total_bytes = 0;
  std::uint64_t free_bytes = 0;  // for us (f_bavail), not for root
  std::uint64_t free_inodes = 0;
};

// An open regular file. Closing never reports; what must last is synced before.
class File {
 public:
  virtual ~File() = default;
  virtual int fd() const = 0;  // a real descriptor: sendfile and fstat work on it
  virtual Result<std::size_t> read_at(char* into, std::size_t size, std::uint64_t offset) = 0;  // 0 = end
  virtual Result<void> write_at(std::string_view bytes, std::uint64_t offset) = 0;              // all or an error
  // After an error the bytes are in an unknown state and the file must be thrown away; sync is never retried.
  virtual Result<void> sync() = 0;
  // After FileSystem::sync_all(): whether the disk took what was written here. An error counts as sync()'s.
  virtual Result<void> check_written() { return sync(); }
  virtual Result<Generation> generation() const = 0;
  // A hint: the next read should come from the disk, not from memory. The scrub asks for it, because the page cache hides what rots below
  // it.
  virtual void drop_cached() {}
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;
  // Never follows a symlink in the last component and never blocks on a FIFO; anything but a regular file is `corrupt`. not_found when
  // absent.
  virtual Result<std::unique_ptr<File>> open_read(const std::filesystem::path& path) = 0;
  // Read and write, must not exist yet, mode 0600.
  virtual Result<std::unique_ptr<File>> create(const std::filesystem::path& path) = 0;
  virtual Result<void> rename(const std::filesystem::path& from, const std::filesystem::path& to) = 0;  // replaces
  // Makes `to`, which was just created, share the blocks of `from` (FICLONE). False: this file system cannot, or not these two.
  virtual Result<bool> clone(const File& from, File& to) = 0;
  // A second name for the file `from`; `to` must not exist yet. False: not possible here (two file systems, too many names, not our file).
  virtual Result<bool> link(const std::filesystem::path& from, const std::filesystem::path& to) = 0;
  virtual Result<void> remove(const std::filesystem::path& path) = 0;            // a file; absent is success
  virtual Result<void> make_directories(const std::filesystem::path& path) = 0;  // mode 0700; synced into the parent
  virtual Result<void> add_directory(const std::filesystem::path& path) = 0;     // one, mode 0700, not synced
  virtual Result<void> remove_directory(const std::filesystem::path& path) = 0;  // unless something is in it; absent is success
  virtual Result<void> sync_directory(const std::filesystem::path& path) = 0;
  // Everything on the file system that holds `path`: bytes and names (syncfs). For thousands of files at once.
  virtual Result<void> sync_all(const std::filesystem::path& path) = 0;
  // Calls `each` with the bare names of a directory's entries, in no order. An absent directory has none; anything but a directory, a
  // symlink to one included, is `corrupt`. `each` must not add or remove entries.
  virtual Result<void> list(const std::filesystem::path& path, const std::function<void(std::string_view)>& each) = 0;
  virtual Result<Space> space(const std::filesystem::path& path) = 0;
};

std::unique_ptr<FileSystem> make_posix_file_system();

}  // namespace bodega::store
