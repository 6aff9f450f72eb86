// Accept, ?format= and Accept-Encoding; the input's first byte says which.
#include "pypi/index/negotiate.h"

#include "fuzz_input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bodega::pypi;
  if (size == 0) return 0;
  const std::string_view text = fuzz_text(data + 1, size - 1);
  const AvailableEncodings available{(data[0] & 1U) != 0, (data[0] & 2U) != 0};
  const auto encoding = negotiate_encoding(text, available);
  if (encoding == ContentEncoding::gzip) FUZZ_EXPECT(available.gzip);
  if (encoding == ContentEncoding::zstd) FUZZ_EXPECT(available.zstd);
  const auto choice = negotiate_page(text, (data[0] & 4U) != 0 ? std::optional(text) : std::nullopt);
  if (choice) FUZZ_EXPECT((choice->format == PageFormat::json) == (choice->content_type == kJsonType));
  return 0;
}
