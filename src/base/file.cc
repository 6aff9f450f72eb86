#include "base/file.h"

#include <array>
#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

namespace bodega {
namespace {

Result<std::string> read_all(int descriptor, const std::filesystem::path& path, std::size_t most) {
  std::string out;
  std::array<char, 16 * 1024> piece{};
  for (;;) {
    const auto got = ::read(descriptor, piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno(errno, "read " + path.string());
    if (got == 0) return out;
    if (out.size() + static_cast<std::size_t>(got) > most) {
      return fail(Code::too_large, "it is larger than " + std::to_string(most) + " bytes", path.string());
    }
    out.append(piece.data(), static_cast<std::size_t>(got));
  }
}

}  // namespace

Result<std::string> read_small_file(const std::filesystem::path& path, std::size_t most) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return fail_errno(errno, "open " + path.string());
  auto out = read_all(descriptor, path, most);
  ::close(descriptor);
  return out;
}

}  // namespace bodega
