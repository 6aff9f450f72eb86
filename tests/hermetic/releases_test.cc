// devpi's data of projects, versions and files, over the wire: who is told what, and what the upstream hears of it.
#include <gtest/gtest.h>

#include "base/text.h"
#include "pypi/format/json_value.h"
#include "testing/hermetic/hermetic_server.h"

namespace bodega::testing {
namespace {

using pypi::Json;

const UpstreamFile kWheel{"foo-1.0-py3-none-any.whl", "wheel bytes", "Metadata-Version: 2.1\nName: foo\nVersion: 1.0\n"};
const UpstreamFile kSdist{"foo-2.0.tar.gz", "sdist bytes", ""};

std::string credentials(const std::string& user, const std::string& password) { return base64_encode(user + ":" + password); }

Json body_of(const Got& got) {
  auto json = Json::parse(got.body);
  EXPECT_TRUE(json) << got.body;
  return json ? std::move(*json) : Json();
}

std::string message_of(const Got& got) { return std::string(body_of(got).text("message")); }

std::vector<std::string> versions_of(const Got& got) {
  std::vector<std::string> out;
  const Json json = body_of(got);
  EXPECT_EQ(json.text("type"), "projectconfig") << got.body;
  const Json* result = json.find("result");
  if (result == nullptr) return out;
  for (const auto& [version, release] : result->members()) out.push_back(version);
  return out;
}

using Versions = std::vector<std::string>;

class ReleaseData : public ::testing::Test {
 protected:
  ReleaseData() {
    publish(server.upstream(), "foo", {kWheel, kSdist});
    make_index("dev", R"({"type": "stage", "bases": ["root/pypi"]})");
    server.upstream().otherwise([](const http::FetchRequest&) { return answer_status(404); });
  }
  // Straight into the catalog, as an import does it: also what no client may set.
  void make_index(const std::string& name, const std::string& options) {
    write([&](catalog::Transaction& transaction) { return transaction.insert_index({"root", name, options}); });
    server.restart();
  }
  void change_index(const std::string& name, const std::string& options) {
    write([&](catalog::Transaction& transaction) { return transaction.update_index({"root", name, options}); });
    server.restart();
  }
  void write(const std::function<Result<void>(catalog::Transaction&)>& change) {
    const auto done = server.application().catalog().write_now(change);
    ASSERT_TRUE(done) << done.error().describe();
  }
  static http::Headers as_root() { return {{"Accept", "application/json"}, {"X-Devpi-Auth", credentials("root", kRootPassword)}}; }
  // A release with one file, likewise.
  catalog::FileRow host(const std::string& index, const std::string& project, const std::string& version) {
    catalog::FileRow file;
    file.index = index;
    file.project = project;
    file.version = version;
    file.filename = project + "-" + version + ".tar.gz";
    file.digest = Digest::of(index + file.filename);
    file.size = 5;
    file.uploaded_at = server.clock().wall();
    const std::string metadata = R"({"name":")" + project + R"(","version":")" + version + "\"}";
    write([&](catalog::Transaction& transaction) -> Result<void> {
      BODEGA_TRY_VOID(transaction.put_release({index, project, version, metadata}, project));
      const auto stored = transaction.put_file(file, catalog::Overwrite::no);
      return stored ? Result<void>() : fail(stored.error());
    });
    return file;
  }
  static std::string path_of(const catalog::FileRow& file) {
    const std::string hex = file.digest.hex();
    return "/" + file.index + "/+f/" + hex.substr(0, 3) + "/" + hex.substr(3, 13) + "/" + file.filename;
  }
  Got json(const std::string& path) { return server.get(path, {{"Accept", "application/json"}}); }
  std::size_t asked() { return server.upstream().count(); }

  HermeticServer server;
};

TEST_F(ReleaseData, AProjectAndAVersionOfAStage) {
  host("root/dev", "hello", "1.0");
  host("root/dev", "hello", "1.1");
  const auto got = json("/root/dev/hello");
  EXPECT_EQ(got.status, 200);
  EXPECT_EQ(got.header("Content-Type"), "application/json");
  EXPECT_EQ(got.header("X-Devpi-Api-Version"), "2");
  EXPECT_EQ(versions_of(got), (Versions{"1.1", "1.0"}));
  EXPECT_EQ(json("/root/dev/hello/").body, got.body);
  const auto one = json("/root/dev/hello/1.0");
  EXPECT_EQ(one.status, 200);
  const Json release = body_of(one);
  EXPECT_EQ(release.text("type"), "versiondata");
  const std::string href(release.find("result")->find("+links")->items()[0].text("href"));
  EXPECT_EQ(href.rfind("http://bodega.test/root/dev/+f/", 0), 0U) << href;
  EXPECT_EQ(*release.find("result"), *body_of(got).find("result")->find("1.0"));
}

TEST_F(ReleaseData, WhatIsNotThere) {
  host("root/dev", "hello", "1.0");
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"/root/dev/nope", "no project 'nope'"},
      {"/root/dev/nope/1.0", "The version 1.0 of project nope does not exist."},
      {"/root/dev/hello/9.9", "The version 9.9 of project hello does not exist."},
      {"/root/dev/hello/latest", "The version latest of project hello does not exist."},
      {"/root/dev/hello/stable", "The version stable of project hello does not exist."},
      {"/root/nope/hello", "The stage root/nope could not be found."},
      {"/nobody/dev/hello/1.0", "The stage nobody/dev could not be found."},
      {"/root/dev/h%C3%A9llo", "no project 'h\xc3\xa9llo'"},
  };
  for (const auto& [path, message] : cases) {
    const auto got = json(path);
    EXPECT_EQ(got.status, 404) << path;
    EXPECT_EQ(message_of(got), message) << path;
  }
}

TEST_F(ReleaseData, AVersionMayBeCalledLatest) {
  host("root/dev", "hello", "latest");
  EXPECT_EQ(json("/root/dev/hello/latest").status, 200);
}

TEST_F(ReleaseData, OtherSpellingsLeadToTheNormalOne) {
  const auto project = json("/root/dev/Hello_World?ignore_bases=");
  EXPECT_EQ(project.status, 302);
  EXPECT_EQ(project.header("Location"), "http://bodega.test/root/dev/hello-world?ignore_bases=");
  const auto version = json("/root/dev/HELLO/1.0+local");
  EXPECT_EQ(version.header("Location"), "http://bodega.test/root/dev/hello/1.0+local");
  EXPECT_EQ(version.body, R"({"message": "The resource was found at http://bodega.test/root/dev/hello/1.0+local; you should be redirected )"
                          R"(automatically.\n\n", "code": "302 Found", "title": "Found"})");
  EXPECT_EQ(asked(), 0U);
}

TEST_F(ReleaseData, WhichFormAClientGets) {
  host("root/dev", "hello", "1.0");
  const auto status = [this](const std::string& path, const std::string& accept) { return server.get(path, {{"Accept", accept}}).status; };
  EXPECT_EQ(status("/root/dev/hello", "*/*"), 415);
  EXPECT_EQ(server.get("/root/dev/hello").status, 415);
  EXPECT_EQ(status("/root/dev/hello", "application/*"), 415);
  EXPECT_EQ(status("/root/dev/hello", "image/png"), 404);
  EXPECT_EQ(status("/root/dev/hello/1.0", "image/png"), 404);
  EXPECT_EQ(status("/root/dev/hello/1.0", "*/*"), 200);
  EXPECT_EQ(server.get("/root/dev/hello/1.0").header("Content-Type"), "application/json");
  for (const auto* path : {"/root/dev/hello", "/root/dev/hello/1.0"}) {
    const auto page = server.get(path, {{"Accept", "text/html,application/xhtml+xml,*/*;q=0.8"}});
    EXPECT_EQ(page.status, 200) << path;
    EXPECT_EQ(page.header("Content-Type"), "text/html; charset=utf-8");
  }
  const auto installer = server.get("/root/dev/hello", {{"Accept", "*/*"}, {"User-Agent", "pip/24.0"}});
  EXPECT_EQ(installer.status, 200);
  EXPECT_NE(installer.body.find("<a href=\"+f/"), std::string::npos) << installer.body;
}

TEST_F(ReleaseData, AMirrorAnswersFromItsPage) {
  const auto got = json("/root/pypi/foo");
  EXPECT_EQ(versions_of(got), (Versions{"2.0", "1.0"}));
  const auto one = json("/root/pypi/foo/1.0");
  EXPECT_EQ(body_of(one).find("result")->find("+links")->items()[0].text("href"), "http://bodega.test/root/pypi/+f/" + kWheel.path());
  EXPECT_EQ(versions_of(json("/root/pypi/foo?ignore_bases")), (Versions{"2.0", "1.0"}));
  EXPECT_EQ(json("/root/pypi/foo/3.0").status, 404);
  EXPECT_EQ(asked(), 1U);
}

TEST_F(ReleaseData, AStageInheritsAndIgnoresItsBases) {
  EXPECT_EQ(versions_of(json("/root/dev/foo")), (Versions{"2.0", "1.0"}));
  EXPECT_EQ(versions_of(json("/root/dev/foo?ignore_bases=")), Versions{});
  EXPECT_EQ(json("/root/dev/nope?ignore_bases").status, 404);
  EXPECT_EQ(json("/root/dev/foo/1.0").status, 200);
  EXPECT_EQ(json("/root/dev/foo/1.0?ignore_bases").status, 404);
}

// A private name must not be told to the outside, by any of these addresses.
TEST_F(ReleaseData, APrivateNameNeverReachesTheUpstream) {
  const auto file = host("root/dev", "foo", "5.0");
  make_index("child", R"({"type": "stage", "bases": ["root/dev"]})");
  for (const std::string index : {"root/dev", "root/child"}) {
    EXPECT_EQ(versions_of(json("/" + index + "/foo")), Versions{"5.0"});
    EXPECT_EQ(json("/" + index + "/foo/5.0").status, 200);
    EXPECT_EQ(json("/" + index + "/foo/1.0").status, 404);
    EXPECT_EQ(json("/" + index + "/foo?ignore_bases").status, 200);
    EXPECT_EQ(json("/" + index + "/FOO").status, 302);
    EXPECT_EQ(server.get("/" + index + "/foo", {{"Accept", "text/html"}}).status, 200);
  }
  EXPECT_EQ(json(path_of(file)).status, 200);
  EXPECT_EQ(asked(), 0U);
}

TEST_F(ReleaseData, AWhitelistedNameIsMixed) {
  host("root/dev", "foo", "1.0");
  change_index("dev", R"({"type": "stage", "bases": ["root/pypi"], "mirror_whitelist": ["foo"]})");
  EXPECT_EQ(versions_of(json("/root/dev/foo")), (Versions{"2.0", "1.0"}));
  const Json one = body_of(json("/root/dev/foo/1.0"));
  const Json* shadows = one.find("result")->find("+shadowing");
  ASSERT_NE(shadows, nullptr);
  EXPECT_EQ(shadows->items()[0].find("+links")->items()[0].text("href"), "http://bodega.test/root/pypi/+f/" + kWheel.path());
}

TEST_F(ReleaseData, AFailingUpstreamIsNeverAnAbsence) {
  server.upstream().on(std::string(kUpstream) + "foo/", answer_status(403));
  for (const auto* path : {"/root/pypi/foo", "/root/pypi/foo/1.0", "/root/dev/foo", "/root/dev/foo/1.0"}) {
    const auto got = json(path);
    EXPECT_EQ(got.status, 502) << path << got.body;
    EXPECT_FALSE(message_of(got).empty());
  }
  EXPECT_EQ(versions_of(json("/root/dev/foo?ignore_bases")), Versions{});
}

TEST_F(ReleaseData, WhatIsOursIsToldWhileABaseFails) {
  host("root/dev", "foo", "1.0");
  change_index("dev", R"({"type": "stage", "bases": ["root/pypi"], "mirror_whitelist": ["*"]})");
  server.upstream().on(std::string(kUpstream) + "foo/", answer_status(403));
  EXPECT_EQ(versions_of(json("/root/dev/foo")), Versions{"1.0"});
  EXPECT_TRUE(!server.log().events("project.base_failed").empty());
  EXPECT_EQ(json("/root/dev/foo/1.0").status, 200);
  EXPECT_EQ(json("/root/dev/foo/2.0").status, 502);
}

TEST_F(ReleaseData, WhoMayNotReadSeesWhatIsNotThere) {
  const auto file = host("root/dev", "hello", "1.0");
  make_index("child", R"({"type": "stage", "bases": ["root/dev", "root/pypi"]})");
  change_index("dev", R"({"type": "stage", "bases": ["root/pypi"], "acl_pkg_read": ["root"]})");
  for (const auto* path : {"/root/dev/hello", "/root/dev/hello/1.0"}) {
    const auto hidden = json(path);
    EXPECT_EQ(hidden.status, 404);
    EXPECT_EQ(message_of(hidden), "The stage root/dev could not be found.");
    EXPECT_EQ(server.get(path, as_root()).status, 200);
  }
  EXPECT_EQ(json(path_of(file)).status, server.get(path_of(file)).status);  // as who asks for the file
  EXPECT_EQ(server.get(path_of(file), as_root()).status, 200);
  EXPECT_EQ(message_of(json("/root/child/hello")), "The stage root/child could not be found.");
  const auto granted = server.get("/root/child/hello", as_root());
  EXPECT_EQ(granted.status, 200);
  EXPECT_EQ(granted.header("Cache-Control"), "private");
  EXPECT_EQ(asked(), 0U);  // and the name stays private
}

TEST_F(ReleaseData, WhatIsKnownOfAHostedFile) {
  const auto file = host("root/dev", "hello", "1.0");
  const auto got = json(path_of(file));
  EXPECT_EQ(got.status, 200);
  EXPECT_EQ(got.header("X-Devpi-Api-Version"), "2");
  EXPECT_EQ(body_of(got).compact(), R"({"result":{"last_modified":")" + http_date(file.uploaded_at) + R"(","hash_spec":"sha256=)" +
                                        file.digest.hex() + R"(","hashes":{"sha256":")" + file.digest.hex() +
                                        R"("},"project":"hello","version":"1.0"},"type":"releasefilemeta"})");
  auto other = file;
  other.digest = Digest::of("other");
  EXPECT_EQ(json(path_of(other)).status, 404);
  EXPECT_EQ(message_of(json(path_of(other))), "no such file");
  EXPECT_EQ(server.ask({"DELETE", path_of(file), as_root(), {}}).status, 200);
  EXPECT_EQ(json(path_of(file)).status, 410);
}

TEST_F(ReleaseData, WhatIsKnownOfAMirroredFileIsToldWithoutFetchingIt) {
  const std::string path = "/root/pypi/+f/" + kWheel.path();
  const auto got = json(path);
  EXPECT_EQ(got.status, 200) << got.body;
  const Json data = *body_of(got).find("result");
  EXPECT_EQ(data.text("url"), kWheel.url());
  EXPECT_EQ(data.text("hash_spec"), "sha256=" + Digest::of(kWheel.bytes).hex());
  EXPECT_EQ(data.text("version"), "1.0");
  EXPECT_EQ(asked(), 1U);
  EXPECT_EQ(server.get(path, {{"Accept", "*/*"}}).body, kWheel.bytes);
  EXPECT_EQ(json(path).body, got.body);
  EXPECT_EQ(json("/root/pypi/+f/000/0000000000000/foo-9.tar.gz").status, 404);
}

TEST_F(ReleaseData, MetadataOfAFileIsNeverJson) {
  const auto got = json("/root/pypi/+f/" + kWheel.path() + ".metadata");
  EXPECT_EQ(got.body, kWheel.metadata);
}

}  // namespace
}  // namespace bodega::testing
