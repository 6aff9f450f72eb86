// Taking whole files of another program into a store, thousands at a time: each is hashed while it passes, and a whole batch shares its
// syncs. For commands that hold the data directory's lock: no server uses the store meanwhile, so nothing here asks for claims.
//
//   stage()  a temp file with the bytes, and their digest; not durable
//   sync()   everything so far: the bytes
//   name()   temp files become blobs
//   sync()   the names. Now the catalog may speak of them
//
// One sync serves the names of a batch and the bytes of the next.
//
// The store's invariant holds: a name below blobs/ is reached only after the bytes are durable. A blob that exists is replaced by the same
// bytes. Dying in between leaves temp files, which the next sweep removes, and whole blobs that nothing refers to.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "base/digest.h"
#include "base/result.h"
#include "store/file_system.h"
#include "store/layout.h"

namespace bodega::store {

// How bytes get from there to here. Where the file system cannot do it, they are copied.
enum class Taking {
  reflink,   // blocks are shared until one side changes
  hardlink,  // one file with two names: a change of either changes both
  copy,
};

struct Staged {
  Digest digest;
  std::uint64_t size = 0;
  std::filesystem::path temp;
  Taking taken = Taking::copy;  // what was really done
};

class Adopter {
 public:
  // `root` as of open_blob_store(), which has made the directories. `free_floor_bytes`: stage() leaves so much of the disk free.
  Adopter(FileSystem& file_system, std::filesystem::path root, Taking taking, std::uint64_t free_floor_bytes);

  // Any thread. The bytes of `source` also go through every one of `others`. not_found, corrupt: the source is missing, unreadable or no
  // regular file; every other error is the store's. After an error nothing is left.
  Result<Staged> stage(const std::filesystem::path& source, std::span<Hasher> others);
  // Whether a blob of that name and size is there; its bytes were durable when it got the name. They are not read.
  bool holds(const Digest& digest, std::uint64_t size);
  // Gives a staged file up.
  void drop(const Staged& staged);
  Result<void> sync();
  // One thread at a time; what was synced since it was staged.
  Result<void> name(const std::vector<Staged>& batch);

 private:
  Result<Staged> fill(File& source, const std::filesystem::path& path, const std::filesystem::path& temp, std::span<Hasher> others);
  Result<void> move_in(const Staged& staged);

  FileSystem& file_system_;
  const Layout layout_;
  const Taking taking_;
  const std::uint64_t free_floor_bytes_;
};

// The digest of a file, which also goes through `others`; errors as of stage().
Result<Staged> measure(FileSystem& file_system, const std::filesystem::path& source, std::span<Hasher> others);

}  // namespace bodega::store
