// What the client sends and how it reads ordinary answers, against raw bytes on loopback.
#include <gtest/gtest.h>

#include "base/text.h"
#include "http/client_test_server.h"

namespace bodega::http {
namespace {

using Connection = RawServer::Connection;

bool has_line(const std::string& head, std::string_view line) {
  return head.find("\r\n" + std::string(line) + "\r\n") != std::string::npos;
}

TEST_F(ClientTest, ReadsABodyWithALength) {
  RawServer server(with_length("hello", "ETag: \"x\"\r\nX-Two: 1\r\nX-Two: 2\r\n"));
  const auto got = fetch(server.url("/a?b=c"));
  ASSERT_FALSE(got.error) << got.error->describe();
  EXPECT_EQ(got.status, 200);
  EXPECT_EQ(got.body, "hello");
  EXPECT_EQ(got.content_length, 5U);
  EXPECT_TRUE(got.end_is_marked);
  EXPECT_EQ(got.headers.get("etag"), "\"x\"");
  EXPECT_EQ(got.headers.joined("X-Two"), "1, 2");
  EXPECT_EQ(got.final_url.text(), server.url("/a?b=c"));
}

TEST_F(ClientTest, SendsWhatItShouldAndNothingElse) {
  RawServer server(with_length("x"));
  auto request = get(server.url("/a/../b%2Fc/./?q=%20"));
  request.headers = {{"Accept", "text/html"}, {"Host", "evil"}, {"Accept-Encoding", "br"}, {"User-Agent", "me"}, {"X-Empty", ""}};
  fetch(request);
  const auto heads = server.heads();
  ASSERT_EQ(heads.size(), 1U);
  EXPECT_TRUE(heads[0].starts_with("GET /a/../b%2Fc/./?q=%20 HTTP/1.1\r\n")) << heads[0];
  EXPECT_TRUE(has_line(heads[0], "Host: 127.0.0.1:" + std::to_string(server.port())));
  EXPECT_TRUE(has_line(heads[0], "User-Agent: bodega/test"));
  EXPECT_TRUE(has_line(heads[0], "Accept: text/html"));
  EXPECT_TRUE(has_line(heads[0], "Accept-Encoding: identity"));
  EXPECT_TRUE(has_line(heads[0], "X-Empty:"));
  for (const char* no : {"evil", "Authorization", "Cookie", "Upgrade", "Expect", "br\r\n"})
    EXPECT_EQ(heads[0].find(no), std::string::npos) << no;
}

TEST_F(ClientTest, HeadersThatBreakTheHeadAreRefused) {
  RawServer server(with_length("x"));
  for (const auto& field :
       {Header{"X", "a\r\nEvil: 1"}, Header{"X\r\nY", "1"}, Header{"", "1"}, Header{"X Y", "1"}, Header{"X", std::string("\0", 1)}}) {
    auto request = get(server.url());
    request.headers.add(field.name, field.value);
    const auto got = fetch(request);
    ASSERT_TRUE(got.error);
    EXPECT_EQ(got.error->code, Code::invalid);
  }
  EXPECT_TRUE(server.heads().empty());
}

TEST_F(ClientTest, ReadsChunks) {
  RawServer server("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\nX-Trailer: 1\r\n\r\n");
  const auto got = fetch(server.url());
  ASSERT_FALSE(got.error);
  EXPECT_EQ(got.body, "abcdefg");
  EXPECT_FALSE(got.content_length);
  EXPECT_TRUE(got.end_is_marked);
  EXPECT_FALSE(got.headers.has("X-Trailer"));
}

TEST_F(ClientTest, ABodyUntilTheCloseSaysSo) {
  RawServer server([](Connection& c) {
    c.read_head();
    c.send("HTTP/1.1 200 OK\r\n\r\nwho knows");
  });
  const auto got = fetch(server.url());
  ASSERT_FALSE(got.error);
  EXPECT_EQ(got.body, "who knows");
  EXPECT_FALSE(got.content_length);
  EXPECT_FALSE(got.end_is_marked);
}

TEST_F(ClientTest, HeadHasALengthAndNoBody) {
  RawServer server("HTTP/1.1 200 OK\r\nContent-Length: 12345\r\n\r\n");
  auto request = get(server.url());
  request.method = "HEAD";
  request.max_bytes = 10;
  const auto got = fetch(request);
  ASSERT_FALSE(got.error) << got.error->describe();
  EXPECT_EQ(got.content_length, 12345U);
  EXPECT_TRUE(server.heads()[0].starts_with("HEAD / "));
}

TEST_F(ClientTest, AnyStatusIsAnAnswer) {
  for (const char* status : {"304 Not Modified", "204 No Content"}) {
    RawServer server("HTTP/1.1 " + std::string(status) + "\r\nETag: \"e\"\r\n\r\n");
    const auto got = fetch(server.url());
    ASSERT_FALSE(got.error);
    EXPECT_EQ(std::to_string(got.status), std::string(status).substr(0, 3));
    EXPECT_TRUE(got.end_is_marked);
  }
  for (const char* status : {"404 Not Found", "500 Oops", "429 Slow Down", "206 Partial Content", "302 Found"}) {
    RawServer server(with_length("why", "", status));
    const auto got = fetch(server.url());
    ASSERT_FALSE(got.error);
    EXPECT_EQ(std::to_string(got.status), std::string(status).substr(0, 3));
    EXPECT_EQ(got.body, "why");
  }
}

TEST_F(ClientTest, InterimAnswersAreSkipped) {
  RawServer server("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + with_length("real", "X-Real: 1\r\n"));
  const auto got = fetch(server.url());
  EXPECT_EQ(got.body, "real");
  EXPECT_TRUE(got.headers.has("X-Real"));
  EXPECT_FALSE(got.headers.has("Link"));
}

TEST_F(ClientTest, OddHeadersAreCleaned) {
  RawServer server(with_length("x", "X-A: a\x01\x1b[31mb\x7f\tc \r\n  folded\r\nBad Name: 1\r\nX-High: caf\xc3\xa9\r\n"));
  const auto got = fetch(server.url());
  ASSERT_FALSE(got.error) << got.error->describe();
  EXPECT_EQ(got.headers.get("X-A"), "a[31mb\tc folded");
  EXPECT_EQ(got.headers.get("X-High"), "caf\xc3\xa9");
  for (const auto& field : got.headers.all()) EXPECT_EQ(field.name.find(' '), std::string::npos) << field.name;
}

TEST_F(ClientTest, PostsABody) {
  RawServer server([](Connection& c) {
    c.read_head();
    while (c.rest.size() < 100'000 && c.read_some()) {
    }
    c.send(with_length(std::to_string(c.rest.size())));
  });
  auto request = get(server.url());
  request.method = "POST";
  request.body = std::string(100'000, 'p');
  request.headers.add("Content-Type", "multipart/form-data; boundary=x");
  const auto got = fetch(request);
  EXPECT_EQ(got.body, "100000");
  const auto head = server.heads().at(0);
  EXPECT_TRUE(has_line(head, "Content-Length: 100000"));
  EXPECT_TRUE(has_line(head, "Content-Type: multipart/form-data; boundary=x"));
  EXPECT_EQ(head.find("Expect"), std::string::npos);
}

TEST_F(ClientTest, CredentialsAreSentToTheirOrigin) {
  RawServer server(with_length("x"));
  auto request = get(server.url());
  request.credentials = Credentials{request.url.origin(), "alice", Secret("s3:cret")};
  fetch(request);
  request.credentials->origin = "http://127.0.0.1:1";
  fetch(request);
  const auto heads = server.heads();
  EXPECT_TRUE(has_line(heads.at(0), "Authorization: Basic " + base64_encode("alice:s3:cret")));
  EXPECT_EQ(heads.at(1).find("Authorization"), std::string::npos);
}

TEST_F(ClientTest, ConnectionsAreUsedAgain) {
  RawServer server(with_length("x"));
  for (int i = 0; i < 20; ++i) EXPECT_EQ(fetch(server.url()).body, "x");
  EXPECT_EQ(server.heads().size(), 20U);
  EXPECT_EQ(server.connections, 1);
}

TEST_F(ClientTest, AConnectionThatDiedWhileIdleIsReplacedSilently) {
  RawServer server([](Connection& c) {
    c.read_head();
    c.send(with_length("x"));
  });
  for (int i = 0; i < 5; ++i) EXPECT_EQ(fetch(server.url()).body, "x");
  EXPECT_EQ(server.connections, 5);
}

TEST_F(ClientTest, AsksAProxy) {
  RawServer proxy(with_length("by proxy"));
  CurlOptions options;
  options.proxies = ProxySettings{"http://user:pw@127.0.0.1:" + std::to_string(proxy.port()), "", "direct.invalid"};
  make_client(std::move(options));
  auto request = get("http://pypi.invalid/simple/");
  request.private_addresses = PrivateAddresses::refuse;  // the proxy's own address is no concern of that rule
  EXPECT_EQ(fetch(request).body, "by proxy");
  EXPECT_TRUE(proxy.heads().at(0).starts_with("GET http://pypi.invalid/simple/ HTTP/1.1\r\n"));
  EXPECT_TRUE(has_line(proxy.heads().at(0), "Proxy-Authorization: Basic " + base64_encode("user:pw")));
  EXPECT_EQ(kind_of(fetch("http://direct.invalid/")), FetchFailure::resolve);
}

TEST_F(ClientTest, RedirectsAreFollowedOnOneConnection) {
  RawServer server([](Connection& c) {
    for (std::string head = c.read_head(); !head.empty(); head = c.read_head()) {
      if (head.starts_with("GET /simple/Flask ")) c.send(with_length("moved", "Location: /simple/flask/\r\n", "301 Moved"));
      if (head.starts_with("GET /simple/flask/ ")) c.send(with_length("page"));
    }
  });
  const auto got = fetch(server.url("/simple/Flask"));
  EXPECT_EQ(got.body, "page");
  EXPECT_EQ(got.final_url.text(), server.url("/simple/flask/"));
  EXPECT_EQ(server.connections, 1);
}

TEST_F(ClientTest, ARedirectWithoutEndIsRefused) {
  RawServer server(with_length("", "Location: /again\r\n", "302 Found"));
  EXPECT_EQ(kind_of(fetch(server.url())), FetchFailure::policy);
  EXPECT_EQ(server.heads().size(), 6U);
}

TEST_F(ClientTest, ARedirectWithAnEndlessBodyIsFollowedAllTheSame) {
  RawServer server([](Connection& c) {
    const std::string head = c.read_head();
    if (head.starts_with("GET /end ")) {
      c.send(with_length("end"));
      return;
    }
    c.send("HTTP/1.1 302 Found\r\nLocation: /end\r\n\r\n");
    while (c.send(std::string(10'000, 'x'))) {
    }
  });
  EXPECT_EQ(fetch(server.url()).body, "end");
}

TEST_F(ClientTest, ARedirectToSomethingElseThanHttpIsRefused) {
  for (const char* target : {"file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://127.0.0.1:1/", "javascript:alert(1)", "http://"}) {
    RawServer server(with_length("", "Location: " + std::string(target) + "\r\n", "302 Found"));
    const auto got = fetch(server.url());
    EXPECT_EQ(kind_of(got), FetchFailure::policy) << target;
    EXPECT_EQ(got.error->message.find("passwd"), std::string::npos);
  }
}

TEST_F(ClientTest, CredentialsDoNotFollowARedirectToAnotherOrigin) {
  RawServer other(with_length("taken"));
  RawServer server(with_length("", "Location: " + other.url("/x") + "\r\n", "307 Temporary"));
  auto request = get(server.url());
  request.credentials = Credentials{request.url.origin(), "alice", Secret("pw")};
  request.headers = {{"Authorization", "Bearer t"}, {"Cookie", "c=1"}, {"X-Keep", "1"}};
  EXPECT_EQ(fetch(request).body, "taken");
  EXPECT_NE(server.heads().at(0).find("Authorization"), std::string::npos);
  const auto head = other.heads().at(0);
  EXPECT_EQ(head.find("Authorization"), std::string::npos);
  EXPECT_EQ(head.find("Cookie"), std::string::npos);
  EXPECT_TRUE(has_line(head, "X-Keep: 1"));
}

TEST_F(ClientTest, PrivateAddressesOfPageUrlsAreRefused) {
  RawServer server(with_length("secret"));
  for (const char* host : {"127.0.0.1", "localhost"}) {
    auto request = get(server.url("/", host));
    request.private_addresses = PrivateAddresses::refuse;
    const auto got = fetch(request);
    EXPECT_EQ(kind_of(got), FetchFailure::policy) << host;
    EXPECT_EQ(got.error->code, Code::upstream_failed);
  }
  EXPECT_EQ(server.connections, 0);
}

// Machines of a cloud get their credentials there; a mirror of a neighbour could be made to ask for them.
TEST_F(ClientTest, NoRedirectAndNoPageLeadsToALinkLocalAddress) {
  for (const char* where : {"169.254.169.254", "2852039166", "0xa9fea9fe", "[fe80::1]", "[fd00:ec2::254]", "[::ffff:169.254.169.254]",
                            "[64:ff9b::a9fe:a9fe]", "100.100.100.200"}) {
    const std::string url = "http://" + std::string(where) + ":9/latest/meta-data/";
    RawServer server(with_length("", "Location: " + url + "\r\n", "302 Found"));
    const auto got = fetch(server.url());
    EXPECT_EQ(kind_of(got), FetchFailure::policy) << where;
    auto request = get(url);
    request.private_addresses = PrivateAddresses::allow;
    EXPECT_EQ(kind_of(fetch(request)), FetchFailure::policy) << where;
  }
}

TEST_F(ClientTest, AnIdleConnectionToAPrivateAddressIsNoWayRound) {
  RawServer server(with_length("fine"));
  EXPECT_EQ(fetch(server.url("/", "localhost")).body, "fine");
  auto request = get(server.url("/", "localhost"));
  request.private_addresses = PrivateAddresses::refuse;
  EXPECT_EQ(kind_of(fetch(request)), FetchFailure::policy);
  EXPECT_EQ(server.heads().size(), 1U);
}

TEST_F(ClientTest, APrivateUpstreamMayRedirectToAnother) {
  RawServer other(with_length("inside"));
  RawServer server(with_length("", "Location: " + other.url("/x") + "\r\n", "302 Found"));
  EXPECT_EQ(fetch(server.url()).body, "inside");
}

}  // namespace
}  // namespace bodega::http
