#include "pypi/index/compress.h"

#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

namespace bodega::pypi {
namespace {

std::string inflate_all(const std::string& bytes) {
  z_stream stream{};
  inflateInit2(&stream, 15 + 16);
  std::string out(16 << 20, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return out;
}

std::string unzstd(const std::string& bytes) {
  std::string out(16 << 20, '\0');
  ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
  ZSTD_outBuffer room{out.data(), out.size(), 0};
  ZSTD_DCtx* context = ZSTD_createDCtx();
  EXPECT_EQ(ZSTD_decompressStream(context, &room, &in), 0U);
  ZSTD_freeDCtx(context);
  out.resize(room.pos);
  return out;
}

std::string sample() {
  std::string text;
  for (int i = 0; text.size() < 3'000'000; ++i) text += "{\"name\":\"project-" + std::to_string(i * 7919 % 100'003) + "\"},";
  return text;
}

TEST(Compress, GivesBackTheSameBytes) {
  const auto text = sample();
  EXPECT_EQ(inflate_all(compress(text, ContentEncoding::gzip)), text);
  EXPECT_EQ(unzstd(compress(text, ContentEncoding::zstd)), text);
  EXPECT_EQ(compress(text, ContentEncoding::identity), text);
  EXPECT_EQ(inflate_all(compress("", ContentEncoding::gzip)), "");
}

TEST(Compress, StreamsPieceByPiece) {
  const auto text = sample();
  for (const auto encoding : {ContentEncoding::gzip, ContentEncoding::zstd}) {
    const auto stream = make_stream_compressor(encoding);
    std::string out;
    for (std::size_t at = 0; at < text.size(); at += 10'007) stream->feed(std::string_view(text).substr(at, 10'007), out);
    stream->finish(out);
    EXPECT_EQ(encoding == ContentEncoding::gzip ? inflate_all(out) : unzstd(out), text);
    EXPECT_LT(out.size(), text.size() / 3);
  }
}

}  // namespace
}  // namespace bodega::pypi
