// For tests of push only: indexes root/dev (over root/pypi) and root/prod (not volatile), a release with everything a release can have, and
// what clients ask.
#pragma once

#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "async/file_source.h"
#include "base/text.h"
#include "pypi/format/json_value.h"
#include "pypi/upload/upload_test_archives.h"
#include "pypi/upload/upload_test_kit.h"
#include "testing/hermetic/hermetic_server.h"

namespace bodega::testing {

using pypi::Json;
using pypi::testing::make_wheel;

inline const std::string kPost = "http://elsewhere.test/legacy/";
inline const std::string kRoot = std::string("root:") + kRootPassword;

inline std::string devpi_dir(const std::string& bytes) {
  const auto hex = Digest::of(bytes).hex();
  return "+f/" + hex.substr(0, 3) + "/" + hex.substr(3, 13) + "/";
}

// Its inside is not read: any bytes will do.
inline const std::string kMsi = "hello-1.0.win32.msi";

class PushWorld : public ::testing::Test {
 protected:
  PushWorld() {
    index("root/dev", R"({"bases": ["root/pypi"]})");
    index("root/prod", R"({"volatile": false})");
  }

  Got send(const std::string& method, const std::string& path, const std::string& body, const std::string& who = kRoot,
           const std::string& type = "application/json") {
    Ask ask{method, path, {{"Accept", "application/json"}}, body};
    if (!type.empty()) ask.headers.add("Content-Type", type);
    if (!who.empty()) ask.headers.add("Authorization", "Basic " + base64_encode(who));
    return server.ask(std::move(ask));
  }
  void index(const std::string& key, const std::string& options = "{}") { ASSERT_EQ(send("PUT", "/" + key, options).status, 200) << key; }
  void user(const std::string& name) { ASSERT_EQ(send("PUT", "/" + name, R"({"password": "secret"})").status, 201); }
  void upload(const std::string& key, const std::string& filename, const std::string& bytes) {
    const auto form = pypi::testing::upload_form("hello", "1.0", filename, bytes);
    const auto got =
        send("POST", "/" + key + "/", form.body(), kRoot, "multipart/form-data; boundary=" + std::string(pypi::testing::kBoundary));
    ASSERT_EQ(got.status, 200) << got.reason;
  }
  static catalog::AttachmentRow docs(const std::string& index) {
    catalog::AttachmentRow row;
    row.index = index;
    row.filename = "hello-1.0.doc.zip";
    row.log_json = R"([{"what":"overwrite","count":1},{"what":"upload","who":"root"}])";
    return row;
  }
  static catalog::AttachmentRow result_of(const std::string& index, const std::string& filename) {
    catalog::AttachmentRow row;
    row.index = index;
    row.kind = catalog::AttachmentKind::toxresult;
    row.filename = filename + ".toxresult-20261121025939-0";
    row.for_file = filename;
    row.log_json = R"([{"what":"upload","who":null}])";
    return row;
  }
  // Documentation or a test result, as its own address stores it.
  void attach(catalog::AttachmentRow row, const std::string& bytes) {
    auto writer = server.application().store().create(bytes.size());
    ASSERT_TRUE(writer);
    ASSERT_TRUE((*writer)->append(bytes));
    row.project = "hello";
    row.version = "1.0";
    row.digest = (*writer)->finish_digest();
    row.size = bytes.size();
    ASSERT_TRUE((*writer)->commit());
    ASSERT_TRUE(server.application().catalog().write_now([&](catalog::Transaction& transaction) -> Result<void> {
      BODEGA_TRY_VOID(transaction.put_attachment(row, catalog::Overwrite::no));
      return {};
    }));
  }
  void whole_release() {
    upload("root/dev", "hello-1.0-py3-none-any.whl", wheel);
    whole_release_but_wheel();
  }
  void whole_release_but_wheel() {
    upload("root/dev", kMsi, "an installer");
    attach(docs("root/dev"), "docs");
    attach(result_of("root/dev", "hello-1.0-py3-none-any.whl"), "{}");
  }
  // "200 [...]": status and the log, or the message.
  static std::string line(const Got& got) {
    const auto body = Json::parse(got.body);
    if (!body) return std::to_string(got.status) + " " + got.body;
    const Json* log = body->find("result");
    return std::to_string(got.status) + " " + (log ? log->compact() : std::string(body->text("message")));
  }
  std::string push(const std::string& from, const std::string& to, const std::string& more = "", const std::string& who = kRoot) {
    return line(send("PUSH", "/" + from, R"({"name":"hello","version":"1.0","targetindex":")" + to + "\"" + more + "}", who));
  }
  std::string push_out(const std::string& from, const std::string& more = "", const std::string& who = kRoot) {
    return line(send("PUSH", "/" + from,
                     R"({"name":"hello","version":"1.0","posturl":")" + kPost + R"(","username":"u","password":"s3cret")" + more + "}",
                     who));
  }
  template <class F>
  auto read(F question) {
    std::optional<std::invoke_result_t<F, catalog::Reader&>> out;
    EXPECT_TRUE(server.application().catalog().read_now([&](catalog::Reader& reader) -> Result<void> {
      out.emplace(question(reader));
      return {};
    }));
    return std::move(*out);
  }
  Result<catalog::FileRow> file(const std::string& key, const std::string& filename) {
    return read([&](catalog::Reader& reader) { return reader.file(key, filename); });
  }
  Result<Json> metadata(const std::string& key) {
    BODEGA_TRY(const auto row, read([&](catalog::Reader& reader) { return reader.release(key, "hello", "1.0"); }));
    return Json::parse(row.metadata_json);
  }
  std::size_t attachments(const std::string& key) {
    const auto rows = read([&](catalog::Reader& reader) { return reader.attachments(key, "hello"); });
    return rows ? rows->size() : 0;
  }
  // What a file request was sent with, its file read in.
  static std::string body_of(const http::FetchRequest& request) {
    return request.body + (request.body_file ? read_all(*request.body_file).value() : "") + request.body_end;
  }

  const std::string wheel = make_wheel("hello", "1.0", "x = 1\n", "Requires-Python: >=3.8\nRequires-Dist: six\n");
  HermeticServer server;
};

}  // namespace bodega::testing
