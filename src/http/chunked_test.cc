#include "http/chunked.h"

#include <gtest/gtest.h>

#include <string>

namespace bodega::http {
namespace {

// "ok:" and the data, "more:" and the data so far, or "refused"; fed in pieces of `step` bytes.
std::string decoded(std::string_view input, std::size_t step, std::size_t* used = nullptr) {
  ChunkedDecoder decoder;
  std::string data;
  std::size_t total = 0;
  for (std::size_t at = 0; at < input.size() && !decoder.done(); at += step) {
    auto piece = input.substr(at, step);
    while (!piece.empty() && !decoder.done()) {
      const auto result = decoder.next(piece);
      if (!result) return "refused";
      data += result->data;
      total += result->consumed;
      piece.remove_prefix(result->consumed);
    }
  }
  if (used != nullptr) *used = total;
  return (decoder.done() ? "ok:" : "more:") + data;
}

TEST(Chunked, GoodBodiesDecodeAtEverySplit) {
  const std::string body = "5\r\nhello\r\n1;name=value;x=\"y\"\r\n \r\n0A\r\n0123456789\r\n000\r\nTrailer: x\r\nOther:\r\n\r\n";
  for (std::size_t step = 1; step <= body.size(); ++step) {
    std::size_t used = 0;
    ASSERT_EQ(decoded(body + "GET /", step, &used), "ok:hello 0123456789") << step;
    ASSERT_EQ(used, body.size()) << step;
  }
}

TEST(Chunked, EveryPrefixNeedsMore) {
  const std::string body = "5\r\nhello\r\n0\r\n\r\n";
  for (std::size_t length = 0; length < body.size(); ++length)
    EXPECT_TRUE(decoded(body.substr(0, length), 3).starts_with("more:")) << length;
}

TEST(Chunked, BrokenFramingIsRefused) {
  for (const char* body : {
           "\r\n",
           ";\r\n",
           "g\r\n",
           " 5\r\nhello\r\n",
           "5 \r\nhello\r\n",
           "5\nhello\r\n",
           "5\r\nhello\n",
           "5\r\nhelloX\r\n",
           "5\r\nhello\rX",
           "+5\r\nhello\r\n",
           "-5\r\n",
           "0x5\r\nhello",
           "5\r\r\nhello",
           "10000000000000000\r\n",
           "fffffffffffffffff\r\n",
           "5;a\nhello",
           "5;\x01\r\nhello",
           "0\r\n\n",
           "0\r\n:\r\n\r\n",
           "0\r\nA b: c\r\n\r\n",
           "0\r\n A: c\r\n\r\n",
           "0\r\nA: c\n\r\n",
           "0\r\nA\r\n\r\n",
           "5\r\nhello\r\n\r\n0\r\n\r\n",
       }) {
    EXPECT_EQ(decoded(body, 64), "refused") << body;
    EXPECT_EQ(decoded(body, 1), "refused") << body;
  }
  EXPECT_EQ(decoded(std::string_view("5;\0\r\n", 5), 9), "refused");
}

TEST(Chunked, ExtensionsAndTrailersAreBounded) {
  EXPECT_EQ(decoded("1;" + std::string(4000, 'a') + "\r\nx\r\n1;" + std::string(4000, 'a') + "\r\ny\r\n0\r\n\r\n", 7), "ok:xy");
  EXPECT_EQ(decoded("1;" + std::string(5000, 'a') + "\r\nx\r\n0\r\n\r\n", 7), "refused");
  EXPECT_EQ(decoded("0\r\nA: " + std::string(5000, 'a') + "\r\n\r\n", 7), "refused");
  std::string many = "0\r\n";
  for (int i = 0; i < 3000; ++i) many += "A:b\r\n";
  EXPECT_EQ(decoded(many, 7), "refused");
}

TEST(Chunked, TheLargestSizeIsTaken) {
  EXPECT_EQ(decoded("7fffffffffffffff\r\nabc", 64), "more:abc");
  EXPECT_EQ(decoded("00000000000000000000000000001\r\nabc", 64), "refused");
}

}  // namespace
}  // namespace bodega::http
