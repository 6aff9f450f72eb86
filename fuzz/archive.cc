// The whole inspection of an upload, from a file in memory; the first byte chooses the kind. Documentation is read, too, whatever the
// inspection says.
#include "pypi/format/archive.h"

#include <sys/mman.h>
#include <unistd.h>

#include <array>

#include "fuzz_input.h"
#include "pypi/format/archive_reader.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bodega::pypi;
  if (size == 0) return 0;
  constexpr std::array<const char*, 4> kNames = {"foo-1.0-py3-none-any.whl", "foo-1.0.tar.gz", "foo-1.0.zip", "foo-1.0.tar"};
  static const int fd = memfd_create("fuzz", MFD_CLOEXEC);
  FUZZ_EXPECT(ftruncate(fd, 0) == 0 && pwrite(fd, data + 1, size - 1, 0) == static_cast<ssize_t>(size - 1));
  if (data[0] % (kNames.size() + 1) == kNames.size()) {
    constexpr std::size_t kLimit = 1 << 20;
    const std::string path = "/proc/self/fd/" + std::to_string(fd);
    static_cast<void>(check_documentation(path));
    const auto page = read_zip_member(path, "index.html", kLimit);
    FUZZ_EXPECT(!page || page->size() <= kLimit);
    return 0;
  }
  const auto kind = data[0] % (kNames.size() + 1);
  const auto result = inspect_distribution(fd, kNames[kind]);
  // An sdist without PKG-INFO is taken unread, and says nothing.
  const bool unread = result && kind > 0 && result->name.empty() && result->metadata.empty();
  if (result && !unread) FUZZ_EXPECT(result->name.size() == 3 && !result->metadata.empty());
  return 0;
}
