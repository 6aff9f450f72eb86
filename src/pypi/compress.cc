#include "pypi/compress.h"

#include <zlib.h>
#include <zstd.h>

#include "base/check.h"

namespace bodega::pypi {
namespace {

std::string gzip(std::string_view bytes) {
  z_stream stream{};
  constexpr int kGzipWindow = 15 + 16;  // the largest window, in gzip's framing
  constexpr int kMemory = 8;            // zlib's default
  BODEGA_CHECK(deflateInit2(&stream, 6, Z_DEFLATED, kGzipWindow, kMemory, Z_DEFAULT_STRATEGY) == Z_OK, "deflateInit2");
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));  // zlib reads only
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  BODEGA_CHECK(deflate(&stream, Z_FINISH) == Z_STREAM_END, "deflate within its bound");
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string zstd(std::string_view bytes) {
  constexpr std::size_t kSmall = 1 << 20;
  std::string out(ZSTD_compressBound(bytes.size()), '\0');
  const std::size_t size = ZSTD_compress(out.data(), out.size(), bytes.data(), bytes.size(), bytes.size() <= kSmall ? 9 : 3);
  BODEGA_CHECK(ZSTD_isError(size) == 0, "ZSTD_compress within its bound");
  out.resize(size);
  return out;
}

}  // namespace

std::string compress(std::string_view bytes, ContentEncoding encoding) {
  std::string out;
  switch (encoding) {
    case ContentEncoding::identity: return std::string(bytes);
    case ContentEncoding::gzip: out = gzip(bytes); break;
    case ContentEncoding::zstd: out = zstd(bytes); break;
  }
  out.shrink_to_fit();
  return out;
}

}  // namespace bodega::pypi
