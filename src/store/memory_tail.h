// The rest of a file for which the disk has no place: memory at the file's own offsets, given back as its readers get on. A descriptor like
// any other, so that readers send from it as from the disk.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "base/result.h"

namespace bodega::store {

// One writer on any one thread at a time; fd() from any thread.
class MemoryTail {
 public:
  // Holds what lies from `begin` on; nothing of what is before.
  static Result<std::unique_ptr<MemoryTail>> make(std::uint64_t begin);
  ~MemoryTail();
  MemoryTail(const MemoryTail&) = delete;
  MemoryTail& operator=(const MemoryTail&) = delete;

  int fd() const { return fd_; }
  std::uint64_t begin() const { return begin_; }
  Result<void> write_at(std::string_view bytes, std::uint64_t offset);
  // Gives back the memory of what lies before `offset`; reading there gives zeros from now on, so every reader must be past it. What a
  // socket still has to send stays with the socket.
  void forget_before(std::uint64_t offset);

 private:
  MemoryTail(int fd, std::uint64_t begin) : fd_(fd), begin_(begin), forgotten_(begin) {}
  const int fd_;
  const std::uint64_t begin_;
  std::uint64_t forgotten_;
};

}  // namespace bodega::store
