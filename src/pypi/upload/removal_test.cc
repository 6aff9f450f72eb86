#include "pypi/upload/removal.h"

#include <gtest/gtest.h>

#include "pypi/index/simple.h"
#include "pypi/upload/upload_test_archives.h"
#include "pypi/upload/upload_test_kit.h"

namespace bodega::pypi::testing {
namespace {

class RemovalTest : public UploadKit {
 protected:
  RemovalTest() {
    add_index("alice", "tgt", "{}");
    for (const char* index : {"/alice/dev/", "/alice/prod/"}) {
      put(index, "1.0", wheel("1.0"), "hello-1.0-py3-none-any.whl");
      put(index, "1.0", make_sdist("hello", "1.0"), "hello-1.0.tar.gz");
      put(index, "2.0", wheel("2.0"), "hello-2.0-py3-none-any.whl");
    }
  }
  std::string wheel(const std::string& version) { return make_wheel("hello", version, "x"); }
  void put(const std::string& index, const std::string& version, const std::string& bytes, const std::string& filename) {
    const auto response = upload(index, upload_form("hello", version, filename, bytes));
    ASSERT_EQ(response.status, 200) << text(response);
  }
  std::string message(const http::Response& response) {
    const auto json = Json::parse(text(response));
    return json ? std::string(json->text("message")) : text(response);
  }
  bool has_project(const std::string& index) {
    return read<catalog::ProjectRow>([&](catalog::Reader& reader) { return reader.project(index, "hello"); }).has_value();
  }
  std::string url(const std::string& index = "alice/dev") { return url_of(index, "hello-1.0-py3-none-any.whl"); }
};

TEST_F(RemovalTest, AFileGoesAndIsRemembered) {
  const std::string target = url();
  const auto standing = facts.stand_on({project_fact("alice/dev", "hello")});
  const auto list = facts.stand_on({list_fact("alice/dev")});
  const auto response = remove(target);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(text(response), "{\n  \"message\": \"package '" + target.substr(1) + "' deleted\"\n}\n");
  EXPECT_EQ(response.headers.get("Content-Type"), "application/json");
  EXPECT_EQ(response.route, "remove");
  EXPECT_FALSE(standing->stands());
  EXPECT_TRUE(list->stands());
  EXPECT_FALSE(file("alice/dev", "hello-1.0-py3-none-any.whl"));
  EXPECT_EQ(read<bool>([](catalog::Reader& reader) { return reader.was_deleted("alice/dev", "hello-1.0-py3-none-any.whl"); }), true);
  // Still on alice/prod.
  EXPECT_TRUE(stored(Digest::of(wheel("1.0"))));

  const auto again = remove(target);
  EXPECT_EQ(again.status, 410);
  EXPECT_EQ(message(again), "file '" + target.substr(1) + "' existed, deleted in later serial");
  // A deleted name may come back.
  put("/alice/dev/", "1.0", make_wheel("hello", "1.0", "other"), "hello-1.0-py3-none-any.whl");
}

TEST_F(RemovalTest, TheLastReferenceTakesTheBytes) {
  EXPECT_EQ(remove(url("alice/prod") + "?force").status, 200);
  EXPECT_TRUE(stored(Digest::of(wheel("1.0"))));
  EXPECT_EQ(remove(url()).status, 200);
  EXPECT_FALSE(stored(Digest::of(wheel("1.0"))));
}

TEST_F(RemovalTest, AReleaseGoesWithItsLastFileAndTheProjectWithItsLastRelease) {
  const auto list = facts.stand_on({list_fact("alice/dev")});
  EXPECT_EQ(remove(url_of("alice/dev", "hello-2.0-py3-none-any.whl")).status, 200);
  EXPECT_FALSE(metadata("alice/dev", "hello", "2.0"));
  EXPECT_EQ(remove(url()).status, 200);
  EXPECT_TRUE(metadata("alice/dev", "hello", "1.0"));
  EXPECT_TRUE(list->stands());
  EXPECT_EQ(remove(url_of("alice/dev", "hello-1.0.tar.gz")).status, 200);
  EXPECT_FALSE(has_project("alice/dev"));
  EXPECT_FALSE(list->stands());
}

TEST_F(RemovalTest, LinksThatMeanNoFile) {
  const std::string other_digest = "/alice/dev/+f/000/0000000000000/hello-1.0-py3-none-any.whl";
  const auto response = remove(other_digest);
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(message(response), "package '" + other_digest.substr(1) + "' doesn't exist");
  EXPECT_EQ(remove("/alice/dev/+f/000/0000000000000/nope-1.0.tar.gz").status, 404);
  EXPECT_EQ(remove("/alice/dev/+f/x").status, 404);
  EXPECT_EQ(remove(url() + ".metadata").status, 404);
  EXPECT_TRUE(file("alice/dev", "hello-1.0-py3-none-any.whl"));
}

TEST_F(RemovalTest, AVersionGoesWithItsFiles) {
  const auto response = remove("/alice/dev/hello/1.0");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(message(response), "project <NormalizedName 'hello' 'hello'> version '1.0' deleted");
  EXPECT_FALSE(file("alice/dev", "hello-1.0.tar.gz"));
  EXPECT_TRUE(file("alice/dev", "hello-2.0-py3-none-any.whl"));
  EXPECT_EQ(message(remove("/alice/dev/hello/1.0")),
            "version '1.0' of project <NormalizedName 'hello' 'hello'> not found on stage 'alice/dev'");
  EXPECT_EQ(remove("/alice/dev/hello/2.0/").status, 200);
  const auto again = remove("/alice/dev/hello/2.0");
  EXPECT_EQ(again.status, 404);
  EXPECT_EQ(message(again), "project <NormalizedName 'hello' 'hello'> not found on stage 'alice/dev'");
}

TEST_F(RemovalTest, AProjectGoesInAnySpelling) {
  const auto list = facts.stand_on({list_fact("alice/dev")});
  const auto response = remove("/alice/dev/HELLO/");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(message(response), "project hello deleted from stage alice/dev");
  EXPECT_FALSE(has_project("alice/dev"));
  EXPECT_FALSE(list->stands());
  EXPECT_EQ(message(remove("/alice/dev/hello")), "project not found");
  EXPECT_EQ(remove("/alice/prod/hello?force").status, 200);
  EXPECT_EQ(blobs(), 0U);
}

TEST_F(RemovalTest, NonVolatileIndexesWantForce) {
  EXPECT_EQ(message(remove("/alice/prod/hello")), "project <NormalizedName 'hello' 'hello'> is on non-volatile index alice/prod");
  EXPECT_EQ(message(remove("/alice/prod/hello/1.0")), "cannot delete version on non-volatile index");
  EXPECT_EQ(message(remove(url("alice/prod"))), "cannot delete version on non-volatile index");
  EXPECT_EQ(remove("/alice/prod/hello?forced=1").status, 403);
  EXPECT_TRUE(has_project("alice/prod"));
  EXPECT_EQ(remove("/alice/prod/hello/1.0?a=b&force=1").status, 200);
}

TEST_F(RemovalTest, StrangersAndUnknownIndexesGetOneAnswer) {
  for (const char* who : {"", "bob", "alice:wrong"}) {
    for (const std::string target : {"/alice/dev/hello", "/alice/dev/nope", "/alice/nope/hello", "/zz/nope/hello"}) {
      const auto response = remove(target, who);
      EXPECT_EQ(response.status, 403) << who << target;
      EXPECT_EQ(message(response).find("Access was denied to this resource."), 0U);
    }
    EXPECT_EQ(yank(url(), R"({"yanked": true})", who).status, 403);
  }
  EXPECT_EQ(remove("/alice/nope/hello", "alice").status, 403);
  EXPECT_TRUE(has_project("alice/dev"));
  EXPECT_EQ(remove("/alice/dev/hello", "root").status, 200);
}

TEST_F(RemovalTest, AMirrorsContentIsNotDeleted) {
  EXPECT_EQ(remove("/root/pypi/hello", "root").status, 403);
  EXPECT_EQ(message(remove("/root/pypi/hello?force", "root")), "cannot delete from mirror index");
  EXPECT_EQ(yank("/root/pypi/+f/000/0000000000000/hello-1.0.tar.gz", R"({"yanked": true})", "root").status, 403);
}

TEST_F(RemovalTest, AYankIsSetChangedAndTakenBack) {
  const auto yanked = [this] { return file("alice/prod", "hello-1.0-py3-none-any.whl")->yanked; };
  const std::string target = url("alice/prod");
  const auto standing = facts.stand_on({project_fact("alice/prod", "hello")});
  const auto response = yank(target, R"({"yanked": "it deletes \"home\""})");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(message(response), "package '" + target.substr(1) + "' yanked");
  EXPECT_EQ(yanked(), "it deletes \"home\"");
  EXPECT_FALSE(standing->stands());
  EXPECT_EQ(yank(target, R"({"yanked": true})").status, 200);
  EXPECT_EQ(yanked(), "");
  EXPECT_EQ(message(yank(target, R"({"yanked": false})")), "package '" + target.substr(1) + "' no longer yanked");
  EXPECT_EQ(yanked(), std::nullopt);
}

TEST_F(RemovalTest, WhatIsNoYankIsRefused) {
  for (const char* body : {"", "{bad", "[]", "{}", "true", R"({"yanked": 1})", R"({"yanked": null})", R"({"yanked": true, "x": 1})"}) {
    EXPECT_EQ(yank(url(), body).status, 400) << body;
  }
  EXPECT_EQ(yank(url(), "{\"yanked\": \"" + std::string(100'000, 'x') + "\"}").status, 413);
  EXPECT_EQ(yank("/alice/dev/+f/000/0000000000000/hello-1.0.tar.gz", R"({"yanked": true})").status, 404);
  const std::string target = url();
  ASSERT_EQ(remove(target).status, 200);
  EXPECT_EQ(yank(target, R"({"yanked": true})").status, 410);
}

TEST(ProjectRepr, ShowsBothNames) { EXPECT_EQ(project_repr("Hello.Pkg"), "<NormalizedName 'hello-pkg' 'Hello.Pkg'>"); }

}  // namespace
}  // namespace bodega::pypi::testing
