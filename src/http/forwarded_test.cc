#include "http/forwarded.h"

#include <gtest/gtest.h>

namespace bodega::http {
namespace {

const ProxyTrust kTrust = *ProxyTrust::parse({"10.0.0.0/8", "192.0.2.7", "fd00::/8"});

std::string seen(const Headers& headers, const char* peer, const ProxyTrust& trust = kTrust) {
  const auto outside = outside_of(headers, "own:3141", IpAddress::parse(peer), trust);
  return outside.client + " " + outside.scheme + "://" + outside.host;
}

TEST(Forwarded, StrangersSayNothing) {
  const Headers all{{"X-Forwarded-For", "1.1.1.1"},
                    {"X-Forwarded-Proto", "https"},
                    {"X-Forwarded-Host", "evil"},
                    {"Forwarded", "for=1.1.1.1;host=evil;proto=https"},
                    {"X-Outside-Url", "https://evil/"}};
  EXPECT_EQ(seen(all, "203.0.113.9"), "203.0.113.9 http://own:3141");
  EXPECT_EQ(seen(all, "127.0.0.1"), "127.0.0.1 https://own:3141");  // a local front may say that it speaks TLS, no more
  EXPECT_EQ(seen(all, "10.0.0.1", {}), "10.0.0.1 http://own:3141");
}

TEST(Forwarded, LoopbackSchemeNeedsExactlyHttps) {
  EXPECT_EQ(seen({{"X-Forwarded-Proto", "http"}}, "::1"), "::1 http://own:3141");
  EXPECT_EQ(seen({{"X-Forwarded-Proto", "https, http"}}, "::1"), "::1 http://own:3141");
  EXPECT_EQ(seen({{"X-Forwarded-Proto", "https"}, {"X-Forwarded-Proto", "https"}}, "::1"), "::1 http://own:3141");
  EXPECT_EQ(outside_of({{"X-Forwarded-Proto", "https"}}, "h", std::nullopt, {}).scheme, "https");
  EXPECT_EQ(outside_of({}, "h", std::nullopt, {}).client, "unix");
}

TEST(Forwarded, TheClientIsTheRightmostHopThatIsNotTrusted) {
  EXPECT_EQ(seen({{"X-Forwarded-For", "6.6.6.6, 5.5.5.5"}}, "10.0.0.1"), "5.5.5.5 http://own:3141");
  EXPECT_EQ(seen({{"X-Forwarded-For", "6.6.6.6, 5.5.5.5, 10.9.9.9, 192.0.2.7"}}, "10.0.0.1"), "5.5.5.5 http://own:3141");
  EXPECT_EQ(seen({{"X-Forwarded-For", "6.6.6.6"}, {"X-Forwarded-For", "5.5.5.5"}}, "10.0.0.1"), "5.5.5.5 http://own:3141");
  EXPECT_EQ(seen({{"X-Forwarded-For", "10.3.3.3"}}, "10.0.0.1"), "10.3.3.3 http://own:3141");
  EXPECT_EQ(seen({{"X-Forwarded-For", "5.5.5.5, unknown"}}, "10.0.0.1"), "10.0.0.1 http://own:3141");
  EXPECT_EQ(seen({{"X-Forwarded-For", ""}}, "10.0.0.1"), "10.0.0.1 http://own:3141");
  EXPECT_EQ(seen({{"X-Forwarded-For", "5.5.5.5:1234"}}, "10.0.0.1"), "5.5.5.5 http://own:3141");
  EXPECT_EQ(seen({{"X-Forwarded-For", "[2001:db8::1]:99"}}, "fd00::1"), "2001:db8::1 http://own:3141");
  EXPECT_EQ(seen({{"X-Forwarded-For", "127.0.0.1"}}, "10.0.0.1"), "127.0.0.1 http://own:3141");
}

TEST(Forwarded, SchemeAndHostComeFromOneValueOnly) {
  EXPECT_EQ(seen({{"X-Forwarded-Proto", "HTTPS"}, {"X-Forwarded-Host", "pub:8443"}}, "10.0.0.1"), "10.0.0.1 https://pub:8443");
  EXPECT_EQ(seen({{"X-Forwarded-Host", "a, b"}}, "10.0.0.1"), "10.0.0.1 http://own:3141");
  EXPECT_EQ(seen({{"X-Forwarded-Host", "a/b"}}, "10.0.0.1"), "10.0.0.1 http://own:3141");
  EXPECT_EQ(seen({{"X-Forwarded-Proto", "javascript"}}, "10.0.0.1"), "10.0.0.1 http://own:3141");
}

TEST(Forwarded, TheStandardFieldIsReadToo) {
  EXPECT_EQ(seen({{"Forwarded", "for=6.6.6.6, for=\"[2001:db8::7]:4711\";proto=https;host=pub"}}, "10.0.0.1"), "2001:db8::7 https://pub");
  EXPECT_EQ(seen({{"Forwarded", "for=_hidden"}}, "10.0.0.1"), "10.0.0.1 http://own:3141");
  EXPECT_EQ(seen({{"Forwarded", "For=5.5.5.5 ; PROTO=https"}}, "10.0.0.1"), "5.5.5.5 https://own:3141");
}

TEST(Forwarded, ThePathIsThatOfDevpisOutsideUrl) {
  const auto path = [](std::string url, const char* peer) {
    return outside_of({{"X-Outside-Url", std::move(url)}}, "own", IpAddress::parse(peer), kTrust).path;
  };
  EXPECT_EQ(path("https://pub/x/y/", "10.0.0.1"), "/x/y");
  EXPECT_EQ(path("https://pub/", "10.0.0.1"), "");
  EXPECT_EQ(path("https://pub", "10.0.0.1"), "");
  EXPECT_EQ(path("https://pub/x", "127.0.0.1"), "");
}

TEST(Forwarded, DevpisOutsideUrlBeatsTheRest) {
  EXPECT_EQ(seen({{"X-Outside-Url", "https://pub.example:444/x"}, {"X-Forwarded-Host", "other"}}, "10.0.0.1"),
            "10.0.0.1 https://pub.example:444");
  EXPECT_EQ(seen({{"X-Outside-Url", "https://pub.example:443"}}, "10.0.0.1"), "10.0.0.1 https://pub.example");
  EXPECT_EQ(seen({{"X-Outside-Url", "file:///etc"}}, "10.0.0.1"), "10.0.0.1 http://own:3141");
}

TEST(Forwarded, ABadNetworkIsNamed) {
  const auto trust = ProxyTrust::parse({"10.0.0.0/8", "banana"});
  ASSERT_FALSE(trust);
  EXPECT_NE(trust.error().message.find("banana"), std::string::npos);
}

}  // namespace
}  // namespace bodega::http
