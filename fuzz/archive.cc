// The whole inspection of an upload, from a file in memory; the first byte chooses the kind.
#include "pypi/format/archive.h"

#include <sys/mman.h>
#include <unistd.h>

#include <array>

#include "fuzz_input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bodega::pypi;
  if (size == 0) return 0;
  constexpr std::array<const char*, 4> kNames = {"foo-1.0-py3-none-any.whl", "foo-1.0.tar.gz", "foo-1.0.zip", "foo-1.0.tar"};
  static const int fd = memfd_create("fuzz", MFD_CLOEXEC);
  FUZZ_EXPECT(ftruncate(fd, 0) == 0 && pwrite(fd, data + 1, size - 1, 0) == static_cast<ssize_t>(size - 1));
  const auto result = inspect_distribution(fd, kNames[data[0] % kNames.size()]);
  if (result) FUZZ_EXPECT(result->name.size() == 3 && !result->metadata.empty());
  return 0;
}
