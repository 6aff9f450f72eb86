// Push within the server: a release goes to another index whole or not at all.
#include "tests/hermetic/push_for_test.h"

namespace bodega::testing {
namespace {

using Push = PushWorld;

TEST_F(Push, EverythingOfAReleaseGoesOver) {
  whole_release();
  const std::string whl = "root/prod/" + devpi_dir(wheel) + "hello-1.0-py3-none-any.whl";
  EXPECT_EQ(push("root/dev", "root/prod"),
            R"(200 [[200,"register","hello","1.0","->","root/prod"],[200,"store_releasefile",")" + whl + R"("],[200,"store_toxresult",")" +
                whl + R"(.toxresult-20261121025939-0"],[200,"store_releasefile","root/prod/)" + devpi_dir("an installer") + kMsi +
                R"("],[200,"store_doczip","hello","1.0","->","root/prod"]])");
  EXPECT_EQ(server.get("/" + whl).body, wheel);
  EXPECT_EQ(server.get("/" + whl + ".metadata").body, *file("root/dev", "hello-1.0-py3-none-any.whl")->metadata);
  EXPECT_EQ(metadata("root/prod").value(), metadata("root/dev").value());
  EXPECT_EQ(attachments("root/prod"), 2U);
  const auto event = server.log().events("push.stored").at(0);
  EXPECT_EQ(event["from"] + " " + event["index"] + " " + event["files"] + " " + event["user"], "root/dev root/prod 2 root");
}

TEST_F(Push, TheHistoryGoesAlongAndThePushIsTold) {
  whole_release();
  server.advance(std::chrono::seconds(90));
  push("root/dev", "root/prod");
  const auto log = [](const std::string& text) { return Json::parse(text).value(); };
  const auto row = file("root/prod", "hello-1.0-py3-none-any.whl").value();
  const auto file_log = log(row.log_json);
  ASSERT_EQ(file_log.items().size(), 2U) << row.log_json;
  EXPECT_EQ(file_log.items()[0].text("what"), "upload");
  EXPECT_EQ(file_log.items()[0].text("dst"), "root/dev");
  EXPECT_EQ(file_log.items()[1].text("what"), "push");
  EXPECT_EQ(file_log.items()[1].text("who"), "root");
  EXPECT_EQ(file_log.items()[1].text("src"), "root/dev");
  EXPECT_EQ(file_log.items()[1].text("dst"), "root/prod");
  EXPECT_EQ(file_log.items()[1].find("when")->items().size(), 6U);
  EXPECT_EQ(row.uploaded_at, file("root/dev", "hello-1.0-py3-none-any.whl")->uploaded_at) << "as devpi keeps Last-Modified";
  const auto docs = read([](catalog::Reader& reader) { return reader.attachment("root/prod", "hello-1.0.doc.zip"); }).value();
  EXPECT_EQ(log(docs.log_json).items().size(), 3U) << "of documentation the overwrites stay";
}

TEST_F(Push, PartsCanBeLeftOut) {
  whole_release();
  EXPECT_EQ(push("root/dev", "root/prod", R"(,"only_docs":true)"),
            R"(200 [[200,"register","hello","1.0","->","root/prod"],[200,"store_doczip","hello","1.0","->","root/prod"]])");
  EXPECT_EQ(file("root/prod", kMsi).error().code, Code::not_found);
  index("root/other");
  EXPECT_EQ(push("root/dev", "root/other", R"(,"no_docs":true,"only_docs":null)").find("doczip"), std::string::npos);
  EXPECT_EQ(attachments("root/other"), 1U);
}

TEST_F(Push, PostWithJsonIsThePushToo) {
  whole_release();
  const auto got = send("POST", "/root/dev", R"({"name":"Hello","version":"1.0.0","targetindex":"root/prod"})");
  EXPECT_EQ(got.status, 200) << got.body;
  EXPECT_EQ(line(got).substr(0, 61), R"(200 [[200,"register","Hello","1.0.0","->","root/prod"],[200,")") << "as the client spells it";
  EXPECT_EQ(got.header("Content-Type"), "application/json");
  EXPECT_NE(got.header("X-Devpi-Serial"), "");
}

TEST_F(Push, ANonVolatileTargetIsNeverChanged) {
  whole_release();
  push("root/dev", "root/prod");
  const auto serial = server.application().catalog().last_serial();
  EXPECT_EQ(push("root/dev", "root/prod"), "409 hello-1.0-py3-none-any.whl already exists in non-volatile index") << "as devpi";
  upload("root/dev", kMsi, "another installer");
  const auto before = server.application().catalog().last_serial();
  EXPECT_EQ(push("root/dev", "root/prod"), "409 " + kMsi + " already exists in non-volatile index");
  EXPECT_EQ(server.application().catalog().last_serial(), before);
  EXPECT_EQ(before, serial + 1) << "only the upload";
}

TEST_F(Push, WhatIsThereAlreadyDoesNotStopTheRest) {
  upload("root/dev", "hello-1.0-py3-none-any.whl", wheel);
  push("root/dev", "root/prod");
  whole_release_but_wheel();
  EXPECT_EQ(push("root/dev", "root/prod").substr(0, 3), "200");
  EXPECT_TRUE(file("root/prod", kMsi));
  EXPECT_EQ(attachments("root/prod"), 2U);
}

TEST_F(Push, AConflictInOneFileLeavesAllOthersOut) {
  upload("root/prod", kMsi, "something else");
  whole_release();
  EXPECT_EQ(push("root/dev", "root/prod"), "409 " + kMsi + " already exists in non-volatile index");
  EXPECT_EQ(file("root/prod", "hello-1.0-py3-none-any.whl").error().code, Code::not_found);
  EXPECT_EQ(attachments("root/prod"), 0U);
}

TEST_F(Push, AVolatileTargetIsReplacedAndOldBytesGo) {
  index("root/other");
  upload("root/other", kMsi, "old installer");
  attach(result_of("root/other", kMsi), "old result");
  whole_release();
  server.get_json("/root/other/+simple/hello/");
  EXPECT_EQ(push("root/dev", "root/other").substr(0, 3), "200");
  EXPECT_EQ(attachments("root/other"), 2U);
  EXPECT_FALSE(server.application().store().open(Digest::of("old installer")));
  EXPECT_FALSE(server.application().store().open(Digest::of("old result")));
  const auto log = Json::parse(file("root/other", kMsi)->log_json).value();
  EXPECT_EQ(log.items()[0].text("what"), "overwrite");
  EXPECT_EQ(*log.items()[0].find("count")->integer(), 1);
  EXPECT_NE(server.get_json("/root/other/+simple/hello/").body.find(Digest::of("an installer").hex()), std::string::npos);
  // Again: nothing to do, and no results twice.
  const auto serial = server.application().catalog().last_serial();
  EXPECT_EQ(push("root/dev", "root/other").substr(0, 3), "200");
  EXPECT_EQ(server.application().catalog().last_serial(), serial);
  EXPECT_EQ(attachments("root/other"), 2U);
}

TEST_F(Push, WhatWasPushedSurvivesTheSource) {
  whole_release();
  push("root/dev", "root/prod");
  EXPECT_EQ(send("DELETE", "/root/dev/hello/1.0", "").status, 200);
  EXPECT_EQ(server.get("/root/prod/" + devpi_dir(wheel) + "hello-1.0-py3-none-any.whl").body, wheel);
  server.restart();
  EXPECT_EQ(server.get("/root/prod/" + devpi_dir(wheel) + "hello-1.0-py3-none-any.whl").body, wheel);
}

TEST_F(Push, AYankedFileStaysYanked) {
  upload("root/dev", "hello-1.0-py3-none-any.whl", wheel);
  send("PATCH", "/root/dev/" + devpi_dir(wheel) + "hello-1.0-py3-none-any.whl", R"({"yanked": "broken"})");
  push("root/dev", "root/prod");
  EXPECT_EQ(file("root/prod", "hello-1.0-py3-none-any.whl")->yanked, "broken");
}

TEST_F(Push, TheFirstBaseThatHasTheReleaseGivesIt) {
  whole_release();
  index("root/top", R"({"bases": ["root/dev"]})");
  EXPECT_EQ(push("root/top", "root/prod").substr(0, 3), "200");
  EXPECT_EQ(Json::parse(file("root/prod", kMsi)->log_json)->items()[1].text("src"), "root/dev") << "where it lay";
}

TEST_F(Push, WhoMayNotIsToldAsDevpiTells) {
  user("bob");
  user("carl");
  whole_release();
  const std::string bob = "bob:secret";
  EXPECT_EQ(push("root/dev", "root/prod", "", ""), "401 user None cannot upload to 'root/prod'");
  EXPECT_EQ(push("root/dev", "root/prod", "", bob), "401 user 'bob' cannot upload to 'root/prod'");
  EXPECT_EQ(push("root/dev", "root/prod", "", "bob:wrong"), "401 user None cannot upload to 'root/prod'");
  EXPECT_EQ(push("root/dev", "root/pypi"), "401 user 'root' cannot upload to 'root/pypi'");
  EXPECT_EQ(push("root/dev", "nope/tgt"), "404 The stage nope/tgt could not be found.");
  EXPECT_EQ(push("root/nope", "root/prod"), "404 The stage root/nope could not be found.");
  EXPECT_EQ(file("root/prod", kMsi).error().code, Code::not_found);
  // Who may upload to the target needs no more than to read the source.
  EXPECT_EQ(send("PUT", "/bob/rel", "{}", bob).status, 200);
  EXPECT_EQ(push("root/dev", "bob/rel", "", bob).substr(0, 3), "200");
}

TEST_F(Push, WrongWishesAreTheClientsFault) {
  whole_release();
  EXPECT_EQ(push("root/dev", "root/prod", R"(,"version":"9")"), "400 there are no files for hello 9 on stage root/dev");
  EXPECT_EQ(push("root/dev", "root/prod", R"(,"name":"other")"), "400 there are no files for other 1.0 on stage root/dev");
  EXPECT_EQ(push("root/dev", "tgt"), "400 targetindex not in format user/index");
  EXPECT_EQ(push("root/dev", "root/prod", R"(,"foo":1)"), "400 unknown additional options: foo");
  EXPECT_EQ(push("root/dev", "root/prod", R"(,"no_docs":true,"only_docs":true)"), "400 can't use 'no_docs' and 'only_docs' together");
  for (const std::string body : {"",
                                 "{",
                                 "[]",
                                 "1",
                                 "null",
                                 "\"x\"",
                                 "{}",
                                 R"({"name":"hello"})",
                                 R"({"version":"1.0"})",
                                 R"({"name":1,"version":"1.0","targetindex":"root/prod"})",
                                 R"({"name":"hello","version":[],"targetindex":"root/prod"})",
                                 R"({"name":"hello","version":"1.0"})",
                                 R"({"name":"hello","version":"1.0","targetindex":7})",
                                 R"({"name":"hello","version":"1.0","targetindex":"root/prod","no_docs":"yes"})",
                                 R"({"name":"","version":"1.0","targetindex":"root/prod"})",
                                 R"({"name":"a\nb","version":"1.0","targetindex":"root/prod"})",
                                 R"({"name":"hello","version":"1.0","posturl":"http://x/"})",
                                 R"({"name":"hello","version":"1.0","posturl":"file:///etc/passwd","username":"u","password":"p"})",
                                 R"({"name":"hello","version":"1.0","posturl":"http://x/","username":"u:v","password":"p"})",
                                 R"({"name":"hello","version":"1.0","posturl":"http://x/","username":"u","password":"p\r\nX: y"})"}) {
    for (const std::string method : {"POST", "PUSH"}) EXPECT_EQ(send(method, "/root/dev", body).status, 400) << method << " " << body;
  }
  EXPECT_EQ(line(send("POST", "/root/dev", "no json")), "400 Bad request: could not decode json");
  EXPECT_EQ(send("PUSH", "/root/dev", R"({"name":")" + std::string(2 << 20, 'a') + "\"}").status, 413);
  EXPECT_EQ(server.upstream().count(), 0U);
}

TEST_F(Push, AReleaseWithoutFilesIsNone) {
  const auto got = send("POST", "/root/dev/", ":action=submit&name=hello&version=1.0", kRoot, "application/x-www-form-urlencoded");
  ASSERT_EQ(got.status, 200);
  EXPECT_EQ(push("root/dev", "root/prod"), "404 no release/files found for hello 1.0");
}

}  // namespace
}  // namespace bodega::testing
