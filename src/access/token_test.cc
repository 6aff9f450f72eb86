#include "access/token.h"

#include <gtest/gtest.h>

#include "testing/manual_clock.h"

namespace bodega::access {
namespace {

using std::chrono::seconds;

const Secret kKey("0123456789abcdef0123456789abcdef");

TEST(LoginToken, NamesItsUser) {
  bodega::testing::ManualClock clock;
  for (const std::string user : {"root", "alice", "\xC3\xBCser", "a.b@c-d_e", ""}) {
    const auto token = make_login_token(kKey, user, clock.wall());
    const auto checked = check_login_token(kKey, token, clock.wall());
    ASSERT_TRUE(checked) << user;
    EXPECT_EQ(checked->user, user);
    EXPECT_TRUE(looks_like_login_token(token));
    EXPECT_EQ(token.find_first_of(":+/= "), std::string::npos) << token;  // safe in headers, forms and shells
  }
}

TEST(LoginToken, LivesTenHours) {
  bodega::testing::ManualClock clock;
  const auto token = make_login_token(kKey, "root", clock.wall());
  clock.advance(kLoginTokenLife - seconds(1));
  EXPECT_TRUE(check_login_token(kKey, token, clock.wall()));
  clock.advance(seconds(1));
  EXPECT_FALSE(check_login_token(kKey, token, clock.wall()));
}

TEST(LoginToken, FromTheFutureIsRefused) {
  bodega::testing::ManualClock clock;
  EXPECT_TRUE(check_login_token(kKey, make_login_token(kKey, "root", clock.wall() + seconds(30)), clock.wall()));
  EXPECT_FALSE(check_login_token(kKey, make_login_token(kKey, "root", clock.wall() + seconds(120)), clock.wall()));
}

TEST(LoginToken, AnotherKeyOrNoneRefuses) {
  bodega::testing::ManualClock clock;
  const auto token = make_login_token(kKey, "root", clock.wall());
  EXPECT_FALSE(check_login_token(Secret("another"), token, clock.wall()));
  EXPECT_FALSE(check_login_token(Secret(), token, clock.wall()));
  EXPECT_FALSE(check_login_token(Secret(), make_login_token(Secret(), "root", clock.wall()), clock.wall()));
}

TEST(LoginToken, EveryChangedByteRefuses) {
  bodega::testing::ManualClock clock;
  const auto token = make_login_token(kKey, "alice", clock.wall());
  for (std::size_t i = 0; i < token.size(); ++i) {
    for (const char other : {'A', 'b', '1', '.', '\0'}) {
      auto changed = token;
      if (changed[i] == other) continue;
      changed[i] = other;
      EXPECT_FALSE(check_login_token(kKey, changed, clock.wall())) << changed;
    }
    EXPECT_FALSE(check_login_token(kKey, token.substr(0, i), clock.wall()));
    EXPECT_FALSE(check_login_token(kKey, token + token.substr(0, i + 1), clock.wall()));
  }
}

TEST(LoginToken, OtherTextsAreNone) {
  bodega::testing::ManualClock clock;
  for (const std::string text :
       {"", "bl1.", "bl1...", "bl1.cm9vdA.x.y", "pypi-AgEIcHlwaS5vcmc", R"(["root", [], true].awEIqw.HRc1j89iuy850MduIeSBzlBg85s)"}) {
    EXPECT_FALSE(check_login_token(kKey, text, clock.wall())) << text;
  }
  EXPECT_FALSE(looks_like_login_token("bl1.a.b." + std::string(10'000, 'c')));
  EXPECT_FALSE(looks_like_login_token("password"));
}

}  // namespace
}  // namespace bodega::access
