#include "base/ip_network.h"

#include <gtest/gtest.h>

namespace bodega {
namespace {

std::string address_text(std::string_view text) {
  const auto address = IpAddress::parse(text);
  return address ? address->text() : "none";
}

bool lies_in(std::string_view address, std::string_view network) { return IpNetwork::parse(network)->contains(*IpAddress::parse(address)); }

TEST(IpAddress, ReadsAndPrintsBothFamilies) {
  EXPECT_EQ(address_text("127.0.0.1"), "127.0.0.1");
  EXPECT_EQ(address_text("::1"), "::1");
  EXPECT_EQ(address_text("[FE80::0:1]"), "fe80::1");
  EXPECT_EQ(address_text("::ffff:10.1.2.3"), "10.1.2.3");
}

TEST(IpAddress, RefusesEverythingElse) {
  for (const auto* text : {"", "localhost", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "[1.2.3.4]", "[]", ":::", "fe80::1%eth0",
                           "1.2.3.4:80", " 1.2.3.4"}) {
    EXPECT_EQ(address_text(text), "none") << text;
  }
  EXPECT_EQ(address_text(std::string_view("1.2.3.4\0x", 9)), "none");
}

TEST(IpAddress, KnowsLoopback) {
  for (const auto* text : {"127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"}) EXPECT_TRUE(IpAddress::parse(text)->is_loopback()) << text;
  for (const auto* text : {"0.0.0.0", "128.0.0.1", "::", "::2", "1::1"}) EXPECT_FALSE(IpAddress::parse(text)->is_loopback()) << text;
}

TEST(IpNetwork, ContainsWhatSharesThePrefix) {
  EXPECT_TRUE(lies_in("10.255.0.1", "10.0.0.0/8"));
  EXPECT_FALSE(lies_in("11.0.0.1", "10.0.0.0/8"));
  EXPECT_TRUE(lies_in("192.168.1.9", "192.168.1.8/30"));
  EXPECT_FALSE(lies_in("192.168.1.12", "192.168.1.8/30"));
  EXPECT_TRUE(lies_in("10.0.0.1", "10.0.0.1"));
  EXPECT_FALSE(lies_in("10.0.0.2", "10.0.0.1"));
  EXPECT_TRUE(lies_in("fd12::9", "fd00::/8"));
  EXPECT_FALSE(lies_in("fe00::9", "fd00::/8"));
  EXPECT_TRUE(lies_in("::ffff:10.0.0.1", "10.0.0.0/8"));
}

TEST(IpNetwork, FamiliesNeverMix) {
  EXPECT_FALSE(lies_in("10.0.0.1", "::/0"));
  EXPECT_FALSE(lies_in("::1", "0.0.0.0/0"));
  EXPECT_TRUE(lies_in("203.0.113.7", "0.0.0.0/0"));
}

TEST(IpNetwork, RefusesSlips) {
  for (const auto* text : {"", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "fd00::/129", "proxy.example/8", "10.0.0.0/8/8"}) {
    EXPECT_FALSE(IpNetwork::parse(text).has_value()) << text;
  }
  const auto slip = IpNetwork::parse("10.1.2.3/8");
  ASSERT_FALSE(slip.has_value());
  EXPECT_NE(slip.error().message.find("10.0.0.0/8"), std::string::npos);
}

}  // namespace
}  // namespace bodega
