#include "http/response_writer.h"

#include <gtest/gtest.h>

#include "http/hot.h"

namespace bodega::http {
namespace {

TEST(ResponseWriter, NoControlByteEverPasses) {
  for (int c = 0; c < 256; ++c) {
    const std::string evil = std::string("a") + static_cast<char>(c) + "b\r\nSet-Cookie: x";
    std::string out;
    append_field(out, "Location", evil);
    append_status_line(out, 404, evil);
    std::size_t lines = 0;
    for (std::size_t i = 0; i < out.size(); ++i) {
      const auto byte = static_cast<unsigned char>(out[i]);
      if (byte == '\n') ++lines;
      EXPECT_TRUE(byte >= 0x20 || byte == '\t' || (byte == '\r' && out[i + 1] == '\n') || (byte == '\n' && out[i - 1] == '\r')) << c;
      EXPECT_NE(byte, 0x7f);
    }
    EXPECT_EQ(lines, 2U) << c;
  }
}

TEST(ResponseWriter, NamesThatAreNoTokensAreLeftOut) {
  std::string out;
  append_field(out, "A b", "c");
  append_field(out, "A:", "c");
  append_field(out, "", "c");
  append_field(out, "A\r\n", "c");
  EXPECT_EQ(out, "");
}

TEST(ResponseWriter, ReasonsAreShortPrintableAscii) {
  std::string out;
  append_status_line(out, 404, "The project \xc3\xa4 does not exist.");
  EXPECT_EQ(out, "HTTP/1.1 404 The project  does not exist.\r\n");
  out.clear();
  append_status_line(out, 404, "");
  append_status_line(out, 404, "\r\n");
  EXPECT_EQ(out, "HTTP/1.1 404 Not Found\r\nHTTP/1.1 404 Not Found\r\n");
  out.clear();
  append_status_line(out, 503, std::string(500, 'x'));
  EXPECT_EQ(out.size(), 13 + 200 + 2U);
  out.clear();
  append_status_line(out, 12345, "x");
  EXPECT_EQ(out, "HTTP/1.1 999 x\r\n");
}

Response sample() {
  Response response;
  response.headers = {{"Content-Type", "text/html"},
                      {"ETag", "\"e\""},
                      {"Cache-Control", "max-age=1"},
                      {"Vary", "Accept"},
                      {"Accept-Ranges", "bytes"},
                      {"Content-Length", "999"},
                      {"connection", "close"},
                      {"Transfer-Encoding", "x"},
                      {"Date", "never"}};
  response.body = std::string("0123456789");
  return response;
}

TEST(ResponseWriter, FieldsOfTheConnectionAreNotTheHandlers) {
  EXPECT_EQ(
      make_head(sample(), 10),
      "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nETag: \"e\"\r\nCache-Control: max-age=1\r\nVary: Accept\r\nAccept-Ranges: bytes\r\n"
      "Content-Length: 10\r\n");
}

TEST(ResponseWriter, TheOtherHeadsComeOutOfTheSame) {
  EXPECT_EQ(make_head_304(sample()), "HTTP/1.1 304 Not Modified\r\nETag: \"e\"\r\nCache-Control: max-age=1\r\nVary: Accept\r\n");
  EXPECT_EQ(make_head_206(make_head(sample(), 10), 2, 3, 10),
            "HTTP/1.1 206 Partial Content\r\nContent-Type: text/html\r\nETag: \"e\"\r\nCache-Control: max-age=1\r\nVary: Accept\r\n"
            "Accept-Ranges: bytes\r\nContent-Range: bytes 2-4/10\r\nContent-Length: 3\r\n");
  EXPECT_EQ(make_head_416(10), "HTTP/1.1 416 Range Not Satisfiable\r\nContent-Range: bytes */10\r\nContent-Length: 0\r\n");
}

TEST(HotEntry, HoldsWhatTheResponseSays) {
  auto response = sample();
  response.headers.add("Last-Modified", "Sun, 06 Nov 1994 08:49:37 GMT");
  response.route = "simple";
  const auto entry = make_hot_entry(response, "/p", 3, nullptr, MonoTime::max());
  EXPECT_EQ(entry->path, "/p");
  EXPECT_EQ(entry->accept_class, 3);
  EXPECT_EQ(entry->etag, "\"e\"");
  EXPECT_TRUE(entry->last_modified);
  EXPECT_EQ(entry->length, 10U);
  EXPECT_TRUE(entry->ranges);
  EXPECT_TRUE(entry->head.ends_with("Content-Length: 10\r\n"));
  EXPECT_EQ(*std::get<std::shared_ptr<const std::string>>(entry->body), "0123456789");
  Response redirect;
  redirect.status = 301;
  redirect.headers = {{"Location", "/x/"}};
  const auto moved = make_hot_entry(redirect, "/x", kAnyClass, nullptr, MonoTime::max());
  EXPECT_TRUE(moved->head_not_modified.empty());
  EXPECT_TRUE(moved->head.ends_with("Location: /x/\r\nContent-Length: 0\r\n"));
}

}  // namespace
}  // namespace bodega::http
