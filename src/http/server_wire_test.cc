// The server over real sockets: what goes in as bytes, what comes out as bytes.
#include <gtest/gtest.h>

#include "http/server.h"
#include "testing/http_raw_client.h"
#include "testing/http_served.h"

namespace bodega::http {
namespace {

using testing::RawAnswer;
using testing::RawClient;
using testing::Served;

Task<Response> page(Request& request) {
  Response response;
  response.route = "page";
  response.headers = {{"Content-Type", "text/plain"}, {"ETag", "\"tag\""}, {"Accept-Ranges", "bytes"}};
  response.body = std::string("0123456789");
  response.outcome = CacheOutcome::miss;
  if (request.query == "hot") {
    auto validity = std::make_shared<Validity>();
    response.hot = make_hot_entry(response, request.path, kAnyClass, validity, MonoTime::max());
  }
  co_return response;
}

Task<Response> echo(Request& request) {
  Response response;
  response.route = "echo";
  std::string body = request.method_text + " " + request.path + " ?" + request.query + " [" + join(request.segments, "|") + "]" +
                     (request.trailing_slash ? "/" : "") + " " + request.scheme + "://" + request.host + " from " + request.peer.client;
  if (request.body != nullptr) {
    body += " body ";
    while (true) {
      auto reading = request.body->read();
      auto piece = co_await std::move(reading);
      if (!piece) {
        response.status = 400;
        body += "!" + std::string(to_string(piece.error().code));
        break;
      }
      if (piece->empty()) break;
      body += *piece;
    }
  }
  response.body = std::move(body);
  co_return response;
}

Task<Response> throws(Request&) {
  throw std::runtime_error("a bug");
  co_return Response{};
}

void prepare(Served& served) {
  served.handler.on("/page", page);
  served.handler.on("/hot", page);
  served.handler.on("/echo", echo);
  served.handler.on("/bug", throws);
}

class Wire : public ::testing::Test {
 protected:
  Wire() { prepare(served); }
  RawAnswer ask(const std::string& bytes, RawClient::To to = RawClient::To::get) {
    RawClient client(served.url);
    client.send(bytes);
    return client.answer(to);
  }
  RawAnswer get(const std::string& path, const std::string& fields = "") {
    return ask("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n" + fields + "\r\n");
  }
  void make_hot() { ASSERT_EQ(get("/hot?hot").status, 200); }
  Served served;
};

TEST_F(Wire, APageComesWithTheConnectionsFields) {
  const auto answer = get("/page");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.reason, "OK");
  EXPECT_EQ(answer.body, "0123456789");
  EXPECT_EQ(answer.headers.at("content-length"), "10");
  EXPECT_EQ(answer.headers.at("x-cache"), "miss");
  EXPECT_TRUE(parse_http_date(answer.headers.at("date")));
  EXPECT_FALSE(answer.headers.at("x-request-id").empty());
  EXPECT_FALSE(answer.headers.contains("connection"));
}

TEST_F(Wire, ColdAndHotAnswersAgree) {
  make_hot();
  for (const char* fields :
       {"", "If-None-Match: \"tag\"\r\n", "If-None-Match: W/\"tag\"\r\n", "If-None-Match: \"x\"\r\n", "Range: bytes=2-4\r\n",
        "Range: bytes=-3\r\n", "Range: bytes=99-\r\n", "Range: bytes=1-2,4-5\r\n", "Range: bytes=1-2\r\nRange: bytes=1-2\r\n",
        "Range: bytes=1-2\r\nIf-Range: \"tag\"\r\n", "Range: bytes=1-2\r\nIf-Range: \"old\"\r\n"}) {
    auto cold = get("/page", fields);
    auto hot = get("/hot", fields);
    EXPECT_EQ(hot.headers["x-cache"], "hit") << fields;
    for (const char* own : {"x-cache", "x-request-id", "date"}) {
      cold.headers.erase(own);
      hot.headers.erase(own);
    }
    EXPECT_EQ(cold.status, hot.status) << fields;
    EXPECT_EQ(cold.reason, hot.reason) << fields;
    EXPECT_EQ(cold.body, hot.body) << fields;
    EXPECT_EQ(cold.headers, hot.headers) << fields;
    EXPECT_TRUE(hot.complete);
  }
  EXPECT_EQ(served.handler.calls, 1 + 11);
}

TEST_F(Wire, ConditionalAndRangeRequestsAreAnswered) {
  EXPECT_EQ(get("/page", "If-None-Match: \"tag\"\r\n").status, 304);
  const auto part = get("/page", "Range: bytes=2-4\r\n");
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(part.body, "234");
  EXPECT_EQ(part.headers.at("content-range"), "bytes 2-4/10");
  EXPECT_EQ(get("/page", "Range: bytes=10-\r\n").status, 416);
  EXPECT_EQ(get("/echo", "Range: bytes=2-4\r\n").status, 200);  // does not offer ranges
}

TEST_F(Wire, HeadEqualsGetWithoutTheBody) {
  make_hot();
  for (const std::string path : {"/page", "/hot"}) {
    RawClient client(served.url);
    client.send("HEAD " + path + " HTTP/1.1\r\nHost: a\r\nRange: bytes=1-2\r\n\r\nGET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n");
    const auto head = client.answer(RawClient::To::head);
    EXPECT_EQ(head.status, 200) << path;
    EXPECT_EQ(head.headers.at("content-length"), "10");
    EXPECT_EQ(client.answer().body, "0123456789") << path;  // nothing was left between them
  }
}

TEST_F(Wire, RequestsArriveInAnyPieces) {
  const std::string request = "POST /echo?q HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello";
  for (std::size_t at = 1; at < request.size(); ++at) {
    RawClient client(served.url);
    client.send(request.substr(0, at));
    client.send(request.substr(at));
    ASSERT_EQ(client.answer().body, "POST /echo ?q [echo] http://h from 127.0.0.1 body hello") << at;
  }
  RawClient client(served.url);
  for (const char c : request) client.send({&c, 1});
  EXPECT_EQ(client.answer().status, 200);
}

TEST_F(Wire, PipelinedRequestsAreAnsweredInOrder) {
  make_hot();
  RawClient client(served.url);
  std::string all;
  for (int i = 0; i < 100; ++i) {
    all += "GET /hot HTTP/1.1\r\nHost: h\r\n\r\n";
    all += "POST /echo?" + std::to_string(i) + " HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc";
    all += "POST /echo?" + std::to_string(i) + " HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n";
    all += "GET /%zz HTTP/1.1\r\nHost: h\r\n\r\n";
  }
  client.send(all);
  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(client.answer().body, "0123456789");
    ASSERT_EQ(client.answer().body, "POST /echo ?" + std::to_string(i) + " [echo] http://h from 127.0.0.1 body abc");
    ASSERT_EQ(client.answer().body, "POST /echo ?" + std::to_string(i) + " [echo] http://h from 127.0.0.1 body x");
    ASSERT_EQ(client.answer().status, 400);
  }
}

TEST_F(Wire, OldAndClosingClientsAreServedTheirWay) {
  make_hot();
  for (const std::string path : {"/page", "/hot"}) {
    {
      RawClient client(served.url);
      client.send("GET " + path + " HTTP/1.0\r\n\r\n");
      const auto all = client.receive_all();
      EXPECT_TRUE(all.starts_with("HTTP/1.1 200 OK\r\n"));
      EXPECT_NE(all.find("Connection: close\r\n"), std::string::npos);
      EXPECT_TRUE(all.ends_with("\r\n\r\n0123456789"));
      EXPECT_FALSE(client.was_reset());
    }
    {
      RawClient client(served.url);
      client.send("GET " + path + " HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
      EXPECT_EQ(client.answer().headers.at("connection"), "keep-alive");
      client.send("GET " + path + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
      EXPECT_EQ(client.answer().headers.at("connection"), "close");
      EXPECT_FALSE(client.receive_some());
      EXPECT_FALSE(client.was_reset());
    }
  }
}

TEST_F(Wire, AHalfClosedClientGetsItsAnswer) {
  RawClient client(served.url);
  client.send("GET /page HTTP/1.1\r\nHost: a\r\n\r\n");
  client.end_sending();
  EXPECT_EQ(client.answer().body, "0123456789");
  EXPECT_FALSE(client.receive_some());
  EXPECT_FALSE(client.was_reset());
}

TEST_F(Wire, BadRequestsAreRefusedWithAReasonAndTheConnectionEnds) {
  const std::vector<std::pair<int, std::string>> table = {
      {400, "GET / HTTP/1.1\r\n\r\n"},
      {400, "GET / HTTP/1.1\nHost: a\n\n"},
      {400, "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"},
      {400, "GET / HTTP/1.1\r\nHost: a\r\n folded: x\r\n\r\n"},
      {400, "GET / HTTP/1.1\r\nHost : a\r\n\r\n"},
      {400,
       "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /page HTTP/1.1\r\nHost: "
       "a\r\n\r\n"},
      {400, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nContent-Length: 40\r\n\r\nGET /page HTTP/1.1\r\nHost: a\r\n\r\n"},
      {400, "POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
      {501, "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"},
      {414, "GET /" + std::string(9000, 'x') + " HTTP/1.1\r\nHost: a\r\n\r\n"},
      {431, "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(1 << 20, 'x') + "\r\n\r\n"},
      {505, "GET / HTTP/3.0\r\nHost: a\r\n\r\n"},
      {417, "GET / HTTP/1.1\r\nHost: a\r\nExpect: x\r\n\r\n"},
      {400, std::string("\x16\x03\x01\x02\x00\x01\x00", 7)},
      {400, "\x80\x81"},
  };
  for (const auto& [status, bytes] : table) {
    RawClient client(served.url);
    client.send(bytes);
    const auto answer = client.answer();
    EXPECT_EQ(answer.status, status) << bytes.substr(0, 100);
    EXPECT_EQ(answer.body, answer.reason + "\n");
    EXPECT_EQ(answer.headers.at("connection"), "close");
    EXPECT_TRUE(answer.complete);
    client.end_sending();
    EXPECT_EQ(client.receive_all(), "") << bytes.substr(0, 100);  // nothing that was smuggled is answered
  }
  EXPECT_EQ(served.handler.calls, 0);
}

TEST_F(Wire, PathsThatClimbNeverReachTheHandler) {
  for (const char* path : {"/../etc/passwd", "/%2e%2e/x", "//x", "/a%2fb", "/a%00", "/a\\b", "/%"})
    EXPECT_EQ(get(path).status, 400) << path;
  EXPECT_EQ(served.handler.calls, 0);
}

TEST_F(Wire, TheRequestSaysWhatWasAsked) {
  EXPECT_EQ(get("/echo?a=b%20c").body, "GET /echo ?a=b%20c [echo] http://localhost from 127.0.0.1");
  EXPECT_EQ(ask("GET http://Outside:80/echo HTTP/1.1\r\nHost: x\r\n\r\n").body, "GET /echo ? [echo] http://Outside:80 from 127.0.0.1");
  EXPECT_EQ(get("/echo", "X-Forwarded-Proto: https\r\nX-Forwarded-For: 6.6.6.6\r\n").body,
            "GET /echo ? [echo] https://localhost from 127.0.0.1");
  EXPECT_EQ(ask("PUSH /echo HTTP/1.1\r\nHost: x\r\n\r\n").body, "PUSH /echo ? [echo] http://x from 127.0.0.1");
}

TEST_F(Wire, AHandlersExceptionIsA500AndALogLine) {
  RawClient client(served.url);
  client.send("GET /bug HTTP/1.1\r\nHost: a\r\n\r\nGET /page HTTP/1.1\r\nHost: a\r\n\r\n");
  const auto answer = client.answer();
  EXPECT_EQ(answer.status, 500);
  EXPECT_EQ(answer.body.find("a bug"), std::string::npos);
  EXPECT_EQ(client.answer().status, 200);
  EXPECT_NE(served.log.wait_line("http.bug").find("a bug"), std::string::npos);
}

TEST_F(Wire, BrowsersOnAForeignNameAreTurnedAway) {
  make_hot();
  const auto browse = [this](const std::string& host, const std::string& path) {
    return ask("GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\nUser-Agent: Mozilla/5.0\r\nAccept: text/html\r\n\r\n");
  };
  EXPECT_EQ(browse("localhost:3141", "/page").status, 200);
  EXPECT_EQ(browse("localhost:3141", "/hot").headers.at("x-cache"), "hit");
  for (const char* path : {"/page", "/hot"}) {
    const auto refused = browse("evil.test:3141", path);
    EXPECT_EQ(refused.status, 421);
    EXPECT_NE(refused.body.find("allowed-hosts"), std::string::npos);
    EXPECT_NE(refused.body.find("evil.test"), std::string::npos);
    EXPECT_EQ(ask("GET " + std::string(path) + " HTTP/1.1\r\nHost: evil.test\r\nUser-Agent: pip/23\r\n\r\n").status, 200);
  }
}

TEST_F(Wire, PagesOfOtherSitesChangeNothing) {
  const auto send = [this](const std::string& method, const std::string& fields) {
    return ask(method + " /page HTTP/1.1\r\nHost: localhost:3141\r\nAuthorization: Basic eDp5\r\nContent-Length: 0\r\n" + fields + "\r\n")
        .status;
  };
  for (const char* method : {"POST", "PUT", "PATCH", "DELETE", "PUSH"}) {
    EXPECT_EQ(send(method, "Sec-Fetch-Site: cross-site\r\nOrigin: http://localhost:3141\r\n"), 403) << method;
    EXPECT_EQ(send(method, "Origin: https://evil.test\r\n"), 403) << method;
    EXPECT_EQ(send(method, "Origin: null\r\n"), 403) << method;
    EXPECT_EQ(send(method, "Origin: http://localhost:3141\r\n"), 200) << method;
    EXPECT_EQ(send(method, "Sec-Fetch-Site: same-origin\r\n"), 200) << method;
    EXPECT_EQ(send(method, ""), 200) << method;
  }
  EXPECT_EQ(send("GET", "Sec-Fetch-Site: cross-site\r\nOrigin: https://evil.test\r\n"), 200) << "links may lead here";
}

TEST_F(Wire, TheHotPathLeavesToTheHandlerWhatIsNotForIt) {
  make_hot();
  const auto outcome = [this](const std::string& path, const std::string& fields) { return get(path, fields).headers["x-cache"]; };
  EXPECT_EQ(outcome("/hot", "Cache-Control: max-age=0\r\n"), "hit");  // pip sends it with every page
  EXPECT_EQ(outcome("/hot", "Cache-Control: no-cache\r\n"), "miss");
  EXPECT_EQ(outcome("/hot", "Pragma: no-cache\r\n"), "miss");
  EXPECT_EQ(outcome("/hot", "Authorization: Basic eDp5\r\n"), "hit");  // what everybody gets, whoever asks gets
  EXPECT_EQ(outcome("/hot", "X-Devpi-Auth: eDp5\r\n"), "hit");
  EXPECT_EQ(outcome("/hot", "X-Devpi-Absolute-Urls: 1\r\n"), "miss");
  EXPECT_EQ(outcome("/hot?x", ""), "miss");
  EXPECT_EQ(outcome("/hot", "Content-Length: 0\r\n"), "hit");
  EXPECT_EQ(outcome("/hot", "Content-Length: 1\r\n\r\nx"), "miss");
}

TEST_F(Wire, EachRequestIsLoggedAndCounted) {
  make_hot();
  get("/hot", "User-Agent: evil\x80 agent\r\n");
  get("/page?token=secret");
  const auto hot = served.log.wait_line("cache=hit");
  EXPECT_NE(hot.find("http.request"), std::string::npos) << hot;
  EXPECT_NE(hot.find("status=200"), std::string::npos) << hot;
  EXPECT_NE(hot.find("target=/hot"), std::string::npos) << hot;
  EXPECT_NE(hot.find("route=page"), std::string::npos) << hot;
  const auto cold = served.log.wait_line("token");
  EXPECT_EQ(cold.find("secret"), std::string::npos) << cold;
  const auto counters = served.server->counters();
  EXPECT_EQ(counters.accepted, 3U);
  EXPECT_EQ(counters.hot_entries, 1U);
  EXPECT_GT(counters.hot_bytes, 10U);
  std::uint64_t hits = 0;
  for (const auto& row : counters.routes) {
    if (row.outcome == CacheOutcome::hit) hits += row.requests;
  }
  EXPECT_EQ(hits, 1U);
  std::uint64_t observed = 0;
  for (const auto count : counters.latency_counts) observed += count;
  EXPECT_EQ(observed, 3U);
  EXPECT_EQ(counters.latency_counts.size(), counters.latency_bounds.size() + 1);
}

TEST(WireWithProxies, TheTrustedFrontIsBelieved) {
  ServerOptions options;
  options.trusted_proxies = {"127.0.0.0/8"};
  Served served(std::move(options));
  prepare(served);
  RawClient client(served.url);
  client.send("GET /echo HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: pub\r\n\r\n");
  EXPECT_EQ(client.answer().body, "GET /echo ? [echo] https://pub from 6.6.6.6");
  for (const char* query : {"?hot", ""}) {
    client.send("GET /hot" + std::string(query) + " HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 7.7.7.7\r\n\r\n");
    EXPECT_EQ(client.answer().status, 200);
  }
  EXPECT_NE(served.log.wait_line("cache=hit").find("peer=7.7.7.7"), std::string::npos);
  client.send("GET /hot HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-Host: evil.test\r\nOrigin: http://evil.test\r\n\r\n");
  EXPECT_EQ(client.answer().status, 421);
}

TEST(WireWithLoops, ConnectionsAreDealtOut) {
  ServerOptions options;
  options.front_loops = 3;
  Served served(std::move(options));
  prepare(served);
  for (int i = 0; i < 9; ++i) {
    RawClient client(served.url);
    client.send("GET /hot?hot HTTP/1.1\r\nHost: x\r\n\r\nGET /hot HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(client.answer().status, 200);
    EXPECT_EQ(client.answer().headers["x-cache"], "hit") << i;
  }
  EXPECT_EQ(served.server->counters().hot_entries, 3U);
}

TEST(WireListen, AProblemIsNamedWithTheWayOut) {
  Served first;
  ServerOptions options;
  options.listen = {first.url.substr(7)};
  NullLog log;
  const auto second = make_server(options, first.handler, first.home, first.clock, log);
  const auto result = second->listen();
  ASSERT_FALSE(result);
  EXPECT_NE(result.error().message.find(first.url.substr(7)), std::string::npos);
  EXPECT_NE(result.error().message.find("in use"), std::string::npos);
  for (const char* bad : {"localhost", "::1:3141", "127.0.0.1:", "256.0.0.1:1", "127.0.0.1:x", "203.0.113.1:1"}) {
    options.listen = {bad};
    const auto server = make_server(options, first.handler, first.home, first.clock, log);
    const auto refused = server->listen();
    ASSERT_FALSE(refused) << bad;
    EXPECT_NE(refused.error().message.find(bad), std::string::npos);
  }
}

}  // namespace
}  // namespace bodega::http
