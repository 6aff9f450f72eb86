#include "http/head_parser.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace bodega::http {
namespace {

struct Outcome {
  HeadStatus status = HeadStatus::need_more;
  RequestHead head;
  HeadFault fault;
};

Outcome parse(std::string_view bytes, HeadLimits limits = {}) {
  Outcome outcome;
  std::size_t scanned = 0;
  outcome.status = parse_head(bytes, scanned, limits, outcome.head, outcome.fault);
  return outcome;
}

// 0 for a head that is taken, -1 for one that is not whole.
int verdict(std::string_view bytes) {
  const auto outcome = parse(bytes);
  if (outcome.status == HeadStatus::complete) return 0;
  return outcome.status == HeadStatus::refused ? outcome.fault.status : -1;
}

const std::string kPip =
    "GET /root/pypi/+simple/flask/?a=b HTTP/1.1\r\nHost: localhost:3141\r\nUser-Agent: pip/23.0.1 {\"x\":\"y\"}\r\n"
    "Accept-Encoding: gzip, deflate\r\nAccept: application/vnd.pypi.simple.v1+json\r\nConnection: keep-alive\r\n"
    "Cache-Control: max-age=0\r\nIf-None-Match: \"abc\"\r\nX-Other:\t v  \r\nEmpty:\r\n\r\n";

TEST(HeadParser, ReadsARequestOfPip) {
  const std::string bytes = kPip + "next";  // the head points into it
  const auto [status, head, fault] = parse(bytes);
  ASSERT_EQ(status, HeadStatus::complete);
  EXPECT_EQ(head.method, Method::get);
  EXPECT_EQ(head.target, "/root/pypi/+simple/flask/?a=b");
  EXPECT_EQ(head.path, "/root/pypi/+simple/flask/");
  EXPECT_EQ(head.query, "a=b");
  EXPECT_EQ(head.host, "localhost:3141");
  EXPECT_EQ(head.bytes, kPip.size());
  EXPECT_TRUE(head.keep_alive);
  EXPECT_FALSE(head.has_body());
  EXPECT_FALSE(head.browser);
  EXPECT_EQ(head.first(Field::if_none_match), "\"abc\"");
  EXPECT_EQ(head.first(Field::user_agent), "pip/23.0.1 {\"x\":\"y\"}");
  EXPECT_EQ(head.first(Field::range), "");
  ASSERT_EQ(head.fields.size(), 9U);
  EXPECT_EQ(head.fields[7].name, "X-Other");
  EXPECT_EQ(head.fields[7].value, "v");
  EXPECT_EQ(head.fields[8].value, "");
}

TEST(HeadParser, NeedsMoreAtEveryByteUntilTheEnd) {
  RequestHead head;
  HeadFault fault;
  std::size_t scanned = 0;
  for (std::size_t length = 0; length < kPip.size(); ++length) {
    ASSERT_EQ(parse_head(std::string_view(kPip).substr(0, length), scanned, {}, head, fault), HeadStatus::need_more) << length;
  }
  EXPECT_EQ(parse_head(kPip, scanned, {}, head, fault), HeadStatus::complete);
}

TEST(HeadParser, KnowsTheMethods) {
  const std::vector<std::pair<std::string, Method>> table = {
      {"GET", Method::get},     {"HEAD", Method::head},   {"POST", Method::post},     {"PUT", Method::put},
      {"PATCH", Method::patch}, {"DELETE", Method::del},  {"PUSH", Method::push},     {"OPTIONS", Method::options},
      {"get", Method::other},   {"TRACE", Method::other}, {"M-SEARCH", Method::other}};
  for (const auto& [text, method] : table) {
    const auto outcome = parse(text + " / HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(outcome.status, HeadStatus::complete) << text;
    EXPECT_EQ(outcome.head.method, method) << text;
  }
}

TEST(HeadParser, RequestLinesAreStrict) {
  const std::vector<std::pair<int, std::string>> table = {
      {0, "GET / HTTP/1.1"},
      {0, "GET /%00 HTTP/1.1"},  // for split_path() to refuse
      {0, "GET http://other/x HTTP/1.1"},
      {0, "GET HTTPS://other:80 HTTP/1.1"},
      {0, "OPTIONS * HTTP/1.1"},
      {400, "GET * HTTP/1.1"},
      {400, "GET  / HTTP/1.1"},
      {400, "GET / HTTP/1.1 "},
      {400, "GET /  HTTP/1.1"},
      {400, " GET / HTTP/1.1"},
      {400, "GET\t/\tHTTP/1.1"},
      {400, "GET /"},
      {400, "GET / HTTP/1."},
      {400, "GET / http/1.1"},
      {400, "GET / HTTP/11"},
      {400, "GET / HTTP/a.1"},
      {505, "GET / HTTP/2.0"},
      {505, "PRI * HTTP/2.0"},
      {505, "GET / HTTP/1.2"},
      {505, "GET / HTTP/0.9"},
      {400, "GET x HTTP/1.1"},
      {400, "GET //"},
      {400, "CONNECT host:443 HTTP/1.1"},
      {400, "GET ftp://host/ HTTP/1.1"},
      {400, "GET http:// HTTP/1.1"},
      {400, "GET http:///x HTTP/1.1"},
      {400, "GET http://a@b/x HTTP/1.1"},
      {400, "GET http://a?x HTTP/1.1"},
      {400, "GET /#f HTTP/1.1"},
      {400, "GET /\xc3\xa4 HTTP/1.1"},
      {400, "GET /\x7f HTTP/1.1"},
      {400, std::string("GET /\0 HTTP/1.1", 15)},
      {400, "G(T / HTTP/1.1"},
      {400, "GET"},
      {400, ""},
      {400, std::string(33, 'A') + " / HTTP/1.1"},
      {414, "GET /" + std::string(9000, 'a') + " HTTP/1.1"},
  };
  for (const auto& [status, line] : table) EXPECT_EQ(verdict(line + "\r\nHost: a\r\n\r\n"), status) << line;
}

TEST(HeadParser, FieldsAreStrict) {
  const std::vector<std::pair<int, std::string>> table = {
      {0, "A: b"},
      {0, "A:b"},
      {0, "A: \xc3\xa4"},
      {0, "!#$%&'*+-.^_`|~: x"},
      {400, "A : b"},
      {400, "A\t: b"},
      {400, ": b"},
      {400, "A"},
      {400, " A: b"},
      {400, "A: b\r\n c"},  // obs-fold
      {400, "A: b\r\n\tc"},
      {400, "A: b\nC: d"},  // bare LF
      {400, "A: b\rC: d"},  // bare CR
      {400, "A: b\r\r\nC: d"},
      {400, "A: \x01"},
      {400, "A: \x7f"},
      {400, std::string("A: \0", 4)},
      {400, "A(: b"},
      {400, "\xc3\xa4: b"},
      {431, "A: " + std::string(40'000, 'a')},
  };
  for (const auto& [status, line] : table) EXPECT_EQ(verdict("GET / HTTP/1.1\r\nHost: a\r\n" + line + "\r\n\r\n"), status) << line;
  std::string many;
  for (int i = 0; i < 99; ++i) many += "A: b\r\n";
  EXPECT_EQ(verdict("GET / HTTP/1.1\r\nHost: a\r\n" + many + "\r\n"), 0);
  EXPECT_EQ(verdict("GET / HTTP/1.1\r\nHost: a\r\n" + many + "A: b\r\n\r\n"), 431);
}

TEST(HeadParser, ControlBytesAreFoundAtEveryPlaceOfAValue) {
  for (std::size_t length = 1; length < 70; ++length) {
    for (std::size_t at = 0; at < length; ++at) {
      std::string value(length, 'v');
      value[at] = '\x02';
      ASSERT_EQ(verdict("GET / HTTP/1.1\r\nHost: a\r\nA:" + value + "\r\n\r\n"), 400) << length << " " << at;
      value[at] = '\x80';
      ASSERT_EQ(verdict("GET / HTTP/1.1\r\nHost: a\r\nA:" + value + "\r\n\r\n"), 0) << length << " " << at;
    }
  }
}

TEST(HeadParser, HostIsNeededOnceAndValid) {
  const std::vector<std::pair<int, std::string>> table = {
      {400, ""},
      {0, "Host: a\r\n"},
      {0, "Host:\r\n"},
      {0, "Host: [::1]:3141\r\n"},
      {0, "Host: a.b-c_d:65535\r\n"},
      {400, "Host: a\r\nHost: a\r\n"},
      {400, "Host: a\r\nhost: b\r\n"},
      {400, "Host: a b\r\n"},
      {400, "Host: a/b\r\n"},
      {400, "Host: a@b\r\n"},
      {400, "Host: a,b\r\n"},
      {400, "Host: a:b\r\n"},
      {400, "Host: a:123456\r\n"},
      {400, "Host: :80\r\n"},
      {400, "Host: [::1\r\n"},
      {400, "Host: [x]\r\n"},
      {400, "Host: [::1]x\r\n"},
      {400, "Host: a\\b\r\n"},
      {400, "Host: <script>\r\n"},
      {400, "Host: \xc3\xa4\r\n"},
  };
  for (const auto& [status, fields] : table) EXPECT_EQ(verdict("GET / HTTP/1.1\r\n" + fields + "\r\n"), status) << fields;
  EXPECT_EQ(verdict("GET / HTTP/1.0\r\n\r\n"), 0);
  const auto absolute = parse("GET http://Other:81/p?q HTTP/1.1\r\nHost: ignored\r\n\r\n");
  EXPECT_EQ(absolute.head.host, "Other:81");
  EXPECT_EQ(absolute.head.path, "/p");
  EXPECT_EQ(absolute.head.query, "q");
  EXPECT_EQ(absolute.head.target, "/p?q");
}

TEST(HeadParser, FramingLeavesNoRoomForSmuggling) {
  const std::vector<std::pair<int, std::string>> table = {
      {0, "Content-Length: 0"},
      {0, "Content-Length: 00005"},
      {0, "Transfer-Encoding: chunked"},
      {0, "transfer-encoding: CHUNKED"},
      {400, "Content-Length: 5\r\nContent-Length: 5"},
      {400, "Content-Length: 5\r\nContent-Length: 6"},
      {400, "Content-Length: 5, 5"},
      {400, "Content-Length: +5"},
      {400, "Content-Length: -5"},
      {400, "Content-Length: 0x5"},
      {400, "Content-Length: 5 5"},
      {400, "Content-Length: "},
      {400, "Content-Length: 99999999999999999999"},
      {400, "Content-Length: 5\r\nTransfer-Encoding: chunked"},
      {400, "Transfer-Encoding: chunked\r\nContent-Length: 5"},
      {400, "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"},
      {400, "Transfer-Encoding: chunked, chunked"},
      {501, "Transfer-Encoding: gzip, chunked"},
      {400, "Transfer-Encoding: chunked, gzip"},
      {400, "Transfer-Encoding: gzip"},
      {400, "Transfer-Encoding: identity"},
      {400, "Transfer-Encoding: "},
      {400, "Transfer-Encoding: xchunked"},
      {400, "Transfer-Encoding: chunked;q=1"},
      {400, "Transfer-Encoding: \"chunked\""},
      {400, "Transfer-Encoding : chunked"},
      {400,
       "Transfer-Encoding:\x0b"
       "chunked"},
      {400, "Transfer-Encoding: chunked\x01"},
      {400, "X: y\nTransfer-Encoding: chunked"},
      {0, "Transfer_Encoding: chunked"},  // another field altogether
  };
  for (const auto& [status, fields] : table) EXPECT_EQ(verdict("POST / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n\r\n"), status) << fields;
  EXPECT_EQ(verdict("POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"), 400);
  EXPECT_TRUE(parse("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n").head.has_body());
  EXPECT_EQ(parse("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551615\r\n\r\n").head.content_length, UINT64_MAX);
  EXPECT_FALSE(parse("POST / HTTP/1.1\r\nHost: a\r\nTransfer_Encoding: chunked\r\n\r\n").head.has_body());
}

TEST(HeadParser, ConnectionsPersistByVersionAndOption) {
  const auto keeps = [](const std::string& version, const std::string& fields) {
    return parse("GET / HTTP/" + version + "\r\nHost: a\r\n" + fields + "\r\n").head.keep_alive;
  };
  EXPECT_TRUE(keeps("1.1", ""));
  EXPECT_FALSE(keeps("1.0", ""));
  EXPECT_TRUE(keeps("1.0", "Connection: Keep-Alive\r\n"));
  EXPECT_FALSE(keeps("1.1", "Connection: close\r\n"));
  EXPECT_FALSE(keeps("1.1", "Connection: x, CLOSE\r\n"));
  EXPECT_FALSE(keeps("1.1", "Connection: keep-alive\r\nConnection: close\r\n"));
  EXPECT_TRUE(keeps("1.1", "Connection: TE\r\n"));
}

TEST(HeadParser, ExpectationsAreKnownOrRefused) {
  EXPECT_TRUE(parse("PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\n\r\n").head.expect_continue);
  EXPECT_EQ(verdict("PUT / HTTP/1.1\r\nHost: a\r\nExpect: tea\r\n\r\n"), 417);
  EXPECT_FALSE(parse("PUT / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n").head.expect_continue);
}

TEST(HeadParser, SeesBrowsers) {
  EXPECT_TRUE(parse("GET / HTTP/1.1\r\nHost: a\r\nSec-Fetch-Mode: cors\r\n\r\n").head.browser);
  EXPECT_TRUE(parse("GET / HTTP/1.1\r\nHost: a\r\norigin: null\r\n\r\n").head.browser);
  EXPECT_TRUE(parse("GET / HTTP/1.1\r\nHost: a\r\nUser-Agent: Mozilla/5.0\r\n\r\n").head.browser);
}

TEST(HeadParser, RepeatedFieldsAreMarked) {
  const auto head = parse("GET / HTTP/1.1\r\nHost: a\r\nAccept: x\r\nAccept: y\r\nRange: bytes=0-\r\n\r\n").head;
  EXPECT_TRUE(head.repeated(Field::accept));
  EXPECT_EQ(head.first(Field::accept), "x");
  EXPECT_FALSE(head.repeated(Field::range));
}

TEST(HeadParser, OneEmptyLineBeforeARequestIsIgnored) {
  EXPECT_EQ(verdict("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"), 0);
  EXPECT_EQ(verdict("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
  EXPECT_EQ(verdict("\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
}

TEST(HeadParser, WhatCanNeverBecomeAHeadIsRefusedAtOnce) {
  EXPECT_EQ(verdict("\x16\x03\x01"), 400);  // TLS
  EXPECT_EQ(verdict("GET / HTTP/1.1\nHost"), 400);
  EXPECT_EQ(verdict(std::string("GET / \0", 7)), 400);
  EXPECT_EQ(verdict("GET /" + std::string(8200, 'a')), 414);
  EXPECT_EQ(verdict("GET / HTTP/1.1\r\nHost: a\r\nA: " + std::string(40'000, 'a')), 431);
  EXPECT_EQ(verdict("GET / HTTP/1.1\r\nHost: a\r\nA: " + std::string(10'000, 'a')), -1);
  EXPECT_EQ(verdict(""), -1);
  EXPECT_EQ(verdict("\r"), -1);
}

TEST(HeadParser, FieldNamesAreRecognisedWithoutCase) {
  EXPECT_EQ(identify_field("HOST"), Field::host);
  EXPECT_EQ(identify_field("accept"), Field::accept);
  EXPECT_EQ(identify_field("expect"), Field::expect);
  EXPECT_EQ(identify_field("pragma"), Field::pragma);
  EXPECT_EQ(identify_field("cache-control"), Field::cache_control);
  EXPECT_EQ(identify_field("If-Modified-Since"), Field::if_modified_since);
  EXPECT_EQ(identify_field("transfer-encoding"), Field::transfer_encoding);
  EXPECT_EQ(identify_field("X-Devpi-Absolute-Urls"), Field::x_devpi_absolute_urls);
  EXPECT_EQ(identify_field("connection"), Field::connection);
  EXPECT_EQ(identify_field("Hosts"), Field::other);
  EXPECT_EQ(identify_field("hosu"), Field::other);
  EXPECT_EQ(identify_field(""), Field::other);
}

TEST(HeadParser, ListsAreReadByMember) {
  EXPECT_TRUE(list_has("a, B ,c", "b"));
  EXPECT_FALSE(list_has("ab, c", "b"));
  EXPECT_FALSE(list_has("", "b"));
  EXPECT_TRUE(list_has(",,b", "b"));
}

}  // namespace
}  // namespace bodega::http
