#include "http/host_rule.h"

#include <gtest/gtest.h>

namespace bodega::http {
namespace {

TEST(HostRule, LoopbackAddressesAndConfiguredNamesAreGood) {
  const HostRule rule("Pypi.Example.com:8443", {"lab", "*.Lab.example"});
  for (const char* host :
       {"localhost", "localhost:3141", "LOCALHOST", "x.localhost", "127.0.0.1:3141", "[::1]:3141", "192.168.1.5", "10.0.0.1:80",
        "pypi.example.com", "PYPI.example.com:1", "lab", "Lab:3141", "a.lab.example", "a.b.lab.example:80", "lab.", ""}) {
    EXPECT_TRUE(rule.allows(host)) << host;
  }
  for (const char* host : {"evil.test", "evil.test:3141", "lab.example", "xlab.example", "lab.evil", "pypi.example.com.evil",
                           "127.0.0.1.evil.test", "localhost.evil", "1.2.3", "0x7f.1", "[::1", "*.lab.example.evil"}) {
    EXPECT_FALSE(rule.allows(host)) << host;
  }
  EXPECT_FALSE(HostRule("", {}).allows("pypi.example.com"));
}

TEST(HostRule, TheRefusalNamesHostAndOptionsAndNothingHostile) {
  const auto text = HostRule::refusal("evil.test:3141");
  EXPECT_NE(text.find("\"evil.test\""), std::string::npos);
  EXPECT_NE(text.find("allowed-hosts"), std::string::npos);
  EXPECT_NE(text.find("public-url"), std::string::npos);
  EXPECT_LT(HostRule::refusal(std::string(5000, 'a')).size(), 400U);
}

}  // namespace
}  // namespace bodega::http
