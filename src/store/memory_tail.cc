#include "store/memory_tail.h"

#include <cerrno>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace bodega::store {

Result<std::unique_ptr<MemoryTail>> MemoryTail::make(std::uint64_t begin) {
  const int fd = ::memfd_create("bodega-passing", MFD_CLOEXEC);
  if (fd < 0) return fail_errno(errno, "memfd_create");
  return std::unique_ptr<MemoryTail>(new MemoryTail(fd, begin));  // private constructor: make_unique cannot call it
}

MemoryTail::~MemoryTail() { ::close(fd_); }

Result<void> MemoryTail::write_at(std::string_view bytes, std::uint64_t offset) {
  while (!bytes.empty()) {
    const auto count = ::pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail_errno(errno, "write into memory");
    bytes.remove_prefix(static_cast<std::size_t>(count));
    offset += static_cast<std::uint64_t>(count);
  }
  return {};
}

void MemoryTail::forget_before(std::uint64_t offset) {
  // Whole pages: of a part of one the kernel would write zeros into memory that a socket may still refer to.
  constexpr std::uint64_t kPage = 4096;
  const std::uint64_t from = (forgotten_ + kPage - 1) / kPage * kPage;
  const std::uint64_t to = offset / kPage * kPage;
  if (to <= from) return;
  // A failure costs memory until the file ends, nothing else.
  (void)::fallocate(fd_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(from), static_cast<off_t>(to - from));
  forgotten_ = to;
}

}  // namespace bodega::store
