// Who may not read an index learns nothing of it, and what was answered to one reader is never given to another.
#include <gtest/gtest.h>

#include "tests/hermetic/hosted_for_test.h"

namespace bodega::testing {
namespace {

constexpr const char* kSimpleJson = "application/vnd.pypi.simple.v1+json";

http::Headers reader(const std::string& user) {
  auto headers = as(user);
  headers.set("Accept", kSimpleJson);
  return headers;
}

class ReadingRights : public ::testing::Test {
 protected:
  ReadingRights() {
    for (const auto* name : {"alice", "bob", "carol"}) make_user(server, name);
    make_index(server, "alice/base", R"({"acl_pkg_read": "bob"})");
    make_index(server, "alice/open", R"({"bases": "root/pypi"})");
    make_index(server, "alice/team", R"({"bases": "alice/base,root/pypi"})");
    file = put_wheel(server, "alice/base", "secret-tool", "1.0");
    publish(server.upstream(), "secret-tool", {{"secret_tool-99.0.tar.gz", "evil", ""}});
    publish(server.upstream(), "six", {{"six-1.0.tar.gz", "six bytes", ""}});
    server.upstream().forget_requests();
  }
  HermeticServer server;
  std::string file;
};

TEST_F(ReadingRights, TheOptionIsOursOnStagesAndMirrors) {
  make_index(server, "alice/mirror",
             R"({"type": "mirror", "mirror_url": "http://upstream.test/simple/", "acl_pkg_read": [":authenticated:"]})");
  EXPECT_NE(server.get("/alice/mirror", as("alice")).body.find(":AUTHENTICATED:"), std::string::npos);
  EXPECT_EQ(server.get("/alice/mirror/+simple/six/", reader("")).status, 401);
  EXPECT_EQ(server.get("/alice/mirror/+simple/six/", reader("carol")).status, 200);
  const auto wrong = server.ask({"PATCH", "/alice/base", as("alice"), R"({"acl_pkg_read": 5})"});
  EXPECT_EQ(wrong.status, 400);
  change_index(server, "alice/base", R"(["acl_pkg_read-="])");
  EXPECT_EQ(server.get("/alice/base/+simple/secret-tool/", reader("")).status, 200);
}

TEST_F(ReadingRights, ListedUsersOwnerAndRootRead) {
  for (const auto* user : {"alice", "bob", "root"}) {
    const auto page = server.get("/alice/base/+simple/secret-tool/", reader(user));
    EXPECT_EQ(page.status, 200) << user;
    EXPECT_NE(page.body.find("secret_tool-1.0"), std::string::npos);
    EXPECT_EQ(server.get("/alice/base/+simple/", reader(user)).status, 200);
    EXPECT_EQ(server.get(file, as(user)).status, 200);
    EXPECT_EQ(server.get(file + ".metadata", as(user)).status, 200);
  }
}

TEST_F(ReadingRights, NobodyElseCanTellItFromAnIndexThatDoesNotExist) {
  const std::vector<std::string> below = {"/+simple/",
                                          "/+simple/secret-tool/",
                                          "/+simple/secret-tool",
                                          "/+simple/Secret_Tool/",
                                          "/+simple/nope/",
                                          "/+f/000/0000000000000/x-1.0.tar.gz",
                                          "/+e/x/x-1.0.tar.gz",
                                          file.substr(11),
                                          file.substr(11) + ".metadata"};
  for (const auto* user : {"", "carol"}) {
    for (const auto* method : {"GET", "HEAD"}) {
      for (const auto& path : below) {
        const auto closed = server.ask({method, "/alice/base" + path, reader(user), {}});
        const auto none = server.ask({method, "/alice/none" + path, reader(user), {}});
        EXPECT_EQ(closed.status, *user == '\0' ? 401 : 404) << method << path;
        EXPECT_EQ(seen(closed, "alice/base"), seen(none, "alice/none")) << method << path;
        EXPECT_EQ(closed.body.find("secret_tool"), std::string::npos);
      }
    }
    for (const auto* path : {"", "/", "/+api", "?no_projects", "/secret-tool", "/secret-tool/1.0", "/secret-tool/"}) {
      const auto closed = server.get(std::string("/alice/base") + path, as(user));
      const auto none = server.get(std::string("/alice/none") + path, as(user));
      EXPECT_EQ(seen(closed, "alice/base"), seen(none, "alice/none")) << path;
    }
    const auto refreshed = server.ask({"POST", "/alice/base/+simple/secret-tool/refresh", as(user), {}});
    EXPECT_EQ(refreshed.status, *user == '\0' ? 401 : 404);
    EXPECT_EQ(server.get("/", as(user)).body.find("alice/base"), std::string::npos);
    EXPECT_EQ(server.get("/alice", as(user)).body.find("\"base\""), std::string::npos);
  }
  EXPECT_EQ(server.upstream().requests().size(), 0U);
}

TEST_F(ReadingRights, InstallersAreAskedForCredentials) {
  const auto got = server.get("/alice/base/+simple/", reader(""));
  EXPECT_EQ(got.status, 401);
  EXPECT_NE(got.header("WWW-Authenticate").find("Basic"), std::string::npos);
  EXPECT_EQ(server.get(file).status, 401);
  EXPECT_EQ(server.get("/alice/base/+simple/", login_of("bob", "wrong")).status, 401);
}

TEST_F(ReadingRights, WithoutAClosedIndexNobodyIsAskedForCredentials) {
  change_index(server, "alice/base", R"({"acl_pkg_read": ":ANONYMOUS:"})");
  EXPECT_EQ(server.get("/alice/none/+simple/six/", reader("")).status, 404);
  EXPECT_EQ(server.get("/alice/none/+simple/six/", login_of("bob", "wrong")).status, 404);
}

TEST_F(ReadingRights, WhatInheritsFromAClosedBaseIsClosed) {
  // A page of alice/team without alice/base would show upstream's secret-tool, which alice/base keeps private.
  for (const auto* path : {"/alice/team/+simple/secret-tool/", "/alice/team/+simple/six/", "/alice/team/+simple/"}) {
    EXPECT_EQ(server.get(path, reader("")).status, 401) << path;
    EXPECT_EQ(server.get(path, reader("carol")).status, 404) << path;
    EXPECT_EQ(server.get(path, login_of("bob", "expired")).status, 401) << path;
  }
  EXPECT_EQ(server.upstream().requests().size(), 0U) << "nothing is asked upstream for who may not read";
  EXPECT_EQ(server.get("/alice/team", as("carol")).status, 404);
  EXPECT_EQ(server.get("/alice/team", as("bob")).status, 200);
  const auto page = server.get("/alice/team/+simple/secret-tool/", reader("bob"));
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.body.find("99.0"), std::string::npos);
  EXPECT_EQ(server.get("/alice/team/+simple/six/", reader("bob")).status, 200);
}

TEST_F(ReadingRights, AClosedIndexIsNobodysBaseButItsReaders) {
  make_index(server, "bob/mine", R"({"bases": "alice/base"})");
  const auto stranger = server.ask({"PUT", "/carol/mine", as("carol"), R"({"bases": "alice/base"})"});
  EXPECT_EQ(stranger.status, 400);
  EXPECT_NE(stranger.body.find("base index 'alice/base' does not exist"), std::string::npos);
  // The base is closed to bob afterwards: he still manages what is his, and sends the base back as it was.
  change_index(server, "alice/base", R"({"acl_pkg_read": ""})");
  EXPECT_EQ(server.get("/bob/mine/+simple/secret-tool/", reader("bob")).status, 404);
  EXPECT_EQ(server.get("/bob/mine", as("bob")).status, 200);
  change_index(server, "bob/mine", R"({"bases": ["alice/base"], "title": "x"})");
  change_index(server, "bob/mine", R"({"bases": []})");
  EXPECT_EQ(server.get("/bob/mine/+simple/", reader("")).status, 200);
}

TEST_F(ReadingRights, AnswersForSomeAreKeptByNobody) {
  server.get("/alice/team/+simple/six/", reader("bob"));
  for (const auto& path : {std::string("/alice/base/+simple/secret-tool/"), std::string("/alice/base/+simple/"), file, file + ".metadata",
                           std::string("/alice/team/+simple/six/"), std::string("/alice/base/+simple/Secret_Tool/")}) {
    const auto got = server.get(path, reader("bob"));
    EXPECT_FALSE(got.hot) << path;
    EXPECT_EQ(got.header("Cache-Control").find("public"), std::string::npos) << path;
    EXPECT_NE(got.header("Cache-Control").find("private"), std::string::npos) << path;
  }
}

TEST_F(ReadingRights, CredentialsCostNothingWhereEverybodyReads) {
  // Wrong ones, too: they are not looked at, and the answer is kept for everybody.
  server.get("/alice/open/+simple/six/", reader(""));
  auto headers = login_of("alice", "wrong");
  headers.set("Accept", kSimpleJson);
  const auto got = server.get("/alice/open/+simple/six/", headers);
  EXPECT_EQ(got.status, 200);
  EXPECT_TRUE(got.hot);
}

TEST_F(ReadingRights, ClosingTakesBackWhatFrontLoopsKeep) {
  const auto open_file = put_wheel(server, "alice/open", "mine", "1.0");
  make_index(server, "bob/heir", R"({"bases": "alice/open"})");
  const std::vector<std::string> paths = {"/alice/open/+simple/mine/", "/bob/heir/+simple/mine/", open_file, open_file + ".metadata"};
  for (const auto& path : paths) EXPECT_TRUE(server.get(path, reader("")).hot) << path;
  EXPECT_GT(server.standing_hot(), 0U);
  change_index(server, "alice/open", R"({"acl_pkg_read": ["alice"]})");
  EXPECT_EQ(server.standing_hot(), 0U);
  for (const auto& path : paths) EXPECT_EQ(server.get(path, reader("")).status, 401) << path;
  // The mirror behind it is as open as it was.
  EXPECT_EQ(server.get("/root/pypi/+simple/six/", reader("")).status, 200);
}

TEST_F(ReadingRights, WhoMayNotReadMayNotUploadEither) {
  change_index(server, "alice/base", R"({"acl_upload": ":authenticated:"})");
  const auto got = server.ask(upload_ask("alice/base", "carol", "secret-tool", "2.0"));
  const auto none = server.ask(upload_ask("alice/none", "carol", "secret-tool", "2.0"));
  EXPECT_EQ(got.status, 404);
  EXPECT_EQ(seen(got, "alice/base"), seen(none, "alice/none"));
}

TEST_F(ReadingRights, ManyWrongPasswordsAreToldSo) {
  for (int i = 0; i < 12; ++i) server.get("/alice/base/+simple/", login_of("bob", "wrong-" + std::to_string(i)));
  const auto got = server.get("/alice/base/+simple/", login_of("bob", "wrong-last"));
  EXPECT_EQ(got.status, 429);
  EXPECT_TRUE(got.headers.has("Retry-After"));
  auto headers = login_of("bob", "wrong-last");
  headers.set("Accept", kSimpleJson);
  EXPECT_EQ(server.get("/alice/open/+simple/six/", headers).status, 200);
}

TEST_F(ReadingRights, AProxyIsToldTheSame) {
  const auto check = [this](const std::string& uri, const std::string& user) {
    auto headers = as(user);
    headers.add("X-Original-URI", uri);
    return server.get("/+authcheck", headers);
  };
  for (const auto& path : {std::string("/alice/base/+simple/"), file, std::string("http://bodega.test/alice/team/+simple/six/")}) {
    EXPECT_EQ(check(path, "bob").status, 200) << path;
    EXPECT_EQ(check(path, "carol").status, 403) << path;
    EXPECT_EQ(check(path, "").status, 401) << path;
  }
  EXPECT_EQ(seen(check("/alice/base/+simple/", ""), "alice/base"), seen(check("/alice/none/+simple/", ""), "alice/none"));
  EXPECT_EQ(seen(check("/alice/base/+simple/", "carol"), "alice/base"), seen(check("/alice/none/+simple/", "carol"), "alice/none"));
  EXPECT_EQ(check("/alice/open/+simple/", "").body, R"({"message": "\n\n\n\n\n", "code": "200 OK", "title": "OK"})");
  for (const auto* path : {"/+api", "/alice/base/+api", "/+login", "/", "/alice"}) EXPECT_EQ(check(path, "").status, 200) << path;
  EXPECT_EQ(check("/+nonexistent/x/y/z/w", "root").status, 403);
}

}  // namespace
}  // namespace bodega::testing
