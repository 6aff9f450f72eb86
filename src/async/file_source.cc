#include "async/file_source.h"

#include <cerrno>

#include <unistd.h>

namespace bodega {

Result<std::string> read_all(const FileSource& source) {
  std::string bytes(source.available(), '\0');
  std::size_t have = 0;
  while (have < bytes.size()) {
    const auto got = ::pread(source.fd(), bytes.data() + have, bytes.size() - have, static_cast<off_t>(have));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return fail_errno(got < 0 ? errno : EIO, "read a whole file");
    have += static_cast<std::size_t>(got);
  }
  return bytes;
}

}  // namespace bodega
