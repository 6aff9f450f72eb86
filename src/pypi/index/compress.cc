#include "pypi/index/compress.h"

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

constexpr std::size_t kStep = 64 * 1024;  // room made in the output at a time

class GzipStream final : public StreamCompressor {
 public:
  GzipStream() {
    constexpr int kGzipWindow = 15 + 16;
    BODEGA_CHECK(deflateInit2(&stream_, 5, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) == Z_OK, "deflateInit2");
  }
  ~GzipStream() override { deflateEnd(&stream_); }
  GzipStream(const GzipStream&) = delete;
  GzipStream& operator=(const GzipStream&) = delete;

  void feed(std::string_view bytes, std::string& out) override { run(bytes, Z_NO_FLUSH, out); }
  void finish(std::string& out) override { run({}, Z_FINISH, out); }

 private:
  void run(std::string_view bytes, int flush, std::string& out) {
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));  // zlib reads only
    stream_.avail_in = static_cast<uInt>(bytes.size());
    do {
      const std::size_t before = out.size();
      out.resize(before + kStep);
      stream_.next_out = reinterpret_cast<Bytef*>(out.data() + before);
      stream_.avail_out = static_cast<uInt>(kStep);
      deflate(&stream_, flush);
      out.resize(before + kStep - stream_.avail_out);
    } while (stream_.avail_out == 0);
  }
  z_stream stream_{};
};

class ZstdStream final : public StreamCompressor {
 public:
  ZstdStream() : context_(ZSTD_createCCtx(), ZSTD_freeCCtx) {
    BODEGA_CHECK(context_ != nullptr, "ZSTD_createCCtx");
    ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_compressionLevel, 3);
  }
  void feed(std::string_view bytes, std::string& out) override { run(bytes, ZSTD_e_continue, out); }
  void finish(std::string& out) override { run({}, ZSTD_e_end, out); }

 private:
  void run(std::string_view bytes, ZSTD_EndDirective end, std::string& out) {
    ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
    for (bool more = true; more;) {
      const std::size_t before = out.size();
      out.resize(before + kStep);
      ZSTD_outBuffer room{out.data() + before, kStep, 0};
      const std::size_t left = ZSTD_compressStream2(context_.get(), &room, &in, end);
      BODEGA_CHECK(ZSTD_isError(left) == 0, "ZSTD_compressStream2");
      out.resize(before + room.pos);
      more = end == ZSTD_e_end ? left != 0 : in.pos < in.size;
    }
  }
  std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> context_;
};

}  // namespace

std::unique_ptr<StreamCompressor> make_stream_compressor(ContentEncoding encoding) {
  BODEGA_CHECK(encoding != ContentEncoding::identity, "identity needs no compressor");
  if (encoding == ContentEncoding::gzip) return std::make_unique<GzipStream>();
  return std::make_unique<ZstdStream>();
}

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
