// Documentation and test results as clients see them: stored by devpi's forms, read by their addresses, and documentation out of its
// archive.
#include <gtest/gtest.h>

#include <fstream>

#include "base/text.h"
#include "ops/fsck.h"
#include "pypi/format/test_archives.h"
#include "testing/hermetic/hermetic_server.h"

namespace bodega::testing {
namespace {

using pypi::make_wheel;
using pypi::make_zip;
using pypi::TestMember;

const std::string kWheel = "hello-1.0-py3-none-any.whl";
const std::string kDocs = "/root/dev/hello/1.0/+doc/";

std::string zip_of(std::vector<TestMember> members) { return make_zip({std::move(members), {}, {}, {}}); }

std::string some_docs() {
  return zip_of({{"index.html", "<html>hi</html>"},
                 {"sub/page.html", "<p>page"},
                 {"_static/a.css", "b{}"},
                 {"big.bin", std::string(300'000, 'x')},
                 {"gr\xc3\xbc\xc3\x9f e.html", "umlaut", 0100644, 8, '0', {}, 0x800}});
}

std::string path_of(const std::string& bytes, const std::string& filename, const std::string& index = "root/dev") {
  const auto hex = Digest::of(bytes).hex();
  return "/" + index + "/+f/" + hex.substr(0, 3) + "/" + hex.substr(3, 13) + "/" + filename;
}

class Attachments : public ::testing::Test {
 protected:
  Attachments() {
    make_index("root/dev", "{}");
    upload(kWheel, wheel_, {{"name", "hello"}, {"version", "1.0"}, {":action", "file_upload"}});
  }
  http::Headers root(http::Headers more = {}) {
    more.add("Authorization", "Basic " + base64_encode(std::string("root:") + kRootPassword));
    return more;
  }
  void make_index(const std::string& index, const std::string& options) {
    EXPECT_EQ(server.ask({"PUT", "/" + index, root({{"Accept", "application/json"}}), options}).status, 200);
  }
  Got send_form(const std::string& filename, const std::string& bytes, const std::vector<std::pair<std::string, std::string>>& fields,
                const std::string& index = "root/dev") {
    std::string body;
    for (const auto& [name, value] : fields) {
      body += "--b\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n";
    }
    body += "--b\r\nContent-Disposition: form-data; name=\"content\"; filename=\"" + filename + "\"\r\n\r\n" + bytes + "\r\n--b--\r\n";
    return server.ask({"POST", "/" + index + "/", root({{"Content-Type", "multipart/form-data; boundary=b"}}), body});
  }
  void upload(const std::string& filename, const std::string& bytes, const std::vector<std::pair<std::string, std::string>>& fields,
              const std::string& index = "root/dev") {
    const auto got = send_form(filename, bytes, fields, index);
    EXPECT_EQ(got.status, 200) << got.reason;
  }
  void upload_docs(const std::string& bytes, const std::string& version = "1.0", const std::string& index = "root/dev") {
    upload("x.doc.zip", bytes, {{"name", "hello"}, {"version", version}, {":action", "doc_upload"}}, index);
  }
  std::string post_result(const std::string& json) {
    const auto got = server.ask({"POST", path_of(wheel_, kWheel), {{"Content-Type", "application/json"}}, json});
    EXPECT_EQ(got.status, 200);
    EXPECT_EQ(got.header("X-Devpi-Api-Version"), "2");
    const auto at = got.body.find("root/dev/+f/");
    return "/" + got.body.substr(at, got.body.find('#') - at);
  }
  std::filesystem::path blob_of(const std::string& bytes) const {
    const auto hex = Digest::of(bytes).hex();
    return server.data() / "blobs" / "sha256" / hex.substr(0, 2) / hex.substr(2, 2) / hex;
  }
  std::string text_of(const Got& got) { return got.status == 200 ? got.body : std::to_string(got.status) + " " + got.reason; }

  HermeticServer server;
  std::string wheel_ = make_wheel("hello", "1.0");
};

TEST_F(Attachments, ADocumentationArchiveIsReadByItsOwnDigest) {
  upload_docs(some_docs());
  const std::string path = path_of(some_docs(), "hello-1.0.doc.zip");
  const auto got = server.get(path);
  EXPECT_EQ(got.status, 200);
  EXPECT_EQ(got.body, some_docs());
  EXPECT_EQ(got.header("Content-Type"), "application/zip");
  EXPECT_EQ(got.header("Cache-Control"), "public, max-age=365000000, immutable");
  EXPECT_EQ(server.get(path_of("other", "hello-1.0.doc.zip")).status, 404);
  EXPECT_EQ(server.ask({"HEAD", path, {}, {}}).header("Content-Length"), std::to_string(some_docs().size()));
  EXPECT_EQ(server.get_json("/root/dev/+simple/hello/").body.find("doc.zip"), std::string::npos);
  server.restart();
  EXPECT_EQ(server.get(path).body, some_docs());
  EXPECT_EQ(server.ask({"DELETE", path, root(), {}}).status, 200);
  EXPECT_EQ(server.get(path).status, 410);
}

TEST_F(Attachments, ATestResultIsReadBesideItsFile) {
  const std::string json = "{\"testenvs\": {}}";
  const std::string path = post_result(json);
  const auto got = server.get(path);
  EXPECT_EQ(got.status, 200);
  EXPECT_EQ(got.body, json);
  EXPECT_EQ(got.header("Content-Type"), "application/octet-stream");
  EXPECT_EQ(got.header("ETag"), '"' + Digest::of(json).hex() + '"');
  const auto name = path.substr(path.rfind('/') + 1);
  EXPECT_EQ(server.get(path_of(json, name)).status, 404);
  EXPECT_EQ(server.ask({"DELETE", path_of(wheel_, kWheel), root(), {}}).status, 200);
  EXPECT_EQ(server.get(path).status, 410);
}

TEST_F(Attachments, DocumentationIsServedOutOfItsArchive) {
  upload_docs(some_docs());
  const auto got = server.get(kDocs + "index.html");
  EXPECT_EQ(got.status, 200);
  EXPECT_EQ(got.body, "<html>hi</html>");
  EXPECT_EQ(got.header("Content-Type"), "text/html; charset=UTF-8");
  EXPECT_EQ(got.header("ETag"), '"' + Digest::of(some_docs()).hex() + '"');
  EXPECT_EQ(got.header("Cache-Control"), "max-age=60");
  EXPECT_EQ(got.header("X-Content-Type-Options"), "nosniff");
  EXPECT_TRUE(got.headers.has("Last-Modified"));
  EXPECT_FALSE(got.headers.has("X-Devpi-Serial"));
  const std::string security = got.header("Content-Security-Policy");
  EXPECT_EQ(security.rfind("sandbox ", 0), 0U);
  EXPECT_EQ(security.find("allow-same-origin"), std::string::npos);
  EXPECT_NE(security.find("frame-ancestors 'self'"), std::string::npos);
  EXPECT_EQ(server.get(kDocs + "sub/page.html").body, "<p>page");
  EXPECT_EQ(server.get(kDocs + "_static/a.css").header("Content-Type"), "text/css; charset=UTF-8");
  EXPECT_EQ(server.get(kDocs + "big.bin").body.size(), 300'000U);
  EXPECT_EQ(server.get(kDocs + "gr%C3%BC%C3%9F%20e.html").body, "umlaut");
  EXPECT_EQ(server.get("/root/dev/hello/1.0/%2Bdoc/index.html").status, 200);
}

TEST_F(Attachments, ConditionsAndRanges) {
  upload_docs(some_docs());
  const std::string etag = '"' + Digest::of(some_docs()).hex() + '"';
  for (const char* file : {"index.html", "big.bin"}) {
    EXPECT_EQ(server.get(kDocs + file, {{"If-None-Match", etag}}).status, 304) << file;
    const auto part = server.get(kDocs + file, {{"Range", "bytes=0-4"}});
    EXPECT_EQ(part.status, 206);
    EXPECT_EQ(part.body.size(), 5U);
    EXPECT_EQ(server.get(kDocs + file, {{"Range", "bytes=900000-"}}).status, 416);
  }
  const auto head = server.ask({"HEAD", kDocs + "index.html", {}, {}});
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.header("Content-Length"), "15");
  EXPECT_EQ(head.body, "");
}

TEST_F(Attachments, Redirects) {
  upload_docs(some_docs());
  const std::vector<std::pair<std::string, std::string>> moves = {
      {"/root/dev/hello/1.0/+doc/", "index.html"},
      {"/root/dev/hello/1.0/+doc", "+doc/index.html"},
      {"/root/dev/hello/1.0/+doc/sub/", "index.html"},
      {"/root/dev/Hello/1.0/+doc/sub/page.html", "../../../../hello/1.0/+doc/sub/page.html"},
      {"/root/dev/Hello/1.0/+doc/index.html", "../../../hello/1.0/+doc/index.html"},
      {"/root/dev/Hello/1.0+l/+doc/a%20b/", "../../../../hello/1.0+l/+doc/a%20b/"},
      {"/root/dev/Hello/1.0/+doc", "../../hello/1.0/+doc"},
  };
  for (const auto& [from, to] : moves) {
    const auto got = server.get(from);
    EXPECT_EQ(got.status, 302) << from;
    EXPECT_EQ(got.header("Location"), to) << from;
  }
}

TEST_F(Attachments, LatestAndStable) {
  upload_docs(zip_of({{"index.html", "one"}}), "1.0");
  upload_docs(zip_of({{"index.html", "two"}}), "1.1a1");
  upload("hello-2.0-py3-none-any.whl", make_wheel("hello", "2.0"), {{"name", "hello"}, {"version", "2.0"}, {":action", "file_upload"}});
  EXPECT_EQ(server.get("/root/dev/hello/latest/+doc/index.html").body, "two");
  EXPECT_EQ(server.get("/root/dev/hello/stable/+doc/index.html").body, "one");
  // A new one is seen at once, whatever was kept.
  upload_docs(zip_of({{"index.html", "three"}}), "2.0");
  EXPECT_EQ(server.get("/root/dev/hello/latest/+doc/index.html").body, "three");
  EXPECT_EQ(server.get("/root/dev/hello/stable/+doc/index.html").body, "three");
}

TEST_F(Attachments, WhatIsNotThereIsSaid) {
  EXPECT_EQ(text_of(server.get(kDocs + "index.html")), "404 No documentation available.");
  upload_docs(some_docs());
  EXPECT_EQ(text_of(server.get(kDocs + "nope.html")), "404 File nope.html not found in documentation.");
  EXPECT_EQ(text_of(server.get("/root/dev/hello/9/+doc/index.html")), "404 No documentation available.");
  EXPECT_EQ(text_of(server.get("/root/dev/nope/latest/+doc/index.html")), "404 The project nope does not exist.");
  EXPECT_EQ(text_of(server.get("/root/nope/hello/1.0/+doc/index.html")), "404 The stage root/nope could not be found.");
  EXPECT_EQ(server.get("/root/pypi/hello/1.0/+doc/index.html").status, 404);
  EXPECT_EQ(server.ask({"POST", kDocs + "index.html", {}, {}}).status, 404);
  // As devpi, an index shows its own documentation, not that of its bases.
  make_index("root/above", R"({"bases": ["root/dev"]})");
  EXPECT_EQ(server.get("/root/above/hello/1.0/+doc/index.html").status, 404);
}

TEST_F(Attachments, OtherDocumentationIsSeenAtOnce) {
  upload_docs(zip_of({{"index.html", "one"}}));
  EXPECT_EQ(server.get(kDocs + "index.html").body, "one");
  upload_docs(zip_of({{"index.html", "two"}}));
  EXPECT_EQ(server.get(kDocs + "index.html").body, "two");
  EXPECT_EQ(server.ask({"DELETE", "/root/dev/hello/1.0", root(), {}}).status, 200);
  EXPECT_EQ(server.get(kDocs + "index.html").status, 404);
}

// Paths with dot segments and the like are refused before they come here (http/target).
TEST_F(Attachments, OnlyExactNamesAreFiles) {
  upload_docs(some_docs());
  for (const char* name : {"sub", "INDEX.HTML", "index.html/x", "page.html", "%2B", "+doc/index.html"}) {
    EXPECT_EQ(server.get(kDocs + name).status, 404) << name;
  }
}

TEST_F(Attachments, WhoMayNotReadTheIndexSeesNoDocumentation) {
  upload_docs(some_docs());
  EXPECT_EQ(server.get(kDocs + "index.html").status, 200);
  EXPECT_EQ(server.ask({"PATCH", "/root/dev", root({{"Accept", "application/json"}}), R"({"acl_pkg_read": "root"})"}).status, 200);
  EXPECT_EQ(server.get(kDocs + "index.html").status, 401);
  EXPECT_EQ(server.get("/root/dev/hello/1.0/+doc/").status, 401);
  const auto got = server.get(kDocs + "index.html", root());
  EXPECT_EQ(got.body, "<html>hi</html>");
  EXPECT_EQ(got.header("Cache-Control"), "private, max-age=60");
  EXPECT_EQ(server.get(kDocs + "index.html").status, 401);
}

TEST_F(Attachments, ALargeFileIsRefusedNotUnpacked) {
  // Deflates to nothing; the ratio of the whole archive is what an upload is held to.
  upload_docs(
      zip_of({{"index.html", "x"}, {"large.bin", std::string((64 << 20) + 1, 'x')}, {"ballast", std::string(2 << 20, 'r'), 0100644, 0}}));
  const auto got = server.get(kDocs + "large.bin");
  EXPECT_EQ(got.status, 403);
  EXPECT_EQ(got.reason, "File large.bin is too large to be shown; get the whole archive instead.");
  EXPECT_EQ(server.get(kDocs + "index.html").body, "x");
}

// The mirror's cache may hold the same bytes; what is evicted there stays here.
TEST_F(Attachments, EvictionLeavesThem) {
  const std::string result = "{\"padding\": \"" + std::string(150'000, 'x') + "\"}";
  const std::string docs = zip_of({{"index.html", "hi"}, {"ballast", std::string(150'000, 'r'), 0100644, 0}});
  const std::vector<UpstreamFile> files = {{"foo-1.0-py3-none-any.whl", result, ""},
                                           {"foo-2.0-py3-none-any.whl", docs, ""},
                                           {"foo-3.0-py3-none-any.whl", std::string(180'000, 'y'), ""},
                                           {"foo-0.1-py3-none-any.whl", std::string(1'000, 'z'), ""}};
  publish(server.upstream(), "foo", files);
  server.config().cache_max_size.bytes = 200'000;
  server.restart();
  server.get_json("/root/pypi/+simple/foo/");
  EXPECT_EQ(server.get("/root/pypi/+f/" + files[3].path()).status, 200);
  server.advance(std::chrono::seconds(1));
  EXPECT_EQ(server.get("/root/pypi/+f/" + files[0].path()).body, result);
  const std::string path = post_result(result);
  server.advance(std::chrono::seconds(1));
  EXPECT_EQ(server.get("/root/pypi/+f/" + files[1].path()).body, docs);
  upload_docs(docs);
  server.advance(std::chrono::seconds(1));
  EXPECT_EQ(server.get("/root/pypi/+f/" + files[2].path()).status, 200);
  server.advance(std::chrono::seconds(1));
  EXPECT_FALSE(server.log().events("cache.evicted").empty()) << "the first one, which nobody else refers to";
  EXPECT_EQ(server.get(path).body, result);
  EXPECT_EQ(server.get(path_of(docs, "hello-1.0.doc.zip")).body, docs);
  EXPECT_EQ(server.get(kDocs + "index.html").body, "hi");
}

TEST_F(Attachments, FsckKnowsThem) {
  upload_docs(some_docs());
  const std::string path = post_result("{}");
  const auto check = [this] {
    const auto silent = [](const std::string&) {};
    return ops::fsck(server.application().catalog(), server.application().store(), ops::Repair::yes, server.clock(), silent).value();
  };
  EXPECT_TRUE(check().clean());
  std::filesystem::remove(blob_of(some_docs()));
  EXPECT_EQ(check().missing_hosted, 1U);
  std::ofstream(blob_of("{}"), std::ios::binary | std::ios::trunc) << "[]";
  const auto report = check();
  EXPECT_EQ(report.damaged_hosted, 1U);
  EXPECT_EQ(report.repaired, 0U);
  EXPECT_EQ(server.get(path).status, 500);
}

TEST_F(Attachments, DamagedBytesAreNotServed) {
  upload_docs(some_docs());
  std::filesystem::remove(blob_of(some_docs()));
  EXPECT_EQ(server.get(kDocs + "index.html").status, 500);
  EXPECT_EQ(server.log().events("file.damaged_hosted").size(), 1U);
  upload_docs(some_docs());  // the same again repairs
  EXPECT_EQ(server.get(kDocs + "index.html").status, 200);
}

}  // namespace
}  // namespace bodega::testing
