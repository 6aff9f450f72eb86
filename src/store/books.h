// What a store remembers beside the disk: the space it promised and the directories it knows to be durable. Both are thread-safe.
#pragma once

#include <atomic>
#include <bitset>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <utility>

#include <fmt/format.h>

#include "base/digest.h"
#include "base/result.h"
#include "store/file_system.h"

namespace bodega::store {

// Which directories of blobs are known to be durable, that is, have entries that survive a power cut. "It exists" is not enough: a process
// may have died between mkdir and the sync of the parent. One bit for each of the 256 x 256 directories.
class DirectoryLedger {
 public:
  bool knows(const Digest& digest) const {
    const std::lock_guard lock(mutex_);
    return durable_.test(index(digest));
  }
  // The one above it.
  bool knows_first(const Digest& digest) const {
    const std::lock_guard lock(mutex_);
    return first_.test(index(digest) / 256);
  }
  void note(const Digest& digest, bool durable) {
    const std::lock_guard lock(mutex_);
    durable_.set(index(digest), durable);
    first_.set(index(digest) / 256, durable);
  }

 private:
  static std::size_t index(const Digest& digest) {
    const auto bytes = digest.bytes();
    return static_cast<std::size_t>(static_cast<unsigned char>(bytes[0])) * 256 + static_cast<unsigned char>(bytes[1]);
  }
  mutable std::mutex mutex_;
  std::bitset<65536> durable_;
  std::bitset<256> first_;
};

// Space promised to writers and not yet written. Adding first and looking afterwards makes two writers at once refuse too much, not too
// little.
class SpaceBook {
 public:
  SpaceBook(FileSystem& file_system, std::filesystem::path root, std::uint64_t floor)
      : file_system_(file_system), root_(std::move(root)), floor_(floor) {}

  Result<void> take(std::uint64_t bytes) {
    BODEGA_TRY(const Space space, file_system_.space(root_));
    const std::uint64_t floor = floor_.load();
    const std::uint64_t room = space.free_bytes > floor ? space.free_bytes - floor : 0;
    if (bytes <= room) {
      const std::uint64_t before = promised_.fetch_add(bytes);
      if (before <= room - bytes) return {};
      promised_.fetch_sub(bytes);
    }
    constexpr std::uint64_t kMiB = 1024 * 1024;
    return fail(Code::no_space, fmt::format("not enough disk space: {} MiB wanted, {} MiB free of which {} MiB are kept free",
                                            (bytes + kMiB - 1) / kMiB, space.free_bytes / kMiB, floor / kMiB));
  }
  void set_floor(std::uint64_t bytes) { floor_.store(bytes); }
  void give_back(std::uint64_t bytes) { promised_.fetch_sub(bytes); }

 private:
  FileSystem& file_system_;
  const std::filesystem::path root_;
  std::atomic<std::uint64_t> floor_;
  std::atomic<std::uint64_t> promised_{0};
};

}  // namespace bodega::store
