#include "web/sessions.h"

#include "base/text.h"
#include "pypi/api/api_fixture_for_test.h"

namespace bodega::web {
namespace {

using bodega::testing::run;

Task<Result<void>> ended(Sessions& sessions, std::string cookie) {
  co_await sessions.end(std::move(cookie));
  co_return Result<void>();
}

class SessionsTest : public pypi::ApiTest {
 protected:
  void end(Sessions& sessions, std::string cookie) { ASSERT_TRUE(run(loop_, ended(sessions, std::move(cookie)))); }
  Sessions sessions() { return Sessions(*catalog_, *registry_, clock_, log_); }
  void set_hash(const std::string& hash) {
    auto change = [hash](const pypi::User& now) -> Result<catalog::UserRow> {
      catalog::UserRow row = now.row;
      row.password_hash = hash;
      return row;
    };
    ASSERT_TRUE(run(loop_, registry_->change_user("root", change)));
  }
};

TEST_F(SessionsTest, OneLastsTenHoursOrAsLongAsThePassword) {
  const auto book = sessions();
  const auto cookie = book.begin("root");
  ASSERT_TRUE(book.of(cookie));
  EXPECT_EQ(book.of(cookie)->user, "root");
  EXPECT_NE(book.begin("root"), cookie) << "two logins of one moment are two";
  clock_.advance(std::chrono::hours(10) - std::chrono::seconds(1));
  EXPECT_TRUE(book.of(cookie));
  clock_.advance(std::chrono::seconds(1));
  EXPECT_FALSE(book.of(cookie));
  const auto another = book.begin("root");
  set_hash("another");
  EXPECT_FALSE(book.of(another));
  EXPECT_TRUE(book.of(book.begin("root")));
}

TEST_F(SessionsTest, WhatIsNoneOfOursIsNobody) {
  const auto book = sessions();
  const auto cookie = book.begin("root");
  for (const std::string text : {"", "ws1.", "ws1....", "ws1.a.b.c.d", "ws1.zz.1.ab.cd", "bl1.cm9vdA.1.x"})
    EXPECT_FALSE(book.of(text)) << text;
  EXPECT_FALSE(book.of(cookie + "x"));
  EXPECT_FALSE(book.of(cookie.substr(0, cookie.size() - 1)));
  EXPECT_FALSE(book.of(book.begin("nobody")));
  ASSERT_TRUE(run(loop_, registry_->rotate_token_secret()));
  EXPECT_FALSE(book.of(cookie)) << "of another key";
}

TEST_F(SessionsTest, WhatEndedStaysSoAfterARestart) {
  auto book = sessions();
  const auto cookie = book.begin("root");
  const auto other = book.begin("root");
  end(book, cookie);
  end(book, "rubbish");
  EXPECT_FALSE(book.of(cookie));
  EXPECT_TRUE(book.of(other));
  auto later = sessions();
  ASSERT_TRUE(run(loop_, later.load()));
  EXPECT_FALSE(later.of(cookie));
  EXPECT_TRUE(later.of(other));
}

// The list is bounded; what is dropped from it must not come back to life.
TEST_F(SessionsTest, WhoLogsOutAThousandTimesEndsTheOldSessionsOfAll) {
  auto book = sessions();
  const auto first = book.begin("root");
  end(book, first);
  const auto old = book.begin("root");
  clock_.advance(std::chrono::seconds(1));
  for (int i = 0; i < 1010; ++i) {
    clock_.advance(std::chrono::milliseconds(1));
    end(book, book.begin("root"));
  }
  EXPECT_FALSE(book.of(first));
  EXPECT_FALSE(book.of(old)) << "dearly, but safely";
  EXPECT_TRUE(book.of(book.begin("root")));
  auto later = sessions();
  ASSERT_TRUE(run(loop_, later.load()));
  EXPECT_FALSE(later.of(first));
  EXPECT_TRUE(later.of(later.begin("root")));
}

}  // namespace
}  // namespace bodega::web
