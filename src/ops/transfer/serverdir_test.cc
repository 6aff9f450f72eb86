#include "ops/transfer/serverdir.h"

#include "ops/transfer/collected_for_test.h"
#include "ops/transfer/serverdir_fixture_for_test.h"
#include "testing/manual_clock.h"

namespace bodega::ops {
namespace {

namespace fs = std::filesystem;

struct ServerDirTest : ::testing::Test {
  testing::ScratchDirectory scratch;
  testing::ManualClock clock;
  DevpiDirectory devpi{scratch.path() / "server"};

  void SetUp() override {
    devpi.set(".config", "USERLIST", dumped::set_of({"root", "ann"}));
    devpi.set("root/.config", "USER",
              R"({"pwhash": "$argon2id$v=19$m=65536,t=3,p=4$MQbAOAdgDIHQ+j8HgFAKgQ$qa1M2S+80gkptTs6IBwQ5CdJNFQPet8BMxR1swcNu6Q",
      "created": "2020-01-01T11:11:00Z", "modified": "2020-01-02T12:12:00Z", "indexes": {"pypi": {"type": "mirror", "mirror_url": "https://pypi.org/simple/"}}})");
    devpi.set("ann/.config", "USER", R"({"pwhash": "old", "pwsalt": "salt", "email": "a@b", "custom_data": {"x": [1]}, "plugin": "kept",
      "indexes": {"dev": {"type": "stage", "bases": ["root/pypi", "no/where"], "acl_pkg_read": ["ann"], "pypi_whitelist": ["six"], "volatile": true}}})");
  }
  Collected read() {
    devpi.commit();
    Collected out;
    auto source = ServerDir::open({devpi.path(), std::nullopt, {}}, clock);
    EXPECT_TRUE(source) << source.error().describe();
    if (source) {
      EXPECT_TRUE((*source)->read(out));
    }
    return out;
  }
  Error refusal() {
    devpi.commit();
    auto source = ServerDir::open({devpi.path(), std::nullopt, {}}, clock);
    return source ? Error{} : source.error();
  }
  // ann/dev with one project and its releases' links.
  void project(const std::string& name, const std::string& version, const std::string& links) {
    devpi.set("ann/dev/.projects", "PROJNAMES", dumped::set_of({name}));
    devpi.set("ann/dev/" + name + "/.versions", "PROJVERSIONS", dumped::set_of({version}));
    devpi.set("ann/dev/" + name + "/" + version + "/.config", "PROJVERSION",
              (R"({"name": "Hello.Pkg", "version": ")" + version + R"(", "summary": "s", "+elinks": [)" + links + "]}").c_str());
  }
};

TEST_F(ServerDirTest, UsersKeepWhatDevpiKnowsOfThem) {
  const auto got = read();
  ASSERT_EQ(got.accounts.users.size(), 2U);
  const auto& ann = got.accounts.users[0];
  EXPECT_EQ(ann.name, "ann");
  EXPECT_EQ(ann.password_hash, "old");
  EXPECT_EQ(ann.profile_json, R"({"email":"a@b","custom_data":{"x":[1]},"plugin":"kept"})");
  EXPECT_EQ(rfc3339(ann.created), "1970-01-01T00:00:00Z");
  const auto& root = got.accounts.users[1];
  EXPECT_EQ(rfc3339(root.created), "2020-01-01T11:11:00Z");
  EXPECT_EQ(rfc3339(*root.modified), "2020-01-02T12:12:00Z");
  EXPECT_EQ(got.found(), "warning: user ann\n") << "whose password is of an old form";
  EXPECT_EQ(got.accounts.uuid, "0123456789abcdef0123456789abcdef");
}

TEST_F(ServerDirTest, IndexesKeepTheirOptionsAlsoUnknownOnes) {
  const auto got = read();
  ASSERT_EQ(got.accounts.indexes.size(), 2U);
  EXPECT_EQ(got.accounts.indexes[0].key(), "ann/dev");
  EXPECT_EQ(got.accounts.indexes[0].options_json,
            R"({"type":"stage","bases":["root/pypi","no/where"],"acl_pkg_read":["ann"],"volatile":true,"mirror_whitelist":["six"]})");
}

TEST_F(ServerDirTest, AReleaseComesWithItsFilesDocsAndTestResults) {
  const std::string tox = devpi.link("toxresult", "ann/dev/+f/aaa/bbbbbbbbbbbbb/hello.pkg-1.0.tar.gz.toxresult-1", "{}",
                                     R"(, "for_entrypath": "ann/dev/+f/aaa/bbbbbbbbbbbbb/hello.pkg-1.0.tar.gz")");
  project("hello-pkg", "1.0",
          devpi.link("releasefile", "ann/dev/+f/aaa/bbbbbbbbbbbbb/hello.pkg-1.0.tar.gz", "sdist") + "," +
              devpi.link("doczip", "ann/dev/+f/ccc/ddddddddddddd/hello-pkg-1.0.doc.zip", "old docs") + "," +
              devpi.link("doczip", "ann/dev/+f/eee/ddddddddddddd/hello-pkg-1.0.doc.zip", "docs") + "," + tox);
  const auto got = read();
  EXPECT_EQ(got.listed(), "ann/dev/hello-pkg 1.0: hello.pkg-1.0.tar.gz hello-pkg-1.0.doc.zip hello.pkg-1.0.tar.gz.toxresult-1\n");
  ASSERT_EQ(got.releases.size(), 1U);
  const auto& release = got.releases[0];
  EXPECT_EQ(release.display, "Hello.Pkg");
  EXPECT_EQ(release.metadata.compact(), R"({"name":"Hello.Pkg","version":"1.0","summary":"s"})");
  EXPECT_EQ(http_date(*release.files[0].modified), "Fri, 12 Sep 2014 13:18:55 GMT");
  EXPECT_EQ(release.files[0].hashes, (std::vector<pypi::Hash>{{"sha256", Digest::of("sdist").hex()}}));
  EXPECT_EQ(release.files[1].hashes[0].hex, Digest::of("docs").hex()) << "of two only the newest";
  EXPECT_EQ(release.files[2].role, Role::toxresult);
  EXPECT_EQ(release.files[2].for_file, "hello.pkg-1.0.tar.gz");
  EXPECT_EQ(store::read_file(release.files[0].source), "sdist");
  EXPECT_NE(release.files[0].log_json.find(R"("what":"upload","who":"ann")"), std::string::npos);
}

TEST_F(ServerDirTest, OldTestResultsHaveTheHashOfWhatTheyTested) {
  devpi.file("ann/dev/+f/aaa/bbbbbbbbbbbbb/h-1.tar.gz.toxresult0", "{}");
  const std::string path = "ann/dev/+f/aaa/bbbbbbbbbbbbb/h-1.tar.gz.toxresult0";
  devpi.set(path, "STAGEFILE", R"({"hash_spec": "sha256=aaabbbbbbbbbbbbb00000000000000000000000000000000000000000000ffff"})");
  project("h", "1", R"({"rel": "toxresult", "entrypath": ")" + path + R"(", "for_entrypath": "ann/dev/+f/aaa/bbbbbbbbbbbbb/h-1.tar.gz"})");
  EXPECT_TRUE(read().releases.at(0).files.at(0).hashes.empty());
}

TEST_F(ServerDirTest, PathsThatLeaveTheDirectoryAreNotFollowed) {
  project("h", "1",
          R"({"rel": "releasefile", "entrypath": "ann/dev/../../../../etc/passwd"}, {"rel": "releasefile", "entrypath": "/etc/passwd"},
    {"rel": "new", "entrypath": "a/b"}, {"rel": "releasefile"})");
  const auto got = read();
  EXPECT_EQ(got.listed(), "ann/dev/h 1:\n");
  EXPECT_EQ(got.findings.size(), 5U);
}

TEST_F(ServerDirTest, AFileWhoseRenameWasNotDoneIsFoundUnderItsTemporaryName) {
  const std::string path = "ann/dev/+f/aaa/bbbbbbbbbbbbb/h-1.tar.gz";
  project("h", "1", devpi.link("releasefile", path, "bytes"));
  const std::string temp = "+files/" + path + "-" + std::string(64, 'a') + "-tmp";
  fs::rename(devpi.path() / "+files" / path, devpi.path() / temp);
  devpi.commit({temp, "+files/ann/dev/gone"});
  Collected got;
  auto source = ServerDir::open({devpi.path(), std::nullopt, {}}, clock);
  ASSERT_TRUE(source);
  ASSERT_TRUE((*source)->read(got));
  EXPECT_EQ(store::read_file(got.releases.at(0).files.at(0).source), "bytes");
}

TEST_F(ServerDirTest, AMirrorGivesItsPagesAndWhatItCached) {
  const std::string cached = "root/pypi/+f/aaa/bbbbbbbbbbbbb/six-1.whl";
  const std::string listed = "root/pypi/+f/ccc/ddddddddddddd/six-2.whl";
  const std::string nohash = "root/pypi/+e/https_h_p/six-3.zip";
  devpi.file(cached, "six");
  devpi.file(nohash, "zip");
  devpi.set(cached, "STAGEFILE",
            R"({"url": "https://h/p/six-1.whl", "hash_spec": "sha256=aa", "last_modified": "Fri, 12 Sep 2014 13:18:55 GMT"})");
  devpi.set(listed, "STAGEFILE", R"({"url": "https://user:secret@h/p/six-2.whl", "last_modified": "Fri, 12 Sep 2014 13:18:55 GMT"})");
  devpi.set(nohash, "PYPIFILE_NOMD5", R"({"url": "https://h/p/six-3.zip", "last_modified": "Fri, 12 Sep 2014 13:18:55 GMT"})");
  devpi.set("root/pypi/.projects", "PROJNAMES", dumped::set_of({"six", "empty", "none"}));
  devpi.set("root/pypi/empty/.simple", "PROJSIMPLELINKS", "{}");
  devpi.set("root/pypi/six/.simple", "PROJSIMPLELINKS",
            (R"({"etag": "\"x\"", "serial": 7, "links": [["six-1.whl", ")" + cached + R"(#sha256=AA"], ["six-2.whl", ")" + listed +
             R"(#md5=bb"], ["six-3.zip", ")" + nohash + R"("], ["lost.whl", "root/pypi/+f/0/0/lost.whl"], ["bad"]], )" +
             R"("requires_python": [">=3", null], "yanked": [null, "bad one", true]})")
                .c_str());
  const auto got = read();
  ASSERT_EQ(got.mirrors.size(), 1U);
  const auto& page = got.mirrors[0].page;
  EXPECT_EQ(page.name, "six");
  EXPECT_EQ(page.last_serial, 7U);
  ASSERT_EQ(page.files.size(), 3U);
  EXPECT_EQ(page.files[0].url, "https://h/p/six-1.whl");
  EXPECT_EQ(page.files[0].hashes, (std::vector<pypi::Hash>{{"sha256", "aa"}}));
  EXPECT_EQ(page.files[0].requires_python, ">=3");
  EXPECT_EQ(page.files[1].url, "https://h/p/six-2.whl") << "without credentials";
  EXPECT_EQ(page.files[1].yanked, "bad one");
  EXPECT_EQ(page.files[2].yanked, "");
  EXPECT_TRUE(page.files[2].hashes.empty());
  ASSERT_EQ(got.mirrors[0].files.size(), 2U) << "what was fetched and is still there";
  EXPECT_EQ(got.mirrors[0].files[0].filename, "six-1.whl");
  EXPECT_EQ(got.mirrors[0].files[1].url, "https://h/p/six-3.zip");
}

TEST_F(ServerDirTest, WhatIsDamagedIsNotedAndTheRestGoesOn) {
  devpi.set("ann/dev/.projects", "PROJNAMES", dumped::set_of({"bad", "good"}));
  devpi.commit();
  for (const std::string name : {"bad", "good"}) {
    devpi.set("ann/dev/" + name + "/.versions", "PROJVERSIONS", dumped::set_of({"1"}));
    devpi.set("ann/dev/" + name + "/1/.config", "PROJVERSION",
              name == "bad" ? dumped::text("\xff") : dumped::dict({{"name", dumped::text(name)}}));
  }
  const auto got = read();
  EXPECT_EQ(got.listed(), "ann/dev/good 1:\n");
  EXPECT_NE(got.found().find("damaged: ann/dev/bad/1/.config\n"), std::string::npos);
}

TEST_F(ServerDirTest, ThePlaceOfTheSecretMayBeNamed) {
  store::write_file(devpi.path() / ".secret", "first\n");
  EXPECT_EQ(read().accounts.login_secret.reveal(), "first\n") << "devpi takes the line end too";
  store::write_file(scratch.path() / "other", "second");
  auto source = ServerDir::open({devpi.path(), scratch.path() / "other", {}}, clock);
  ASSERT_TRUE(source);
  Collected got;
  ASSERT_TRUE((*source)->read(got));
  EXPECT_EQ(got.accounts.login_secret.reveal(), "second");
  EXPECT_EQ(ServerDir::open({devpi.path(), scratch.path() / "none", {}}, clock).error().code, Code::invalid);
}

TEST_F(ServerDirTest, NamesAndTypesThatHaveNoPlaceStopEverything) {
  devpi.set(".config", "USERLIST", dumped::set_of({"ro~ot"}));
  devpi.set("ro~ot/.config", "USER", R"({"indexes": {"py!": {"type": "mirror"}, "x": {"type": "constrained"}}})");
  const auto error = refusal();
  EXPECT_EQ(error.code, Code::invalid);
  for (const char* part : {"ro~ot", "py!", "constrained"}) EXPECT_NE(error.message.find(part), std::string::npos) << error.message;
}

TEST_F(ServerDirTest, OtherStoragesAndFormatsAreRefusedWithTheNextStep) {
  store::write_file(devpi.path() / ".serverversion", "3");
  EXPECT_NE(refusal().message.find("devpi-export"), std::string::npos);
  fs::remove(devpi.path() / ".sqlite");
  EXPECT_NE(ServerDir::open({devpi.path(), std::nullopt, {}}, clock).error().message.find("devpi-export"), std::string::npos);
  EXPECT_EQ(ServerDir::open({scratch.path() / "none", std::nullopt, {}}, clock).error().code, Code::not_found);
}

}  // namespace
}  // namespace bodega::ops
