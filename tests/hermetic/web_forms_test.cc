// Logging in through a page, and what people change there.
#include <gtest/gtest.h>

#include "tests/hermetic/browser_for_test.h"

namespace bodega::testing {
namespace {

bool has(const Got& got, const std::string& text) { return got.body.find(text) != std::string::npos; }

class WebForms : public ::testing::Test {
 protected:
  WebForms() {
    make_user(server, "alice");
    make_user(server, "bob");
    make_index(server, "alice/dev");
  }
  void log_in(const std::string& user) {
    const auto got = browser.log_in(user);
    ASSERT_EQ(got.status, 303) << got.body;
    browser.follow(got);
  }
  std::vector<FormFile> wheel(const std::string& name, const std::string& version) {
    return {{name + "-" + version + "-py3-none-any.whl", pypi::testing::make_wheel(name, version)}};
  }

  HermeticServer server;
  Browser browser{server};
};

TEST_F(WebForms, ALoginIsACookieThatScriptsAndOtherSitesDoNotGet) {
  const auto got = browser.log_in("alice");
  EXPECT_EQ(got.status, 303);
  EXPECT_EQ(got.header("Location"), "/alice");
  EXPECT_NE(got.header("Set-Cookie").find("HttpOnly; SameSite=Lax"), std::string::npos);
  const auto page = browser.follow(got);
  EXPECT_TRUE(has(page, "Logged in as alice"));
  EXPECT_EQ(page.header("Cache-Control"), "private, no-cache");
}

TEST_F(WebForms, AWrongPasswordIsCountedAsEverywhere) {
  for (int i = 0; i < 10; ++i) {
    const auto got = browser.log_in("alice", "wrong");
    EXPECT_EQ(got.status, 401);
    EXPECT_TRUE(browser.cookies().empty());
  }
  const auto got = browser.log_in("alice", "wrong");
  EXPECT_EQ(got.status, 429);
  EXPECT_TRUE(has(got, "try again later"));
}

TEST_F(WebForms, TheLoginLeadsBackOnlyToThisServer) {
  for (const std::string back : {"https://evil.test/", "//evil.test/", "/\\evil.test", "evil", "/\t/evil.test", "javascript:x"}) {
    Browser one(server);
    const auto got = one.post("/+manage/login", {{"user", "alice"}, {"password", "pw"}, {"back", back}});
    EXPECT_EQ(got.header("Location"), "/") << back;
  }
}

TEST_F(WebForms, ACookieChangesNothingOnTheRoutesOfPrograms) {
  log_in("alice");
  EXPECT_EQ(browser.ask({"DELETE", "/alice/dev", {}, {}}).status, 403);
  EXPECT_EQ(browser.ask({"PATCH", "/alice", {}, R"({"title": "x"})"}).status, 403);
  EXPECT_EQ(browser.get("/alice/dev").status, 200);
}

TEST_F(WebForms, AFormWithoutTheWordOfItsSessionChangesNothing) {
  log_in("alice");
  const auto word = browser.csrf();
  for (const auto& wrong : std::vector<std::string>{"", "x", std::string(word.size(), 'a'), word.substr(1)}) {
    browser.csrf() = wrong;
    EXPECT_EQ(browser.post("/+manage/delete-index/alice/dev", {{"sure", "alice/dev"}}).status, 403);
    browser.csrf() = wrong;  // the page of the error has the right one
    EXPECT_EQ(browser.post("/+manage/token", {{"scope", "read"}}).status, 403);
    browser.csrf() = wrong;
    EXPECT_EQ(browser.post_files("/+manage/upload/alice/dev", wheel("pkg", "1.0")).status, 403);
  }
  // The word of another session.
  Browser other(server);
  other.follow(other.log_in("bob"));
  browser.csrf() = other.csrf();
  EXPECT_EQ(browser.post("/+manage/delete-index/alice/dev", {{"sure", "alice/dev"}}).status, 403);
  // The right word, from the page of another site.
  browser.csrf() = word;
  const auto foreign = browser.ask({"POST",
                                    "/+manage/delete-index/alice/dev",
                                    {{"Content-Type", "application/x-www-form-urlencoded"}, {"Sec-Fetch-Site", "cross-site"}},
                                    "sure=alice/dev&csrf=" + word});
  EXPECT_EQ(foreign.status, 403);
  EXPECT_EQ(browser.get("/alice/dev").status, 200);
  EXPECT_EQ(browser.post("/+manage/delete-index/alice/dev", {{"sure", "alice/dev"}}).status, 303);
  EXPECT_EQ(browser.get("/alice/dev").status, 404);
}

TEST_F(WebForms, AfterLoggingOutNobodyIsKnown) {
  log_in("alice");
  EXPECT_EQ(browser.post("/+manage/logout", {}).status, 303);
  EXPECT_TRUE(has(browser.get("/"), "You are logged out."));
  EXPECT_FALSE(has(browser.get("/"), "You are logged out."));
  EXPECT_FALSE(has(browser.get("/"), "Logged in as"));
  EXPECT_EQ(browser.get("/+manage/account").status, 303);
}

// Logging out took only the cookie away from the browser: whoever had a copy went on for ten hours.
TEST_F(WebForms, LoggingOutEndsThatSessionForEverybodyWhoHasIt) {
  log_in("alice");
  Browser other(server);
  other.follow(other.log_in("alice"));
  Browser thief(server);
  thief.cookies() = browser.cookies();
  EXPECT_TRUE(has(thief.get("/"), "Logged in as alice"));
  EXPECT_EQ(browser.post("/+manage/logout", {}).status, 303);
  EXPECT_FALSE(has(thief.get("/"), "Logged in as"));
  EXPECT_TRUE(has(other.get("/"), "Logged in as alice")) << "another browser's";
  server.restart();
  EXPECT_FALSE(has(thief.get("/"), "Logged in as")) << "after a restart too";
  EXPECT_TRUE(has(other.get("/"), "Logged in as alice")) << "a restart ends nobody's";
}

TEST_F(WebForms, ANewPasswordEndsAllSessionsButTheOneItWasMadeIn) {
  log_in("alice");
  Browser other(server);
  other.follow(other.log_in("alice"));
  browser.get("/+manage/account");
  const auto changed = browser.post("/+manage/password", {{"old", "pw"}, {"password", "new"}, {"again", "new"}});
  ASSERT_EQ(changed.status, 303) << changed.body;
  EXPECT_TRUE(has(browser.follow(changed), "The password is changed"));
  EXPECT_FALSE(has(other.get("/"), "Logged in as"));
  EXPECT_EQ(server.ask({"PATCH", "/alice", login_of("alice", "new"), R"({"password": "newer"})"}).status, 200);
  EXPECT_FALSE(has(browser.get("/"), "Logged in as")) << "changed by a program";
}

TEST_F(WebForms, ASessionDiesWithItsUser) {
  log_in("bob");
  EXPECT_EQ(server.ask({"DELETE", "/bob", as("root"), ""}).status, 200);
  server.advance(std::chrono::seconds(1));
  make_user(server, "bob");
  EXPECT_FALSE(has(browser.get("/"), "Logged in as"));
}

TEST_F(WebForms, ASessionIsNoCredentialOfPrograms) {
  log_in("alice");
  const auto cookie = browser.cookies().at("bodega-session");
  for (const auto& header : {"Bearer " + cookie, "Basic " + base64_encode("alice:" + cookie)}) {
    EXPECT_NE(server.ask({"PUT", "/alice/stolen", {{"Authorization", header}, {"Accept", "application/json"}}, "{}"}).status, 200);
  }
  EXPECT_EQ(server.get("/alice/stolen", as("")).status, 404);
  for (std::size_t i = 0; i < cookie.size(); ++i) {
    auto forged = cookie;
    forged[i] = forged[i] == '0' ? '1' : '0';
    browser.cookies()["bodega-session"] = forged;
    EXPECT_FALSE(has(browser.get("/+status"), "Logged in as")) << forged;
  }
}

TEST_F(WebForms, AProjectIsRefreshedFromOurOwnPagesOnly) {
  server.upstream().otherwise([](const http::FetchRequest&) { return answer_status(404); });
  const Ask elsewhere{"POST", "/root/pypi/six/refresh", {{"Origin", "https://evil.test"}}, ""};
  EXPECT_EQ(browser.ask(elsewhere).status, 403);
  EXPECT_EQ(browser.post("/root/pypi/six/refresh", {}).status, 302) << "nobody is logged in, nothing is ours";
  log_in("alice");
  EXPECT_EQ(browser.post("/root/pypi/six/refresh", {}).status, 302);
  browser.csrf() = "another";
  EXPECT_EQ(browser.post("/root/pypi/six/refresh", {}).status, 403);
}

TEST_F(WebForms, TheListOfNamesOfAMirrorIsFetchedAnew) {
  const std::string url = kUpstream;
  auto names = answer(R"({"meta": {"api-version": "1.0"}, "projects": [{"name": "one"}]})");
  server.upstream().on(url, names);
  EXPECT_TRUE(has(server.get("/root/pypi/+simple/"), "one"));
  EXPECT_FALSE(has(browser.get("/root/pypi"), "Refresh the list")) << "for who is logged in";
  EXPECT_EQ(browser.post("/+manage/refresh/root/pypi", {}).status, 403);
  log_in("alice");
  EXPECT_TRUE(has(browser.get("/root/pypi"), "action=\"/+manage/refresh/root/pypi\""));
  server.advance(std::chrono::seconds(1));
  server.upstream().forget_requests();
  EXPECT_EQ(browser.post("/+manage/refresh/root/pypi", {}).status, 303);
  server.poll();
  EXPECT_EQ(server.upstream().count(), 1U);
  EXPECT_EQ(browser.post("/+manage/refresh/alice/dev", {}).status, 404);
  EXPECT_EQ(browser.post("/+manage/refresh/alice/none", {}).status, 404);
}

TEST_F(WebForms, AnIndexIsMadeChangedAndDeleted) {
  log_in("alice");
  EXPECT_EQ(browser.get("/+manage/new-index/alice").status, 200);
  const auto made =
      browser.post("/+manage/new-index/alice",
                   {{"type", "stage"}, {"name", "new"}, {"bases", "root/pypi, alice/dev"}, {"acl_pkg_read", "bob"}, {"volatile", "yes"}});
  ASSERT_EQ(made.status, 303) << made.body;
  EXPECT_TRUE(has(browser.follow(made), "The index alice/new is made."));
  EXPECT_EQ(server.get("/alice/new", as("bob")).status, 200);
  EXPECT_EQ(server.get("/alice/new", as("")).status, 404);
  EXPECT_TRUE(has(browser.get("/+manage/index/alice/new"), "root/pypi, alice/dev"));
  const auto changed =
      browser.post("/+manage/index/alice/new", {{"title", "a=b, c"}, {"bases", ""}, {"acl_pkg_read", ""}, {"acl_upload", "bob"}});
  ASSERT_EQ(changed.status, 303) << changed.body;
  const auto options = server.get("/alice/new", as("")).body;
  for (const auto* text : {R"("title": "a=b, c")", R"("volatile": false)", R"("bases": [])"}) {
    EXPECT_NE(options.find(text), std::string::npos) << options;
  }
  EXPECT_EQ(browser.post("/+manage/delete-index/alice/new", {{"sure", "alice/new"}}).status, 403);
  EXPECT_EQ(browser.post("/+manage/index/alice/new", {{"volatile", "yes"}}).status, 303);
  EXPECT_EQ(browser.post("/+manage/delete-index/alice/new", {{"sure", "yes"}}).status, 400);
  EXPECT_EQ(browser.post("/+manage/delete-index/alice/new", {{"sure", "alice/new"}}).status, 303);
}

TEST_F(WebForms, WhatIsWrongIsToldBesideWhatWasWritten) {
  log_in("alice");
  const auto got = browser.post("/+manage/new-index/alice", {{"type", "stage"}, {"name", "x"}, {"bases", "no/such"}, {"title", "<b>"}});
  EXPECT_EQ(got.status, 400);
  EXPECT_TRUE(has(got, "base index &#39;no/such&#39; does not exist") || has(got, "base index &#x27;no/such&#x27; does not exist"))
      << got.body;
  EXPECT_TRUE(has(got, "value=\"&lt;b&gt;\""));
}

TEST_F(WebForms, OthersIndexesAreNotThereToBeChanged) {
  log_in("bob");
  for (const auto* path : {"/+manage/index/alice/dev", "/+manage/index/alice/none"}) {
    EXPECT_EQ(browser.get(path).status, 404);
    EXPECT_EQ(browser.post(path, {{"title", "x"}}).status, 404);
  }
  EXPECT_EQ(browser.get("/+manage/user/alice").status, 403);
  EXPECT_EQ(browser.get("/+manage/upload/alice/dev").status, 403);
  EXPECT_EQ(browser.post("/+manage/new-index/alice", {{"name", "x"}}).status, 403);
}

TEST_F(WebForms, FilesAreUploadedYankedAndDeleted) {
  log_in("alice");
  EXPECT_TRUE(has(browser.get("/+manage/upload/alice/dev"), "multipart/form-data"));
  auto files = wheel("pkg", "1.0");
  files.push_back(wheel("other", "2.0")[0]);
  const auto sent = browser.post_files("/+manage/upload/alice/dev", files);
  ASSERT_EQ(sent.status, 303) << sent.body;
  EXPECT_TRUE(has(browser.follow(sent), "Uploaded: pkg-1.0-py3-none-any.whl, other-2.0-py3-none-any.whl"));
  const auto page = server.get_json("/alice/dev/+simple/pkg/").body;
  const auto at = page.find("+f/");
  ASSERT_NE(at, std::string::npos) << page;
  const auto file = page.substr(at, page.find_first_of("\"#", at) - at);
  const auto yanked =
      browser.post("/+manage/yank/alice/dev", {{"file", file}, {"yanked", "yes"}, {"reason", "broken"}, {"back", "/alice/dev/pkg"}});
  EXPECT_EQ(yanked.status, 303) << yanked.body;
  EXPECT_EQ(yanked.header("Location"), "/alice/dev/pkg");
  EXPECT_TRUE(has(server.get_json("/alice/dev/+simple/pkg/"), R"("yanked":"broken")"));
  EXPECT_EQ(browser.post("/+manage/yank/alice/dev", {{"file", file}, {"yanked", "no"}}).status, 303);
  EXPECT_FALSE(has(server.get_json("/alice/dev/+simple/pkg/"), "broken"));
  EXPECT_EQ(browser.post("/+manage/delete/alice/dev", {{"file", file}}).status, 303);
  EXPECT_EQ(browser.post("/+manage/delete/alice/dev", {{"project", "other"}}).status, 303);
  EXPECT_EQ(server.get("/alice/dev/other", as("")).status, 404);
}

TEST_F(WebForms, ABadFileDoesNotTakeTheGoodOneWithIt) {
  log_in("alice");
  browser.get("/+manage/upload/alice/dev");
  auto files = wheel("pkg", "1.0");
  files.push_back({"broken-1.0-py3-none-any.whl", "no zip"});
  files.push_back({"notes.txt", "x"});
  files.push_back({"../../etc/passwd", "x"});
  const auto sent = browser.post_files("/+manage/upload/alice/dev", files);
  EXPECT_EQ(sent.status, 400);
  EXPECT_TRUE(has(sent, "These are uploaded: pkg-1.0-py3-none-any.whl"));
  EXPECT_TRUE(has(sent, "broken-1.0-py3-none-any.whl: "));
  EXPECT_TRUE(has(sent, "notes.txt is neither"));
  EXPECT_EQ(server.get_json("/alice/dev/+simple/pkg/").status, 200);
}

TEST_F(WebForms, ATokenIsShownOnceAndRevoked) {
  log_in("alice");
  browser.get("/+manage/account");
  const auto made = browser.post("/+manage/token", {{"scope", "upload"}, {"comment", "for <ci>"}, {"index", "alice/dev"}, {"days", "30"}});
  EXPECT_EQ(made.status, 200);
  EXPECT_EQ(made.header("Cache-Control"), "no-store");
  const auto at = made.body.find(">bodega_");
  ASSERT_NE(at, std::string::npos);
  const auto token = made.body.substr(at + 1, 78);
  EXPECT_EQ(server.get("/+token", login_of("alice", token)).status, 403);  // it is one, and may not look after tokens
  const auto account = browser.get("/+manage/account");
  EXPECT_FALSE(has(account, token));
  EXPECT_TRUE(has(account, "for &lt;ci&gt;"));
  EXPECT_EQ(browser.post("/+manage/revoke", {{"id", token.substr(7, 12)}}).status, 303);
  EXPECT_EQ(server.get("/+token", login_of("alice", token)).status, 401);
}

TEST_F(WebForms, ThePasswordChangesOnlyForWhoKnowsIt) {
  log_in("alice");
  browser.get("/+manage/account");
  EXPECT_EQ(browser.post("/+manage/password", {{"old", "no"}, {"password", "new"}, {"again", "new"}}).status, 403);
  EXPECT_EQ(browser.post("/+manage/password", {{"old", "pw"}, {"password", "new"}, {"again", "other"}}).status, 400);
  EXPECT_EQ(browser.post("/+manage/password", {{"old", "pw"}, {"password", "new"}, {"again", "new"}}).status, 303);
  Browser other(server);
  EXPECT_EQ(other.log_in("alice").status, 401);
  EXPECT_EQ(other.log_in("alice", "new").status, 303);
}

TEST_F(WebForms, UsersAreMadeAndDeletedAsTheRightsAllow) {
  EXPECT_EQ(browser.log_in("root", kRootPassword).status, 303);
  browser.get("/+manage/new-user");
  const auto made = browser.post("/+manage/new-user", {{"user", "carol"}, {"password", "pw"}, {"title", "Carol"}});
  ASSERT_EQ(made.status, 303) << made.body;
  EXPECT_TRUE(has(browser.follow(made), "Carol"));
  EXPECT_EQ(browser.post("/+manage/user/carol", {{"title", "Caroline"}}).status, 303);
  EXPECT_EQ(browser.post("/+manage/delete-user/carol", {{"sure", "Carol"}}).status, 400);
  EXPECT_EQ(browser.post("/+manage/delete-user/carol", {{"sure", "carol"}}).status, 303);
  EXPECT_EQ(browser.get("/carol").status, 404);
}

TEST_F(WebForms, ALoginEndsAfterTenHours) {
  log_in("alice");
  server.advance(std::chrono::hours(10) + std::chrono::seconds(1));
  EXPECT_FALSE(has(browser.get("/"), "Logged in as"));
  EXPECT_EQ(browser.post("/+manage/new-index/alice", {{"name", "late"}}).status, 403);
}

TEST_F(WebForms, APrivateIndexIsReadAfterLoggingIn) {
  make_index(server, "alice/closed", R"({"acl_pkg_read": ["bob"]})");
  const auto file = put_wheel(server, "alice/closed", "pkg", "1.0");
  EXPECT_EQ(browser.get("/alice/closed").status, 404);
  EXPECT_EQ(browser.get(file).status, 401);
  log_in("bob");
  EXPECT_EQ(browser.get("/alice/closed").status, 200);
  EXPECT_EQ(browser.get(file).status, 200);
  EXPECT_FALSE(browser.get(file).hot);
}

}  // namespace
}  // namespace bodega::testing
