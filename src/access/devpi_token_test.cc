#include "access/devpi_token.h"

#include <gtest/gtest.h>

#include "access/password.h"
#include "base/text.h"

namespace bodega::access {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

// Made by itsdangerous 2.2.0 as devpi-server 6.20 uses it, from the secret file "0123456789abcdefghijklmnopqrstuvwxyz-secret\n".
const Secret kKey{from_hex("bf6fe4dafcdc624c7daa875e57ef7830").value()};
const WallTime kIssued = from_unix_micros(1'795'229'800'000'000);
constexpr std::string_view kAlice = R"(["alice", [], true].awEIaA.HJdmoGTD_Q6e8IMJSuG-K-3nf2U)";

bool good(std::string_view user, std::string_view token, WallTime now = kIssued + seconds(5)) {
  return check_devpi_token(kKey, user, token, now).has_value();
}

TEST(DevpiToken, WhatDevpiSignedIsAccepted) {
  EXPECT_EQ(check_devpi_token(kKey, "alice", kAlice, kIssued + seconds(5)), kIssued);
  EXPECT_TRUE(good("alice", R"(["alice", ["admins"], false].awEIaA.ho85JFqfBYCBfvCeD5mZOyFi4yY)"));
  EXPECT_TRUE(
      good("b\xC3\xB6"
           "b",
           R"(["b\u00f6b", [], true].awEIaA._3ZEQTS891_ysfArDXvlZslJ0NM)"));
  EXPECT_TRUE(good("a.b@c", R"(["a.b@c", [], true].awEIaA.CPMPxAvhWO6BKUBZO4Hze_ZOJ2M)"));
}

TEST(DevpiToken, OnlyForItsUser) {
  EXPECT_FALSE(good("bob", kAlice));
  EXPECT_FALSE(good("", kAlice));
  EXPECT_FALSE(good("alic", kAlice));
  EXPECT_FALSE(good("alice\"", kAlice));
  EXPECT_FALSE(good("\xFF", kAlice));
}

TEST(DevpiToken, TenHoursAndNotBefore) {
  EXPECT_TRUE(good("alice", kAlice, kIssued));
  EXPECT_TRUE(good("alice", kAlice, kIssued + hours(10)));
  EXPECT_FALSE(good("alice", kAlice, kIssued + hours(10) + seconds(1)));
  EXPECT_FALSE(good("alice", kAlice, kIssued - seconds(1)));
}

TEST(DevpiToken, AnyOtherByteIsAForgery) {
  for (std::size_t i = 0; i + 1 < kAlice.size(); ++i) {  // two bits of the last character carry nothing
    std::string wrong(kAlice);
    wrong[i] = wrong[i] == 'x' ? 'y' : 'x';
    EXPECT_FALSE(good("alice", wrong)) << i;
  }
  EXPECT_FALSE(check_devpi_token(Secret("another key 1234"), "alice", kAlice, kIssued));
  EXPECT_FALSE(check_devpi_token(Secret(), "alice", kAlice, kIssued));
}

TEST(DevpiToken, FormIsToldWithoutTheKey) {
  EXPECT_TRUE(looks_like_devpi_token(kAlice));
  for (const std::string text : {"", ".", "..", "[", "[].a.b", "secret", "[my.secret.password]", "bl1.YQ.1.c2ln"}) {
    EXPECT_FALSE(looks_like_devpi_token(text)) << text;
    EXPECT_FALSE(good("alice", text)) << text;
  }
  EXPECT_FALSE(looks_like_devpi_token("[" + std::string(10'000, ' ') + std::string(kAlice)));
}

TEST(DevpiToken, SecretsThatDevpiRefusesAreRefused) {
  EXPECT_FALSE(derive_devpi_token_key("short"));
  EXPECT_FALSE(derive_devpi_token_key(std::string(64, 'a')));
}

// devpi's own cost takes half a GiB and many seconds; the function below it is checked with its test vector at a cost of the same kind.
TEST(DevpiToken, KeysAreDerivedAsArgon2Does) {
  const auto key = derive_key("0123456789abcdefghijklmnopqrstuvwxyz-secret\n", "devpi-server-auth", {512, 2, 8}, 16);
  ASSERT_TRUE(key);
  EXPECT_EQ(to_hex(*key), "4e106efcffbf38cb3372972383f3c9e0");
}

}  // namespace
}  // namespace bodega::access
