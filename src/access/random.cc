#include "access/random.h"

#include <cerrno>

#include <sys/random.h>

#include "base/check.h"

namespace bodega::access {

std::string random_bytes(std::size_t count) {
  std::string out(count, '\0');
  std::size_t filled = 0;
  while (filled < count) {
    const auto got = ::getrandom(out.data() + filled, count - filled, 0);
    if (got < 0 && errno == EINTR) continue;
    BODEGA_CHECK(got > 0, "the kernel gave no random bytes");
    filled += static_cast<std::size_t>(got);
  }
  return out;
}

}  // namespace bodega::access
