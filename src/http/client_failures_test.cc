// Upstreams that break: every way an answer can be wrong must be told from a whole one.
#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include <random>

#include "http/client_test_server.h"

namespace bodega::http {
namespace {

using Connection = RawServer::Connection;
using std::chrono::milliseconds;

std::string gzip_of(std::string_view text) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, 16 + MAX_WBITS, 9, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, text.size()), '\0');
  std::string copy(text);
  stream.next_in = reinterpret_cast<Bytef*>(copy.data());
  stream.avail_in = static_cast<uInt>(copy.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string zstd_of(std::string_view text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
  return out;
}

// Compresses about 2:1, as far as gzip sees.
std::string half_random(std::size_t size) {
  std::mt19937 random(42);
  std::string text(size, '\0');
  for (auto& c : text) c = static_cast<char>('a' + random() % 16);
  return text;
}

FetchRequest decoded(const std::string& url) {
  auto request = get(url);
  request.decode = true;
  return request;
}

using ClientFailures = ClientTest;

TEST_F(ClientFailures, ABodyShorterThanItsLengthIsCut) {
  RawServer server([](Connection& c) {
    c.read_head();
    c.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this");
  });
  const auto got = fetch(server.url());
  EXPECT_EQ(kind_of(got), FetchFailure::cut);
  EXPECT_EQ(got.error->code, Code::upstream_failed);
  EXPECT_TRUE(got.has_head);
  EXPECT_EQ(got.body, "only this");  // what came is handed out: the reader may resume from there
}

TEST_F(ClientFailures, ChunksWithoutTheLastAreCut) {
  for (const char* tail : {"", "5\r\nab", "5\r\nabcde\r\n", "0\r\n"}) {
    RawServer server([tail](Connection& c) {
      c.read_head();
      c.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n" + std::string(tail));
    });
    EXPECT_EQ(kind_of(fetch(server.url())), FetchFailure::cut) << tail;
  }
}

TEST_F(ClientFailures, AResetIsCut) {
  RawServer server([](Connection& c) {
    c.read_head();
    c.send("HTTP/1.1 200 OK\r\n\r\nsome");
    c.reset();
  });
  EXPECT_EQ(kind_of(fetch(server.url())), FetchFailure::cut);
}

TEST_F(ClientFailures, NoAnswerAtAllIsCut) {
  RawServer server([](Connection& c) { c.read_head(); });
  const auto got = fetch(server.url());
  EXPECT_EQ(kind_of(got), FetchFailure::cut);
  EXPECT_FALSE(got.has_head);
}

TEST_F(ClientFailures, WhatIsNotHttpIsRefused) {
  const std::string bad[] = {
      "SSH-2.0-OpenSSH_9.2\r\n",
      "HTTP/1.1 banana\r\n\r\n",
      "HTTP/1.1 200 OK\r\nno colon here\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 7\r\n\r\nhello12",
      "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello",
      "HTTP/1.1 200 OK\r\nContent-Length: 5x\r\n\r\nhello",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnothex\r\n",
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
  };
  for (const auto& bytes : bad) {
    RawServer server([bytes](Connection& c) {
      c.read_head();
      c.send(bytes);
    });
    const auto got = fetch(server.url());
    ASSERT_TRUE(got.error) << bytes;
    EXPECT_EQ(got.error->code, Code::upstream_failed) << bytes;
  }
}

TEST_F(ClientFailures, TooManyHeadersAreRefused) {
  std::string many = "HTTP/1.1 200 OK\r\n";
  for (int i = 0; i < 1000; ++i) many += "X-" + std::to_string(i) + ": " + std::string(100, 'x') + "\r\n";
  RawServer server(many + "Content-Length: 0\r\n\r\n");
  EXPECT_EQ(kind_of(fetch(server.url())), FetchFailure::protocol);
}

TEST_F(ClientFailures, ARefusedConnectionIsNamed) {
  std::string url;
  {
    RawServer gone(with_length("x"));
    url = gone.url("/secret?token=1");
  }
  const auto got = fetch(url);
  EXPECT_EQ(kind_of(got), FetchFailure::connect);
  EXPECT_EQ(got.error->message, "the upstream " + upstream_name(*Url::parse(url)) + " refused the connection");
}

TEST_F(ClientFailures, AnUnknownNameIsNamed) {
  const auto got = fetch("http://no-such-host.invalid/secret");
  EXPECT_EQ(kind_of(got), FetchFailure::resolve);
  EXPECT_EQ(got.error->message, "the upstream no-such-host.invalid could not be resolved");
}

TEST_F(ClientFailures, ASilentUpstreamTimesOut) {
  RawServer server([](Connection& c) {
    c.read_head();
    c.wait_closed();
  });
  auto request = get(server.url());
  request.head_timeout = milliseconds(200);
  const auto began = std::chrono::steady_clock::now();
  const auto got = fetch(request);
  EXPECT_EQ(kind_of(got), FetchFailure::timeout);
  EXPECT_EQ(got.error->code, Code::upstream_timeout);
  EXPECT_GE(std::chrono::steady_clock::now() - began, milliseconds(200));
}

TEST_F(ClientFailures, HeadTimeoutCountsOverRedirects) {
  RawServer server([](Connection& c) {
    while (!c.read_head().empty()) {
      if (c.closed_within(milliseconds(90))) return;
      c.send(with_length("", "Location: /again\r\n", "302 Found"));
    }
  });
  auto request = get(server.url());
  request.head_timeout = milliseconds(250);
  EXPECT_EQ(kind_of(fetch(request)), FetchFailure::timeout);
}

TEST_F(ClientFailures, ABodyThatStopsTimesOut) {
  RawServer server([](Connection& c) {
    c.read_head();
    c.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + std::string(50'000, 'x'));
    c.wait_closed();
  });
  auto request = get(server.url());
  request.stall_timeout = milliseconds(200);
  const auto got = fetch(request);
  EXPECT_EQ(kind_of(got), FetchFailure::timeout);
  EXPECT_EQ(got.body.size(), 50'000U);
}

TEST_F(ClientFailures, ABodyThatDripsTimesOut) {
  RawServer server([](Connection& c) {
    c.read_head();
    c.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
    while (!c.closed_within(milliseconds(20)) && c.send("x")) {
    }
  });
  auto request = get(server.url());
  request.stall_timeout = milliseconds(300);
  EXPECT_EQ(kind_of(fetch(request)), FetchFailure::timeout);
}

TEST_F(ClientFailures, TheWholeMayTakeTooLong) {
  RawServer server([](Connection& c) {
    c.read_head();
    c.send("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n");
    while (!c.closed_within(milliseconds(5)) && c.send(std::string(1000, 'x'))) {
    }
  });
  auto request = get(server.url());
  request.total_timeout = milliseconds(250);
  const auto got = fetch(request);
  EXPECT_EQ(kind_of(got), FetchFailure::timeout);
  EXPECT_GT(got.body.size(), 0U);
}

TEST_F(ClientFailures, MoreThanWantedIsTooLarge) {
  RawServer announced(with_length(std::string(2000, 'x')));
  RawServer chunked("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n" + std::string(2000, 'x') + "\r\n0\r\n\r\n");
  for (const auto& url : {announced.url(), chunked.url()}) {
    auto request = get(url);
    request.max_bytes = 1999;
    const auto got = fetch(request);
    EXPECT_EQ(kind_of(got), FetchFailure::too_large);
    EXPECT_EQ(got.error->code, Code::upstream_failed);
    EXPECT_TRUE(got.has_head);
    EXPECT_LE(got.body.size(), 1999U);
    request.max_bytes = 2000;
    EXPECT_EQ(fetch(request).body.size(), 2000U);
  }
}

TEST_F(ClientFailures, EncodedPagesAreDecoded) {
  const std::string page = half_random(3'000'000);
  for (const bool zstd : {false, true}) {
    RawServer server(with_length(zstd ? zstd_of(page) : gzip_of(page), zstd ? "Content-Encoding: zstd\r\n" : "Content-Encoding: gzip\r\n"));
    const auto got = fetch(decoded(server.url()));
    ASSERT_FALSE(got.error) << got.error->describe();
    EXPECT_TRUE(got.body == page);
    EXPECT_NE(server.heads().at(0).find("\r\nAccept-Encoding: gzip, zstd\r\n"), std::string::npos);
  }
}

TEST_F(ClientFailures, PlainPagesAndEmptyOnesNeedNoDecoding) {
  RawServer plain(with_length("plain"));
  EXPECT_EQ(fetch(decoded(plain.url())).body, "plain");
  RawServer empty(with_length("", "Content-Encoding: gzip\r\n"));
  const auto got = fetch(decoded(empty.url()));
  EXPECT_FALSE(got.error);
  EXPECT_EQ(got.body, "");
}

TEST_F(ClientFailures, FilesComeAsTheyAreWhateverTheirEncoding) {
  const std::string packed = gzip_of("a tar");
  RawServer server(with_length(packed, "Content-Encoding: gzip\r\n"));
  EXPECT_EQ(fetch(server.url()).body, packed);
}

// libcurl's own decoding says nothing here: the page would look whole.
TEST_F(ClientFailures, AnEncodedPageThatEndsInTheMiddleIsCut) {
  const std::string page = half_random(200'000);
  for (const bool zstd : {false, true}) {
    const std::string packed = zstd ? zstd_of(page) : gzip_of(page);
    for (const std::size_t keep : {packed.size() - 1, packed.size() - 9, packed.size() / 2, std::size_t{1}}) {
      RawServer server(with_length(packed.substr(0, keep), zstd ? "Content-Encoding: zstd\r\n" : "Content-Encoding: gzip\r\n"));
      EXPECT_EQ(kind_of(fetch(decoded(server.url()))), FetchFailure::cut) << keep;
    }
  }
}

TEST_F(ClientFailures, BrokenEncodingsAreRefused) {
  const std::string packed = gzip_of("page");
  std::string flipped = packed;
  flipped[flipped.size() - 5] ^= 1;  // the checksum
  const std::pair<std::string, std::string> cases[] = {
      {"not gzip at all", "gzip"},
      {packed + "junk", "gzip"},
      {packed + packed, "gzip"},
      {flipped, "gzip"},
      {zstd_of("page") + "x", "zstd"},
      {"nor zstd", "zstd"},
      {packed, "br"},
      {packed, "gzip, gzip"},
  };
  for (const auto& [body, encoding] : cases) {
    RawServer server(with_length(body, "Content-Encoding: " + encoding + "\r\n"));
    EXPECT_EQ(kind_of(fetch(decoded(server.url()))), FetchFailure::protocol) << encoding << " " << body.size();
  }
}

TEST_F(ClientFailures, BombsAreDefused) {
  const std::string zeros(64'000'000, '\0');
  for (const bool zstd : {false, true}) {
    const std::string bomb = zstd ? zstd_of(zeros) : gzip_of(zeros);
    ASSERT_LT(bomb.size(), 100'000U);
    RawServer server(with_length(bomb, zstd ? "Content-Encoding: zstd\r\n" : "Content-Encoding: gzip\r\n"));
    const auto got = fetch(decoded(server.url()));
    EXPECT_EQ(kind_of(got), FetchFailure::too_large);
    EXPECT_LE(got.body.size(), 200 * bomb.size() + 1024 * 1024 + 512 * 1024);
    auto capped = decoded(server.url());
    capped.max_ratio = 1e9;
    capped.max_bytes = 5'000'000;
    const auto small = fetch(capped);
    EXPECT_EQ(kind_of(small), FetchFailure::too_large);
    EXPECT_LE(small.body.size(), 5'000'000U);
  }
}

}  // namespace
}  // namespace bodega::http
