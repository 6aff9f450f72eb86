#include "async/file_source.h"

#include <algorithm>
#include <cerrno>

#include <unistd.h>

namespace bodega {

Result<std::string> read_part(const FileSource& source, std::uint64_t offset, std::size_t size) {
  const std::uint64_t available = source.available();
  std::string bytes(std::min<std::uint64_t>(size, available - std::min(offset, available)), '\0');
  std::size_t have = 0;
  while (have < bytes.size()) {
    const auto got = ::pread(source.fd(), bytes.data() + have, bytes.size() - have, static_cast<off_t>(offset + have));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      const int why = got < 0 ? errno : EIO;
      source.report_unreadable();
      return fail_errno(why, "read a file that is being served");
    }
    have += static_cast<std::size_t>(got);
  }
  return bytes;
}

Result<std::string> read_all(const FileSource& source) { return read_part(source, 0, source.available()); }

}  // namespace bodega
