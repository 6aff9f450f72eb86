// The shapes are those of a running devpi-server 6.20, key order included.
#include "pypi/api/release_json.h"

#include <gtest/gtest.h>

namespace bodega::pypi {
namespace {

constexpr const char* kBase = "http://localhost:4141";
const WallTime kWhen = parse_rfc3339("2026-11-21T02:59:39Z").value();

IndexRef stage_index(const std::string& name) {
  return std::make_shared<const IndexConfig>(make_index_config("alice", name, Json::object()));
}

IndexRef mirror_index(const std::string& name) {
  return std::make_shared<const IndexConfig>(make_index_config("alice", name, Json::Object{{"type", "mirror"}}));
}

catalog::FileRow file(const std::string& filename, const std::string& version, WallTime when = kWhen) {
  catalog::FileRow row;
  row.index = "alice/up";
  row.project = "hello";
  row.version = version;
  row.filename = filename;
  row.digest = Digest::of(filename);
  row.uploaded_at = when;
  row.log_json = R"([{"what":"upload"}])";
  return row;
}

catalog::AttachmentRow attachment(catalog::AttachmentKind kind, const std::string& filename, const std::string& for_file, WallTime when) {
  catalog::AttachmentRow row;
  row.project = "hello";
  row.version = "1.0";
  row.kind = kind;
  row.filename = filename;
  row.for_file = for_file;
  row.digest = Digest::of(filename);
  row.stored_at = when;
  row.log_json = R"([{"what":"upload","who":null}])";
  return row;
}

StageHolding stage(const std::string& index, const std::vector<std::string>& versions) {
  StageHolding out{stage_index(index), {}, {}, {}};
  for (const auto& version : versions) {
    out.releases.push_back({"alice/" + index, "hello", version, R"({"name":"Hello","version":")" + version + R"(","license_file":[]})"});
  }
  return out;
}

PageFile page_file(const std::string& filename) {
  PageFile out;
  out.filename = filename;
  out.url = "http://localhost:4999/files/" + filename;
  out.hashes = {{"md5", "aa"}, {"sha256", Digest::of(filename).hex()}};
  return out;
}

MirrorHolding mirror(std::vector<PageFile> files) {
  auto page = std::make_shared<ProjectPage>();
  page->name = "hello";
  page->files = std::move(files);
  MirrorHolding out{mirror_index("m"), {}};
  out.page.page = std::move(page);
  return out;
}

std::string hex(const std::string& filename) { return Digest::of(filename).hex(); }
std::string place(const std::string& filename) { return "+f/" + hex(filename).substr(0, 3) + "/" + hex(filename).substr(3, 13) + "/"; }
std::string hashes(const std::string& filename) {
  return R"("hash_spec":"sha256=)" + hex(filename) + R"(","hashes":{"sha256":")" + hex(filename) + R"("})";
}

std::vector<std::string> keys(const Json& object) {
  std::vector<std::string> out;
  for (const auto& [key, value] : object.members()) out.push_back(key);
  return out;
}

std::vector<std::string> link_names(const Json& release) {
  std::vector<std::string> out;
  for (const auto& link : release.find("+links")->items()) {
    const std::string href(link.text("href"));
    out.push_back(href.substr(href.rfind('/') + 1));
  }
  return out;
}

TEST(ReleaseJson, AHostedReleaseIsItsMetadataAndItsLinks) {
  auto up = stage("up", {"1.0"});
  up.files = {file("hello-1.0.tar.gz", "1.0")};
  const auto json = project_json({{up}, {}, {}}, "hello", kBase);
  ASSERT_TRUE(json);
  EXPECT_EQ(json->compact(), R"({"1.0":{"name":"Hello","version":"1.0","license_file":[],"+links":[{"rel":"releasefile",)" +
                                 hashes("hello-1.0.tar.gz") + R"(,"href":"http://localhost:4141/alice/up/)" + place("hello-1.0.tar.gz") +
                                 R"(hello-1.0.tar.gz","log":[{"what":"upload"}]}]}})");
}

TEST(ReleaseJson, ARegistrationWithoutFilesHasNoLinks) {
  const auto json = release_json({{stage("up", {"1.0"})}, {}, {}}, "hello", "1.0", kBase);
  ASSERT_TRUE(json && *json);
  EXPECT_EQ((*json)->find("+links"), nullptr);
}

TEST(ReleaseJson, DocumentationAndTestResultsStandAmongTheFilesAsTheyCame) {
  using catalog::AttachmentKind;
  auto up = stage("up", {"1.0", "2.0"});
  const auto at = [](int seconds) { return kWhen + std::chrono::seconds(seconds); };
  up.files = {file("hello-1.0-py3-none-any.whl", "1.0", at(0)), file("hello-2.0.tar.gz", "2.0", at(2)),
              file("hello-1.0.tar.gz", "1.0", at(3))};
  const std::string result = "hello-1.0-py3-none-any.whl.toxresult-20261121025939-0";
  up.attachments = {attachment(AttachmentKind::toxresult, result, "hello-1.0-py3-none-any.whl", at(1)),
                    attachment(AttachmentKind::doczip, "hello-1.0.doc.zip", "", at(9))};
  const auto json = release_json({{up}, {}, {}}, "hello", "1.0", kBase);
  ASSERT_TRUE(json && *json);
  EXPECT_EQ(link_names(**json), (std::vector<std::string>{"hello-1.0-py3-none-any.whl", result, "hello-1.0.tar.gz", "hello-1.0.doc.zip"}));
  const auto& links = (*json)->find("+links")->items();
  const std::string beside = "http://localhost:4141/alice/up/" + place("hello-1.0-py3-none-any.whl");
  EXPECT_EQ(links[1].compact(), R"({"rel":"toxresult",)" + hashes(result) + R"(,"href":")" + beside + result + R"(","for_href":")" +
                                    beside + R"(hello-1.0-py3-none-any.whl","log":[{"what":"upload","who":null}]})");
  EXPECT_EQ(links[3].compact(), R"({"rel":"doczip",)" + hashes("hello-1.0.doc.zip") + R"(,"href":"http://localhost:4141/alice/up/)" +
                                    place("hello-1.0.doc.zip") + R"(hello-1.0.doc.zip","log":[{"what":"upload","who":null}]})");
}

TEST(ReleaseJson, AMirrorTellsWhatItsPageTells) {
  auto wheel = page_file("hello-1.0-py3-none-any.whl");
  wheel.requires_python = ">=3.7";
  auto sdist = page_file("hello-1.0.tar.gz");
  sdist.yanked = "broken";
  const auto json = project_json({{}, {mirror({wheel, sdist})}, {}}, "hello", kBase);
  ASSERT_TRUE(json);
  const std::string url = "http://localhost:4141/alice/m/";
  EXPECT_EQ(json->compact(), R"({"1.0":{"name":"hello","version":"1.0","requires_python":">=3.7","yanked":"broken","+links":[)"
                             R"({"rel":"releasefile",)" +
                                 hashes(wheel.filename) + R"(,"href":")" + url + place(wheel.filename) + wheel.filename +
                                 R"("},{"rel":"releasefile",)" + hashes(sdist.filename) + R"(,"href":")" + url + place(sdist.filename) +
                                 sdist.filename + R"("}]}})");
}

TEST(ReleaseJson, AYankWithoutAReasonIsTrue) {
  auto sdist = page_file("hello-1.0.tar.gz");
  sdist.yanked = "";
  const auto json = release_json({{}, {mirror({sdist})}, {}}, "hello", "1.0", kBase);
  ASSERT_TRUE(json && *json);
  ASSERT_NE((*json)->find("yanked"), nullptr);
  EXPECT_EQ(*(*json)->find("yanked"), Json(true));
}

TEST(ReleaseJson, AMirroredFileWithoutDigestsHasAnEmptySpec) {
  auto sdist = page_file("hello-1.0.tar.gz");
  sdist.hashes.clear();
  const auto json = release_json({{}, {mirror({sdist})}, {}}, "hello", "1.0", kBase);
  ASSERT_TRUE(json && *json);
  EXPECT_EQ((*json)->find("+links")->items()[0].compact(),
            R"({"rel":"releasefile","hash_spec":"","hashes":{},)"
            R"("href":"http://localhost:4141/alice/m/+e/http_localhost_4999_files/hello-1.0.tar.gz"})");
  sdist.hashes = {{"md5", "00ff"}};
  EXPECT_EQ(file_json(sdist, "hello").compact(), R"({"url":"http://localhost:4999/files/hello-1.0.tar.gz","hash_spec":"md5=00ff",)"
                                                 R"("hashes":{"md5":"00ff"},"project":"hello","version":"1.0"})");
}

TEST(ReleaseJson, WhatLaterIndexesHaveOfAVersionStandsInItsShadow) {
  auto own = stage("s", {"1.0", "3.0"});
  own.files = {file("hello-1.0.tar.gz", "1.0")};
  const Holdings holdings{{own, stage("base", {"1.0"})}, {mirror({page_file("hello-1.0.tar.gz"), page_file("hello-2.0.tar.gz")})}, {}};
  const auto json = project_json(holdings, "hello", kBase);
  ASSERT_TRUE(json);
  EXPECT_EQ(keys(*json), (std::vector<std::string>{"3.0", "2.0", "1.0"}));
  const auto& one = *json->find("1.0");
  EXPECT_EQ(keys(one), (std::vector<std::string>{"name", "version", "license_file", "+links", "+shadowing"}));
  const auto& shadows = one.find("+shadowing")->items();
  ASSERT_EQ(shadows.size(), 2U);
  EXPECT_EQ(shadows[0].text("name"), "Hello");
  EXPECT_EQ(shadows[1].text("name"), "hello");
  EXPECT_EQ(json->find("2.0")->find("+shadowing"), nullptr);
  EXPECT_EQ(release_json(holdings, "hello", "1.0", kBase).value().value(), one);
}

TEST(ReleaseJson, VersionsAreNewestFirstAndSpeltAsTheyWere) {
  const Holdings holdings{{stage("up", {"1.9", "1.10", "1.10rc1", "v2", "not-a-version"})}, {}, {}};
  const auto json = project_json(holdings, "hello", kBase);
  ASSERT_TRUE(json);
  EXPECT_EQ(keys(*json), (std::vector<std::string>{"v2", "1.10", "1.10rc1", "1.9", "not-a-version"}));
  EXPECT_FALSE(release_json(holdings, "hello", "2", kBase).value());
  EXPECT_FALSE(release_json(holdings, "hello", "latest", kBase).value());
}

TEST(ReleaseJson, AQuarantinedProjectHasNoReleases) {
  auto page = std::make_shared<ProjectPage>();
  page->name = "hello";
  page->files = {page_file("hello-1.0.tar.gz")};
  page->status = ProjectStatus{"quarantined", "malware"};
  MirrorHolding quarantined{mirror_index("m"), {}};
  quarantined.page.page = page;
  EXPECT_EQ(project_json({{}, {quarantined}, {}}, "hello", kBase).value(), Json::object());
}

TEST(ReleaseJson, DamagedMetadataIsAnErrorAndADamagedLogIsNot) {
  auto up = stage("up", {"1.0"});
  up.files = {file("hello-1.0.tar.gz", "1.0")};
  up.files[0].log_json = "{";
  const auto json = release_json({{up}, {}, {}}, "hello", "1.0", kBase);
  ASSERT_TRUE(json && *json);
  EXPECT_EQ(*(*json)->find("+links")->items()[0].find("log"), Json::array());
  up.releases[0].metadata_json = "[]";
  EXPECT_EQ(release_json({{up}, {}, {}}, "hello", "1.0", kBase).error().code, Code::io);
}

TEST(ReleaseJson, NamesAreEncodedInLinks) {
  const auto index = std::make_shared<const IndexConfig>(make_index_config("j\xc3\xbcrgen@x", "dev", Json::object()));
  StageHolding up{index, {file("hello-1.0+local.tar.gz", "1.0+local")}, {{"", "hello", "1.0+local", "{}"}}, {}};
  const auto json = release_json({{up}, {}, {}}, "hello", "1.0+local", kBase);
  ASSERT_TRUE(json && *json);
  const std::string href((*json)->find("+links")->items()[0].text("href"));
  EXPECT_EQ(href.rfind("http://localhost:4141/j%C3%BCrgen@x/dev/+f/", 0), 0U) << href;
}

TEST(FileJson, HostedAndMirrored) {
  EXPECT_EQ(file_json(file("hello-1.0.tar.gz", "1.0")).compact(),
            R"({"last_modified":"Sat, 21 Nov 2026 02:59:39 GMT",)" + hashes("hello-1.0.tar.gz") + R"(,"project":"hello","version":"1.0"})");
  auto mirrored = page_file("hello-1.0.tar.gz");
  mirrored.upload_time = "2020-01-01T00:00:00.5Z";
  EXPECT_EQ(file_json(mirrored, "hello").compact(),
            R"({"url":"http://localhost:4999/files/hello-1.0.tar.gz",)" + hashes("hello-1.0.tar.gz") +
                R"(,"project":"hello","version":"1.0","last_modified":"Wed, 01 Jan 2020 00:00:00 GMT"})");
}

}  // namespace
}  // namespace bodega::pypi
