// The checksum keeps a fuzzer out, so the input is taken as the contents and packed as encode_page() would.
#include <zlib.h>
#include <zstd.h>

#include <string>

#include "fuzz_input.h"

namespace {

void put_u32(std::string& out, std::uint32_t value) {
  for (unsigned shift = 0; shift < 32; shift += 8) out += static_cast<char>((value >> shift) & 0xFFU);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bodega::pypi;
  (void)decode_page(fuzz_text(data, size));
  std::string bytes("BPG\x01");
  put_u32(bytes, static_cast<std::uint32_t>(size));
  std::string frame(ZSTD_compressBound(size), '\0');
  frame.resize(ZSTD_compress(frame.data(), frame.size(), data, size, 1));
  bytes += frame;
  put_u32(bytes, static_cast<std::uint32_t>(crc32_z(0, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size())));
  const auto page = decode_page(bytes);
  if (!page) return 0;
  const auto again = decode_page(encode_page(*page));
  FUZZ_EXPECT(again && *again == *page);
  return 0;
}
