#include "http/client_decode.h"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>

#include "base/check.h"
#include "base/text.h"

namespace bodega::http {
namespace {

// Decoded this much at a time: zstd's own recommendation is 128 KiB, and less than a piece of the reader.
constexpr std::size_t kStep = 64 * 1024;
// RFC 8878 and RFC 9659: content encoding zstd has windows of at most 8 MiB.
constexpr int kZstdWindowLog = 23;

struct ZstdFree {
  void operator()(ZSTD_DStream* stream) const { ZSTD_freeDStream(stream); }
};

// Makes room for one step at the end of `out`, at most up to `limit`, and gives its size.
std::size_t make_room(std::string& out, std::size_t limit) {
  const std::size_t room = std::min(kStep, limit - out.size());
  out.resize(out.size() + room);
  return room;
}

class GzipDecoder final : public Decoder {
 public:
  GzipDecoder() {
    constexpr int kGzipOnly = 16 + MAX_WBITS;
    BODEGA_CHECK(inflateInit2(&stream_, kGzipOnly) == Z_OK, "zlib begins a stream");
  }
  ~GzipDecoder() override { inflateEnd(&stream_); }
  GzipDecoder(const GzipDecoder&) = delete;
  GzipDecoder& operator=(const GzipDecoder&) = delete;

  tl::expected<Step, std::string> decode(std::string_view input, std::string& out, std::size_t limit) override {
    if (ended_)
      return input.empty() ? tl::expected<Step, std::string>(Step{}) : tl::make_unexpected("bytes after the end of the gzip stream");
    // zlib does not write to its input; the member is not const in all its builds.
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(input.data()));
    stream_.avail_in = static_cast<uInt>(input.size());
    while (out.size() < limit) {
      const std::size_t room = make_room(out, limit);
      stream_.next_out = reinterpret_cast<Bytef*>(out.data() + out.size() - room);
      stream_.avail_out = static_cast<uInt>(room);
      const int result = inflate(&stream_, Z_NO_FLUSH);
      out.resize(out.size() - stream_.avail_out);
      if (result == Z_STREAM_END) {
        ended_ = true;
        if (stream_.avail_in > 0) return tl::make_unexpected("bytes after the end of the gzip stream");
        return Step{input.size(), false};
      }
      if (result != Z_OK && result != Z_BUF_ERROR) return tl::make_unexpected("broken gzip stream");
      if (stream_.avail_out > 0) return Step{input.size(), false};  // zlib waits for input
    }
    return Step{input.size() - stream_.avail_in, true};
  }
  bool ended() const override { return ended_; }

 private:
  z_stream stream_{};
  bool ended_ = false;
};

class ZstdDecoder final : public Decoder {
 public:
  ZstdDecoder() : stream_(ZSTD_createDStream()) {
    BODEGA_CHECK(stream_ != nullptr, "zstd begins a stream");
    ZSTD_DCtx_setParameter(stream_.get(), ZSTD_d_windowLogMax, kZstdWindowLog);
  }

  tl::expected<Step, std::string> decode(std::string_view input, std::string& out, std::size_t limit) override {
    ZSTD_inBuffer in{input.data(), input.size(), 0};
    while (out.size() < limit) {
      if (ended_ && in.pos < in.size) return tl::make_unexpected("bytes after the end of the zstd frame");
      if (ended_) return Step{in.pos, false};
      const std::size_t room = make_room(out, limit);
      ZSTD_outBuffer target{out.data() + out.size() - room, room, 0};
      const std::size_t result = ZSTD_decompressStream(stream_.get(), &target, &in);
      out.resize(out.size() - room + target.pos);
      if (ZSTD_isError(result) != 0) return tl::make_unexpected("broken zstd stream");
      begun_ = begun_ || in.pos > 0;
      ended_ = begun_ && result == 0;
      if (!ended_ && target.pos < room && in.pos == in.size) return Step{in.pos, false};
    }
    return Step{in.pos, true};
  }
  bool ended() const override { return ended_; }

 private:
  std::unique_ptr<ZSTD_DStream, ZstdFree> stream_;
  bool begun_ = false;
  bool ended_ = false;
};

}  // namespace

tl::expected<std::unique_ptr<Decoder>, std::string> make_decoder(std::string_view content_encoding) {
  const std::string_view name = trim(content_encoding);
  if (name.empty() || iequals(name, "identity")) return std::unique_ptr<Decoder>();
  if (iequals(name, "gzip") || iequals(name, "x-gzip")) return std::unique_ptr<Decoder>(std::make_unique<GzipDecoder>());
  if (iequals(name, "zstd")) return std::unique_ptr<Decoder>(std::make_unique<ZstdDecoder>());
  return tl::make_unexpected("a content encoding that was not asked for");
}

}  // namespace bodega::http
