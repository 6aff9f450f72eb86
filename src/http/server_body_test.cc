// Request bodies over real sockets.
#include <gtest/gtest.h>

#include "http/server.h"
#include "testing/http_raw_client.h"
#include "testing/http_served.h"

namespace bodega::http {
namespace {

using testing::RawClient;
using testing::Served;

// Says how many bytes came, their sum, and how it ended.
Task<Response> count(Request& request) {
  std::uint64_t bytes = 0;
  std::uint64_t sum = 0;
  std::string end = "none";
  while (request.body != nullptr) {
    auto reading = request.body->read();
    const auto piece = co_await std::move(reading);
    if (!piece) {
      end = to_string(piece.error().code);
      break;
    }
    if (piece->empty()) {
      end = "end";
      break;
    }
    bytes += piece->size();
    for (const char c : *piece) sum += static_cast<unsigned char>(c);
  }
  Response response;
  response.route = "count";
  response.body = std::to_string(bytes) + " " + std::to_string(sum) + " " + end;
  co_return response;
}

Task<Response> refuse(Request&) {
  Response response;
  response.status = 401;
  response.body = std::string("no");
  co_return response;
}

Task<Response> first_piece_only(Request& request) {
  auto reading = request.body->read();
  const auto piece = co_await std::move(reading);
  Response response;
  response.body = piece ? piece->substr(0, 3) : "error";
  co_return response;
}

class Bodies : public ::testing::Test {
 protected:
  explicit Bodies(ServerOptions options = {}) : served(std::move(options)) {
    served.handler.on("/count", count);
    served.handler.on("/refuse", refuse);
    served.handler.on("/first", first_piece_only);
  }
  static std::string post(const std::string& path, const std::string& fields) {
    return "POST " + path + " HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n";
  }
  Served served;
};

TEST_F(Bodies, LargeBodiesArriveWhole) {
  std::string body(20 << 20, '\x01');
  RawClient client(served.url);
  client.send(post("/count", "Content-Length: " + std::to_string(body.size()) + "\r\n"));
  client.send(body);
  EXPECT_EQ(client.answer().body, "20971520 20971520 end");
  client.send(post("/count", "Transfer-Encoding: chunked\r\n"));
  for (int i = 0; i < 20; ++i) {
    client.send("100000\r\n");
    client.send(std::string_view(body).substr(0, 1 << 20));
    client.send("\r\n");
  }
  client.send("0\r\n\r\n" + post("/count", ""));
  EXPECT_EQ(client.answer().body, "20971520 20971520 end");
  EXPECT_EQ(client.answer().body, "0 0 none");
}

TEST_F(Bodies, ContinueIsSentWhenTheHandlerReadsAndNotBefore) {
  RawClient client(served.url);
  client.send(post("/count", "Content-Length: 3\r\nExpect: 100-continue\r\n"));
  EXPECT_EQ(client.answer().status, 100);
  client.send("abc");
  EXPECT_EQ(client.answer().body, "3 294 end");
  client.send(post("/count", "Content-Length: 3\r\nExpect: 100-continue\r\n") + "abc");  // did not wait: needs no 100
  EXPECT_EQ(client.answer().status, 200);
  client.send(post("/refuse", "Content-Length: 3000000\r\nExpect: 100-continue\r\n"));
  const auto refused = client.answer();
  EXPECT_EQ(refused.status, 401);
  EXPECT_EQ(refused.headers.at("connection"), "close");
}

TEST_F(Bodies, ASmallUnreadBodyIsReadOver) {
  RawClient client(served.url);
  const std::string body(200'000, 'x');
  for (int i = 0; i < 3; ++i) {
    client.send(post("/refuse", "Content-Length: 200000\r\n") + body);
    const auto answer = client.answer();
    EXPECT_EQ(answer.status, 401);
    EXPECT_FALSE(answer.headers.contains("connection"));
  }
  client.send(post("/first", "Content-Length: 200000\r\n") + body + post("/count", ""));
  EXPECT_EQ(client.answer().body, "xxx");
  EXPECT_EQ(client.answer().body, "0 0 none");
}

TEST_F(Bodies, AnEarlyAnswerReachesAClientThatOnlyWrites) {
  RawClient client(served.url);
  client.send(post("/refuse", "Content-Length: 50000000\r\n"));
  const std::string piece(1 << 20, 'x');
  for (int i = 0; i < 40; ++i) ASSERT_TRUE(client.send(piece)) << i;
  const auto answer = client.answer();
  EXPECT_EQ(answer.status, 401);
  EXPECT_EQ(answer.headers.at("connection"), "close");
  EXPECT_TRUE(answer.complete);
}

TEST_F(Bodies, BrokenChunksEndTheConnection) {
  for (const char* body : {"x\r\n", "5\r\nhelloX", "ffffffffffffffffff\r\n"}) {
    RawClient client(served.url);
    client.send(post("/count", "Transfer-Encoding: chunked\r\n") + body + post("/count", ""));
    const auto answer = client.answer();
    EXPECT_TRUE(answer.body.ends_with("invalid")) << answer.body;
    EXPECT_EQ(answer.headers.at("connection"), "close");
    client.end_sending();
    EXPECT_EQ(client.receive_all(), "") << body;
  }
}

TEST_F(Bodies, AClientThatLeavesCancelsTheBody) {
  {
    RawClient client(served.url);
    client.send(post("/count", "Content-Length: 100\r\n") + "abc");
    client.reset();
  }
  {
    RawClient client(served.url);
    client.send(post("/count", "Content-Length: 100\r\n") + "abc");
    client.end_sending();
    EXPECT_EQ(client.answer().body, "3 294 cancelled");
  }
}

class SmallBodies : public Bodies {
 protected:
  SmallBodies() : Bodies(limited()) {}
  static ServerOptions limited() {
    ServerOptions options;
    options.max_body_bytes = 1000;
    return options;
  }
};

TEST_F(SmallBodies, TooLargeIsSaidBeforeReading) {
  RawClient client(served.url);
  client.send(post("/count", "Content-Length: 1001\r\nExpect: 100-continue\r\n"));
  const auto answer = client.answer();
  EXPECT_EQ(answer.status, 413);
  EXPECT_NE(answer.reason.find("1000"), std::string::npos);
  EXPECT_EQ(served.handler.calls, 0);
  RawClient exact(served.url);
  exact.send(post("/count", "Content-Length: 1000\r\n") + std::string(1000, '\x01'));
  EXPECT_EQ(exact.answer().body, "1000 1000 end");
  RawClient chunked(served.url);
  chunked.send(post("/count", "Transfer-Encoding: chunked\r\n") + "3e9\r\n" + std::string(1001, 'x') + "\r\n0\r\n\r\n");
  EXPECT_TRUE(chunked.answer().body.ends_with("too_large"));
}

class HastyBodies : public Bodies {
 protected:
  HastyBodies() : Bodies(hasty()) {}
  static ServerOptions hasty() {
    ServerOptions options;
    options.stall_timeout = std::chrono::milliseconds(60);
    return options;
  }
};

TEST_F(HastyBodies, AStalledBodyIsCutOff) {
  RawClient client(served.url);
  client.send(post("/count", "Content-Length: 100\r\n") + "abc");
  EXPECT_EQ(client.receive_all(), "");
  EXPECT_NE(served.log.wait_line("http.request").find("status=499"), std::string::npos);
}

TEST_F(HastyBodies, ABodyThatDripsIsCutOff) {
  RawClient client(served.url);
  client.send(post("/count", "Content-Length: 1000000\r\n"));
  int drips = 0;
  while (drips < 4000 && client.send("x") && !client.readable_within(1)) ++drips;
  EXPECT_LT(drips, 4000);
  EXPECT_NE(served.log.wait_line("http.request").find("status=499"), std::string::npos);
}

TEST_F(HastyBodies, ABodyThatKeepsComingIsNot) {
  RawClient client(served.url);
  client.send(post("/count", "Content-Length: 40960000\r\n"));
  const std::string piece(4096, '\x01');
  for (int i = 0; i < 10'000; ++i) ASSERT_TRUE(client.send(piece));
  EXPECT_EQ(client.answer().body, "40960000 40960000 end");
}

}  // namespace
}  // namespace bodega::http
