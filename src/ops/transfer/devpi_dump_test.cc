// What devpi's own importer promises of dumps, old ones too. The dumps here are made by hand.
#include "ops/transfer/devpi_dump.h"

#include "ops/transfer/collected_for_test.h"
#include "store/test_store.h"
#include "testing/manual_clock.h"

namespace bodega::ops {
namespace {

constexpr std::string_view kArgon = "$argon2id$v=19$m=65536,t=3,p=4$MQbAOAdgDIHQ+j8HgFAKgQ$qa1M2S+80gkptTs6IBwQ5CdJNFQPet8BMxR1swcNu6Q";

struct DevpiDumpTest : ::testing::Test {
  testing::ScratchDirectory scratch;
  testing::ManualClock clock;
  std::vector<std::string> skipped_types;

  void dump(const std::string& users, const std::string& indexes, const std::string& more = R"("dumpversion": "2")") {
    store::write_file(scratch.path() / "dataindex.json", R"({"users": )" + users + R"(, "indexes": )" + indexes + ", " + more + "}");
  }
  void dump_dev(const std::string& config, const std::string& projects, const std::string& files,
                const std::string& more = R"("dumpversion": "2")") {
    dump(R"({"root": {"username": "root"}})",
         R"({"root/dev": {"files": )" + files + R"(, "indexconfig": )" + config + R"(, "projects": )" + projects + "}}", more);
  }
  Result<Collected> read() {
    BODEGA_TRY(auto source, DevpiDump::open({scratch.path(), std::nullopt, skipped_types}, clock));
    Collected out;
    BODEGA_TRY_VOID(source->read(out));
    return out;
  }
  std::string error() {
    const auto got = read();
    return got ? "" : got.error().message;
  }
};

constexpr const char* kStage = R"({"type": "stage"})";

TEST_F(DevpiDumpTest, UsersWithoutATimeGetTheEpochAndRootTheTimeOfTheImport) {
  dump(R"({"root": {"pwhash": ")" + std::string(kArgon) + R"(", "username": "root"}, "user1": {"username": "user1"},
        "user2": {"created": "2020-01-01T11:11:00Z", "modified": "2020-01-02T12:12:00Z"}})",
       "{}");
  const auto got = read();
  ASSERT_TRUE(got) << got.error().describe();
  ASSERT_EQ(got->accounts.users.size(), 3U);
  EXPECT_EQ(got->accounts.users[0].created, std::chrono::floor<std::chrono::seconds>(clock.wall()));
  EXPECT_EQ(got->accounts.users[0].password_hash, kArgon);
  EXPECT_EQ(rfc3339(got->accounts.users[1].created), "1970-01-01T00:00:00Z");
  EXPECT_EQ(rfc3339(got->accounts.users[2].created), "2020-01-01T11:11:00Z");
  EXPECT_EQ(rfc3339(*got->accounts.users[2].modified), "2020-01-02T12:12:00Z");
}

TEST_F(DevpiDumpTest, NoUsersAndNoIndexesAreFine) {
  dump("{}", "{}", R"("dumpversion": "1", "uuid": "abc", "secret": "key")");
  const auto got = read();
  ASSERT_TRUE(got);
  EXPECT_TRUE(got->accounts.users.empty());
  EXPECT_EQ(got->accounts.uuid, "abc");
  EXPECT_EQ(got->accounts.login_secret.reveal(), "key");
}

TEST_F(DevpiDumpTest, CyclesAndMissingBasesSurvive) {
  dump(R"({"root": {}})", R"({"root/dev": {"indexconfig": {"type": "stage", "bases": ["root/dev"]}, "projects": []},
                              "root/dev2": {"indexconfig": {"type": "stage", "bases": ["root/removed", "root/pypi"]}}})");
  const auto got = read();
  ASSERT_TRUE(got);
  EXPECT_EQ(got->accounts.indexes[0].options_json, R"({"type":"stage","bases":["root/dev"]})");
  EXPECT_EQ(got->accounts.indexes[1].options_json, R"({"type":"stage","bases":["root/removed","root/pypi"]})");
}

TEST_F(DevpiDumpTest, OldOptionsBecomeNewOnesAndUnknownOnesStay) {
  dump_dev(R"({"type": "stage", "pypi_whitelist": ["a"], "uploadtrigger_jenkins": null, "plugin_x": {"y": 1}})", "[]", "[]");
  EXPECT_EQ(read()->accounts.indexes[0].options_json, R"({"type":"stage","plugin_x":{"y":1},"mirror_whitelist":["a"]})");
  dump_dev(R"({"type": "stage", "pypi_whitelist": ["a"], "mirror_whitelist": ["b"], "uploadtrigger_jenkins": "http://j"})", "[]", "[]");
  EXPECT_EQ(read()->accounts.indexes[0].options_json, R"({"type":"stage","mirror_whitelist":["b"],"uploadtrigger_jenkins":"http://j"})");
}

TEST_F(DevpiDumpTest, BadNamesAndTypesStopEverything) {
  dump(R"({"root~foo.com": {}})", R"({"root~foo.com/pypi": {"indexconfig": {"type": "mirror"}}})");
  EXPECT_NE(error().find("root~foo.com"), std::string::npos);
  dump(R"({"root": {}})", R"({"root/pypi!Jo": {"indexconfig": {"type": "mirror"}}})");
  EXPECT_NE(error().find("root/pypi!Jo"), std::string::npos);
  dump(R"({"root": {}})", R"({"nobody/pypi": {"indexconfig": {"type": "mirror"}}})");
  EXPECT_NE(error().find("nobody"), std::string::npos);
  dump(R"({"user": {}})", R"({"user/+foo-dev": {"indexconfig": {"type": "custom"}}, "user/dev": {"indexconfig": {"type": "custom"}}})");
  EXPECT_NE(error().find("--skip-import-type custom"), std::string::npos);
  skipped_types = {"custom"};
  const auto got = read();
  ASSERT_TRUE(got) << got.error().describe();
  EXPECT_TRUE(got->accounts.indexes.empty());
  EXPECT_EQ(got->found(), "skipped: index user/+foo-dev\nskipped: index user/dev\n");
}

TEST_F(DevpiDumpTest, SpellingsOfOneProjectAreMerged) {
  dump_dev(
      kStage,
      R"({"hello-pkg": {"1.1": {"name": "hello.pkg", "version": "1.1"}}, "hello.pkg": {"1.0": {"name": "hello.pkg", "version": "1.0"}}})",
      R"([{"projectname": "hello-pkg", "version": "1.1", "entrymapping": {"md5": "eea6"}, "type": "releasefile",
                "relpath": "root/dev/hello-pkg/hello.pkg-1.1.tar.gz"},
               {"projectname": "hello.pkg", "version": "1.0", "entrymapping": {"last_modified": "Fri, 12 Sep 2014 13:18:55 GMT"},
                "type": "releasefile", "relpath": "root/dev/hello.pkg/hello.pkg-1.0.tar.gz"}])");
  const auto got = read();
  ASSERT_TRUE(got);
  EXPECT_EQ(got->listed(), "root/dev/hello-pkg 1.0: hello.pkg-1.0.tar.gz\nroot/dev/hello-pkg 1.1: hello.pkg-1.1.tar.gz\n");
  EXPECT_EQ(got->releases[0].display, "hello.pkg");
  EXPECT_EQ(http_date(*got->releases[0].files[0].modified), "Fri, 12 Sep 2014 13:18:55 GMT");
  EXPECT_EQ(got->releases[1].files[0].hashes, (std::vector<pypi::Hash>{{"md5", "eea6"}})) << "checked as md5";
}

TEST_F(DevpiDumpTest, MetadataWithoutAVersionGetsTheKeyAndOldKeysGo) {
  dump_dev(kStage, R"({"hello": {"1.0": {"name": "hello", ":action": "submit", "+doczip": 1, "version": ""}}})", "[]");
  EXPECT_EQ(read()->releases.at(0).metadata.compact(), R"({"name":"hello","version":"1.0"})");
}

TEST_F(DevpiDumpTest, VersionsOfTheFirstDumpComeFromFileNames) {
  dump_dev(kStage, R"({"hello": {"1.2-3": {"name": "hello", "version": "1.2-3"}, "1.0": {"name": "hello", "version": "1.0"}}})",
           R"([{"projectname": "hello", "type": "releasefile", "relpath": "root/dev/hello/hello-1.2_3.tar.gz"},
               {"projectname": "hello", "version": "9", "type": "releasefile", "relpath": "root/dev/hello/hello-1.0.tar.gz"},
               {"projectname": "hello", "type": "releasefile", "relpath": "root/dev/hello/other-1.0.tar.gz"}])",
           R"("dumpversion": "1")");
  const auto got = read();
  ASSERT_TRUE(got);
  EXPECT_EQ(got->listed(), "root/dev/hello 1.0: hello-1.0.tar.gz\nroot/dev/hello 1.2-3: hello-1.2_3.tar.gz\n");
  EXPECT_EQ(got->found(), "skipped: root/dev/root/dev/hello/other-1.0.tar.gz\n");
}

TEST_F(DevpiDumpTest, FilesOfAReleaseWithoutMetadataAreKept) {
  dump_dev(kStage, "{}",
           R"([{"projectname": "Hello", "version": "1.0", "type": "releasefile", "relpath": "root/dev/Hello/1.0/hello-1.0.tar.gz"}])");
  const auto got = read();
  ASSERT_TRUE(got);
  EXPECT_EQ(got->listed(), "root/dev/hello 1.0: hello-1.0.tar.gz\n");
  EXPECT_EQ(got->releases[0].metadata.compact(), R"({"name":"Hello","version":"1.0"})");
  EXPECT_EQ(got->findings.size(), 1U);
}

TEST_F(DevpiDumpTest, DocsAndTestResultsOfOldNames) {
  const std::string digest(64, 'e');
  dump_dev(kStage, R"({"hello": {"0.9": {"name": "hello", "version": "0.9"}}})",
           R"([{"projectname": "hello", "version": "0.9", "type": "toxresult", "for_entrypath": "root/dev/hello/0.9/hello-0.9.tar.gz",
                "relpath": "root/dev/hello/sha256=)" +
               digest + R"(/hello-0.9.tar.gz.toxresult0", "entrymapping": {"hash_spec": "sha256=)" + digest + R"("}},
               {"projectname": "hello", "version": "0.9", "type": "doczip", "relpath": "root/dev/hello-0.9.doc.zip", "entrymapping": {"hash_spec": ""}},
               {"projectname": "hello", "version": "0.9", "type": "strange", "relpath": "root/dev/x"}])");
  const auto got = read();
  ASSERT_TRUE(got);
  EXPECT_EQ(got->listed(), "root/dev/hello 0.9: hello-0.9.tar.gz.toxresult0 hello-0.9.doc.zip\n");
  EXPECT_EQ(got->releases[0].files[0].for_file, "hello-0.9.tar.gz");
  EXPECT_TRUE(got->releases[0].files[0].hashes.empty()) << "it is the hash of the tested file";
  EXPECT_EQ(got->found(), "skipped: root/dev/root/dev/x\n");
}

TEST_F(DevpiDumpTest, AMirrorWithFilesGivesAPageOfThem) {
  dump(R"({"root": {}})", R"({"root/pypi": {"indexconfig": {"type": "mirror", "volatile": false, "mirror_url": "https://pypi.org/simple/"},
         "projects": {"dddttt": {"0.1.dev1": {"name": "dddttt", "version": "0.1.dev1", "requires_python": ">=2", "yanked": true}}},
         "files": [{"version": "0.1.dev1", "projectname": "dddttt", "type": "releasefile", "relpath": "root/pypi/dddttt/0.1.dev1/dddttt-0.1.dev1.tar.gz",
                    "entrymapping": {"url": "https://h/p/dddttt-0.1.dev1.tar.gz", "hash_spec": "sha256=ED70"}}]}})");
  const auto got = read();
  ASSERT_TRUE(got);
  ASSERT_EQ(got->mirrors.size(), 1U);
  const auto& file = got->mirrors[0].page.files.at(0);
  EXPECT_EQ(file.url, "https://h/p/dddttt-0.1.dev1.tar.gz");
  EXPECT_EQ(file.requires_python, ">=2");
  EXPECT_EQ(file.yanked, "");
  EXPECT_EQ(*file.sha256(), "ed70");
  EXPECT_EQ(got->mirrors[0].files.at(0).role, Role::cached);
}

TEST_F(DevpiDumpTest, PathsThatLeaveTheDumpAreNotFollowed) {
  dump_dev(kStage, "{}", R"([{"projectname": "h", "version": "1", "type": "releasefile", "relpath": "../../etc/passwd"},
                             {"projectname": "h", "version": "1", "type": "releasefile", "relpath": "/etc/passwd"}, {"type": "releasefile"}])");
  const auto got = read();
  ASSERT_TRUE(got);
  EXPECT_TRUE(got->releases.empty() || got->releases[0].files.empty());
  EXPECT_EQ(got->findings.size(), 3U);
}

TEST_F(DevpiDumpTest, WhatIsNoDumpIsRefused) {
  EXPECT_NE(error().find("no dump of devpi-export"), std::string::npos);
  for (const char* text :
       {"", "[]", "{\"users\": {}", R"({"dumpversion": "3"})", R"({"dumpversion": 2})", R"({"users": {"a": {]}}, "dumpversion": "2"})"}) {
    store::write_file(scratch.path() / "dataindex.json", text);
    EXPECT_NE(error(), "") << text;
  }
}

}  // namespace
}  // namespace bodega::ops
