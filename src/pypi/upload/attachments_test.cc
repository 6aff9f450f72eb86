// Documentation and test results from the request to the row.
#include "pypi/upload/attachments.h"

#include <gtest/gtest.h>

#include "pypi/index/attachments.h"
#include "pypi/index/simple.h"
#include "pypi/upload/upload_test_archives.h"
#include "pypi/upload/upload_test_kit.h"

namespace bodega::pypi::testing {
namespace {

const std::string kWheelName = "hello-1.0-py3-none-any.whl";
const std::string kDocName = "hello-1.0.doc.zip";
const std::string kResult = R"({"testenvs": {}, "host": "h", "platform": "linux"})";

std::string docs(const std::string& text = "<html>hi</html>") { return make_zip({{"index.html", text}, {"sub/page.html", "<p>"}}); }

// As devpi's client sends it.
Form doc_form(const std::string& name, const std::string& version, const std::string& bytes) {
  Form form;
  form.add("name", name).add("version", version).add(":action", "doc_upload").add("protocol_version", "1");
  return form.file(name + "-" + version + ".doc.zip", bytes);
}
Form doc_form_without_version(const std::string& name, const std::string& bytes) {
  return Form().add("name", name).add(":action", "doc_upload").file(name + ".zip", bytes);
}

class AttachmentTest : public UploadKit {
 protected:
  void put(const std::string& index, const std::string& version, const std::string& content = "x") {
    const auto response =
        upload(index, upload_form("hello", version, "hello-" + version + "-py3-none-any.whl", make_wheel("hello", version, content)));
    ASSERT_EQ(response.status, 200) << text(response);
  }
  std::string message(const http::Response& response) {
    const auto json = Json::parse(text(response));
    return json ? std::string(json->text("message")) : text(response);
  }
  // Posts and gives the name of the result.
  std::string posted(const std::string& json = kResult) {
    const auto response = post_result(url_of("alice/dev", kWheelName), json);
    EXPECT_EQ(response.status, 200) << text(response);
    const auto parsed = Json::parse(text(response)).value();
    EXPECT_EQ(parsed.text("type"), "toxresultpath");
    const std::string path(parsed.text("result"));
    const auto hash = path.find('#');
    EXPECT_EQ(path.substr(hash), "#sha256=" + Digest::of(json).hex());
    EXPECT_EQ("/" + path.substr(0, path.rfind('/') + 1) + kWheelName, url_of("alice/dev", kWheelName));
    return path.substr(path.rfind('/') + 1, hash - path.rfind('/') - 1);
  }
};

// ---- documentation ----

// devpi keeps any bytes; its client's tests upload a file of none.
TEST_F(AttachmentTest, AnEmptyFileIsDocumentationWithoutPages) {
  put("/alice/dev/", "1.0");
  EXPECT_EQ(upload("/alice/dev/", doc_form("hello", "1.0", "")).status, 200);
  const auto row = attachment("alice/dev", kDocName);
  ASSERT_TRUE(row);
  EXPECT_EQ(row->size, 0U);
  EXPECT_EQ(upload("/alice/dev/", doc_form("hello", "1.0", "no zip")).status, 400);
}

TEST_F(AttachmentTest, DocumentationOfARelease) {
  put("/alice/dev/", "1.0");
  const auto standing = facts.stand_on({project_fact("alice/dev", "hello")});
  const auto response = upload("/alice/dev/", doc_form("hello", "1.0", docs()));
  EXPECT_EQ(response.status, 200) << text(response);
  EXPECT_EQ(text(response), "");
  EXPECT_EQ(response.headers.get("Content-Type"), "text/html; charset=UTF-8");
  const auto row = attachment("alice/dev", kDocName);
  ASSERT_TRUE(row);
  EXPECT_EQ(row->kind, catalog::AttachmentKind::doczip);
  EXPECT_EQ(row->project, "hello");
  EXPECT_EQ(row->version, "1.0");
  EXPECT_EQ(row->digest, Digest::of(docs()));
  EXPECT_EQ(row->size, docs().size());
  EXPECT_EQ(row->stored_by, "alice");
  EXPECT_EQ(row->stored_at, clock.wall());
  EXPECT_EQ(row->log_json, upload_log("alice", "alice/dev", clock.wall(), std::nullopt));
  EXPECT_TRUE(stored(row->digest));
  EXPECT_EQ(temp_files(), 0U);
  EXPECT_FALSE(standing->stands());
  EXPECT_EQ(log.events("docs.stored").size(), 1U);
}

TEST_F(AttachmentTest, DocumentationMayComeFirst) {
  ASSERT_EQ(upload("/alice/dev/", doc_form("Hello_Pkg", "1.0", docs())).status, 200);
  EXPECT_TRUE(attachment("alice/dev", "hello-pkg-1.0.doc.zip"));
  const auto json = metadata("alice/dev", "hello-pkg", "1.0");
  ASSERT_TRUE(json);
  EXPECT_EQ(json->text("name"), "Hello_Pkg");
  EXPECT_EQ(json->text("version"), "1.0");
  EXPECT_EQ(new_projects, std::vector<std::string>{"alice/dev hello-pkg"});
}

TEST_F(AttachmentTest, DocumentationLeavesMetadataAlone) {
  const std::string wheel = make_wheel("hello", "1.0", "x", "Summary: says hello\n");
  ASSERT_EQ(upload("/alice/dev/", upload_form("hello", "1.0", kWheelName, wheel)).status, 200);
  ASSERT_EQ(upload("/alice/dev/", doc_form("hello", "1.0", docs())).status, 200);
  EXPECT_EQ(metadata("alice/dev", "hello", "1.0")->text("summary"), "says hello");
}

TEST_F(AttachmentTest, WithoutAVersionItIsTheNewestRelease) {
  put("/alice/dev/", "1.0");
  put("/alice/dev/", "1.10");
  put("/alice/dev/", "1.9");
  ASSERT_EQ(upload("/alice/dev/", doc_form_without_version("hello", docs())).status, 200);
  EXPECT_TRUE(attachment("alice/dev", "hello-1.10.doc.zip"));
}

TEST_F(AttachmentTest, WithoutAVersionAndWithoutAReleaseItIsRefused) {
  const auto response = upload("/alice/dev/", doc_form_without_version("nonex", docs()));
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.reason, "doczip has no version and 'nonex' has no releases to derive one from");
  EXPECT_EQ(blobs(), 0U);
  EXPECT_EQ(upload("/alice/dev/", doc_form("hello", "", docs())).reason, "invalid metadata: Missing required field \"version\"");
  EXPECT_EQ(upload("/alice/dev/", doc_form("", "1.0", docs())).reason, "invalid metadata: Missing required field \"name\"");
  EXPECT_EQ(upload("/alice/dev/", Form().add("name", "hello").add(":action", "doc_upload")).reason, "content file field not found");
  EXPECT_EQ(upload("/alice/dev/", doc_form("hello", "1.0", docs()), "bob").reason, "no permission to submit");
  EXPECT_EQ(temp_files(), 0U);
}

TEST_F(AttachmentTest, ReplacedOnAVolatileIndex) {
  ASSERT_EQ(upload("/alice/dev/", doc_form("hello", "1.0", docs())).status, 200);
  ASSERT_EQ(upload("/alice/dev/", doc_form("hello", "1.0", docs("other"))).status, 200);
  EXPECT_FALSE(stored(Digest::of(docs())));
  const auto row = attachment("alice/dev", kDocName);
  EXPECT_EQ(row->digest, Digest::of(docs("other")));
  const auto entries = Json::parse(row->log_json).value();
  ASSERT_EQ(entries.items().size(), 2U);
  EXPECT_EQ(entries.items()[0].text("what"), "overwrite");
  ASSERT_EQ(upload("/alice/dev/", doc_form("hello", "1.0", docs("other"))).status, 200);  // the same again
  EXPECT_EQ(blobs(), 1U);
}

TEST_F(AttachmentTest, KeptOnAnIndexThatIsNot) {
  ASSERT_EQ(upload("/alice/prod/", doc_form("hello", "1.0", docs())).status, 200);
  const auto same = upload("/alice/prod/", doc_form("hello", "1.0", docs()));
  EXPECT_EQ(same.status, 200);
  EXPECT_EQ(same.reason, "Upload of identical file to non volatile index.");
  const auto other = upload("/alice/prod/", doc_form("hello", "1.0", docs("other")));
  EXPECT_EQ(other.status, 409);
  EXPECT_EQ(other.reason, "hello-1.0.doc.zip already exists in non-volatile index");
  EXPECT_EQ(attachment("alice/prod", kDocName)->digest, Digest::of(docs()));
  EXPECT_EQ(blobs(), 1U);
}

// "a-1" in version 2 and "a" in version 1-2 share the archive's name.
TEST_F(AttachmentTest, NeverTakesTheNameOfAnotherProject) {
  ASSERT_EQ(upload("/alice/dev/", doc_form("a-1", "2", docs())).status, 200);
  EXPECT_EQ(upload("/alice/dev/", doc_form("a", "1-2", docs("other"))).status, 409);
  EXPECT_EQ(attachment("alice/dev", "a-1-2.doc.zip")->project, "a-1");
  EXPECT_FALSE(metadata("alice/dev", "a", "1-2"));
}

TEST_F(AttachmentTest, WhatIsNoArchiveIsRefused) {
  const std::string zip = docs();
  const std::vector<std::string> wrong = {"no zip",
                                          zip.substr(0, zip.size() - 1),
                                          zip + "x",
                                          make_zip({{"../index.html", "x"}}),
                                          make_zip({{"/index.html", "x"}}),
                                          make_zip({{"sub\\index.html", "x"}}),
                                          make_zip({{"a", "1"}, {"a", "2"}})};
  for (const auto& bytes : wrong) {
    const auto response = upload("/alice/dev/", doc_form("hello", "1.0", bytes));
    EXPECT_EQ(response.status, 400) << to_hex(bytes);
    EXPECT_EQ(blobs(), 0U);
  }
  EXPECT_FALSE(metadata("alice/dev", "hello", "1.0"));
}

TEST_F(AttachmentTest, ADigestThatDoesNotFitIsRefused) {
  Form form;
  form.add("name", "hello").add("version", "1.0").add(":action", "doc_upload").add("sha256_digest", std::string(64, '0'));
  EXPECT_EQ(upload("/alice/dev/", form.file("x.zip", docs())).status, 400);
}

// ---- test results ----

TEST_F(AttachmentTest, AnybodyMayPostATestResult) {
  put("/alice/dev/", "1.0");
  const auto standing = facts.stand_on({project_fact("alice/dev", "hello")});
  const std::string name = posted();
  EXPECT_EQ(name, kWheelName + ".toxresult-20261121025748-0");
  const auto row = attachment("alice/dev", name);
  ASSERT_TRUE(row);
  EXPECT_EQ(row->kind, catalog::AttachmentKind::toxresult);
  EXPECT_EQ(row->for_file, kWheelName);
  EXPECT_EQ(row->version, "1.0");
  EXPECT_EQ(row->digest, Digest::of(kResult));
  EXPECT_EQ(row->stored_by, "");
  EXPECT_EQ(row->log_json, upload_log("", "alice/dev", clock.wall(), std::nullopt));
  EXPECT_TRUE(stored(row->digest));
  EXPECT_FALSE(standing->stands());
  EXPECT_EQ(temp_files(), 0U);
  EXPECT_EQ(posted(), kWheelName + ".toxresult-20261121025748-1");
}

TEST_F(AttachmentTest, ANumberThatIsTakenIsPassedOver) {
  put("/alice/dev/", "1.0");
  const std::string first = posted("1");
  const std::string second = posted("2");
  const std::string base = url_of("alice/dev", kWheelName);
  ASSERT_EQ(remove(base.substr(0, base.rfind('/') + 1) + first).status, 200);
  EXPECT_NE(posted("3"), second);
  EXPECT_EQ(attachment("alice/dev", second)->digest, Digest::of("2"));
}

// Everybody may post them by default, and nothing bounded how many.
TEST_F(AttachmentTest, AFileHasAThousandTestResultsAtMost) {
  put("/alice/dev/", "1.0");
  ASSERT_EQ(posted("1"), kWheelName + ".toxresult-20261121025748-0");
  auto row = *attachment("alice/dev", kWheelName + ".toxresult-20261121025748-0");
  auto fill = [&row](catalog::Transaction& transaction) -> Result<void> {
    for (int i = 1; i < 1000; ++i) {
      row.filename = kWheelName + ".toxresult-20200101000000-" + std::to_string(i);
      BODEGA_TRY_VOID(transaction.put_attachment(row, catalog::Overwrite::no));
    }
    return {};
  };
  ASSERT_TRUE(bodega::testing::run(loop, catalog->write(fill)));
  const auto refused = post_result(url_of("alice/dev", kWheelName), "4242");
  EXPECT_EQ(refused.status, 413);
  EXPECT_NE(message(refused).find("1000 test results"), std::string::npos) << message(refused);
  EXPECT_FALSE(stored(Digest::of("4242")));
  EXPECT_EQ(temp_files(), 0U);
}

TEST_F(AttachmentTest, WhoMayPostIsTheIndexesChoice) {
  add_index("alice", "closed", R"({"acl_toxresult_upload": ["bob"]})");
  put("/alice/closed/", "1.0");
  const std::string target = url_of("alice/closed", kWheelName);
  for (const char* who : {"", "alice", "bob:wrong"}) {
    const auto response = post_result(target, kResult, who);
    EXPECT_EQ(response.status, 403) << who;
    EXPECT_EQ(message(response), "No permission to upload tox results. You can use the devpi test --no-upload option to skip the upload.");
  }
  EXPECT_EQ(post_result(target, kResult, "bob").status, 200);
  EXPECT_EQ(post_result("/root/pypi/+f/000/0000000000000/x.whl", kResult, "root").status, 403);
  EXPECT_EQ(post_result("/alice/nope/+f/000/0000000000000/x.whl", kResult).status, 403);
}

TEST_F(AttachmentTest, OnlyOfFilesThatAreThere) {
  put("/alice/dev/", "1.0");
  ASSERT_EQ(upload("/alice/dev/", doc_form("hello", "1.0", docs())).status, 200);
  const std::string other = "/alice/dev/+f/000/0000000000000/x.whl";
  EXPECT_EQ(post_result(other, kResult).status, 404);
  EXPECT_EQ(message(post_result(other, kResult)), "no release file found at " + other.substr(1));
  EXPECT_EQ(post_result("/alice/dev/+f/x", kResult).status, 404);
  const std::string doc_url = "/alice/dev/" + hosted_path(Digest::of(docs()), kDocName);
  EXPECT_EQ(post_result(doc_url, kResult).status, 404);
  EXPECT_EQ(post_result(url_of("alice/dev", kWheelName) + ".metadata", kResult).status, 404);
}

TEST_F(AttachmentTest, OnlyJsonAndNotTooMuch) {
  put("/alice/dev/", "1.0");
  const std::string target = url_of("alice/dev", kWheelName);
  const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  for (const std::string& bad : {std::string(), std::string("{bad"), std::string("{} {}"), std::string("\"\xff\""), deep}) {
    const auto response = post_result(target, bad);
    EXPECT_EQ(response.status, 400) << bad.substr(0, 20);
    EXPECT_EQ(message(response), "Bad request: could not decode json");
  }
  const auto announced = request(http::Method::post, target, "");
  announced->body = std::make_unique<FakeBody>("", 1);
  announced->body->set_length((16 << 20) + 1);
  announced->request.body = announced->body.get();
  EXPECT_EQ(send(*announced).status, 413);
  EXPECT_EQ(announced->body->reads, 0U);
  const auto dripping = request(http::Method::post, target, "");
  dripping->body = std::make_unique<FakeBody>(std::string((16 << 20) + 1, ' '), 1 << 20);
  dripping->body->hide_length();
  dripping->request.body = dripping->body.get();
  EXPECT_EQ(send(*dripping).status, 413);
  EXPECT_EQ(temp_files(), 0U);
  EXPECT_EQ(blobs(), 1U);
}

TEST_F(AttachmentTest, ATestResultOfAFileThatIsReplacedMeanwhileIsNotKept) {
  put("/alice/dev/", "1.0");
  const auto sent = request(http::Method::post, url_of("alice/dev", kWheelName), "");
  sent->body = std::make_unique<FakeBody>(kResult, 10);
  sent->body->before_piece = [this, &sent] {
    sent->body->before_piece = nullptr;
    ASSERT_TRUE(catalog->write_now([](catalog::Transaction& transaction) -> Result<void> {
      BODEGA_TRY(auto row, transaction.file("alice/dev", kWheelName));
      row.digest = Digest::of("other");
      BODEGA_TRY_VOID(transaction.put_file(row, catalog::Overwrite::yes));
      return {};
    }));
  };
  sent->request.body = sent->body.get();
  EXPECT_EQ(send(*sent).status, 404);
  EXPECT_FALSE(stored(Digest::of(kResult)));
}

// ---- going ----

TEST_F(AttachmentTest, AReplacedFileTakesItsTestResultsAndTheirBytes) {
  put("/alice/dev/", "1.0");
  const std::string name = posted();
  ASSERT_TRUE(stored(Digest::of(kResult)));
  put("/alice/dev/", "1.0", "other");
  EXPECT_FALSE(attachment("alice/dev", name));
  EXPECT_FALSE(stored(Digest::of(kResult)));
  EXPECT_EQ(blobs(), 1U);
}

TEST_F(AttachmentTest, CanBeDeletedByTheirAddress) {
  put("/alice/dev/", "1.0");
  ASSERT_EQ(upload("/alice/dev/", doc_form("hello", "1.0", docs())).status, 200);
  const std::string wheel_url = url_of("alice/dev", kWheelName);
  const std::string result_url = wheel_url.substr(0, wheel_url.rfind('/') + 1) + posted();
  const std::string doc_url = "/alice/dev/" + hosted_path(Digest::of(docs()), kDocName);
  EXPECT_EQ(message(remove(result_url)), "package '" + result_url.substr(1) + "' deleted");
  EXPECT_EQ(remove(result_url).status, 410);
  EXPECT_FALSE(stored(Digest::of(kResult)));
  EXPECT_EQ(remove("/alice/dev/" + hosted_path(Digest::of("other"), kDocName)).status, 404);
  EXPECT_EQ(remove(doc_url, "bob").status, 403);
  // The release stands as long as one of file and documentation does.
  EXPECT_EQ(remove(wheel_url).status, 200);
  EXPECT_TRUE(metadata("alice/dev", "hello", "1.0"));
  EXPECT_EQ(remove(doc_url).status, 200);
  EXPECT_FALSE(metadata("alice/dev", "hello", "1.0"));
  EXPECT_EQ(blobs(), 0U);
}

TEST_F(AttachmentTest, GoWithTheirRelease) {
  put("/alice/dev/", "1.0");
  ASSERT_EQ(upload("/alice/dev/", doc_form("hello", "1.0", docs())).status, 200);
  posted();
  EXPECT_EQ(remove("/alice/dev/hello/1.0").status, 200);
  EXPECT_EQ(blobs(), 0U);
}

// ---- disk and crash ----

TEST_F(AttachmentTest, BytesThatCannotBeMadeDurableAreNotRegistered) {
  put("/alice/dev/", "1.0");
  disk->fail_next_sync();
  EXPECT_GE(post_result(url_of("alice/dev", kWheelName), kResult).status, 500);
  disk->fail_next_sync();
  EXPECT_GE(upload("/alice/dev/", doc_form("hello", "1.0", docs())).status, 500);
  EXPECT_FALSE(attachment("alice/dev", kDocName));
  EXPECT_EQ(blobs(), 1U);
}

TEST_F(AttachmentTest, TheSameBytesOfAnotherPlaceStay) {
  put("/alice/dev/", "1.0");
  ASSERT_EQ(upload("/alice/dev/", doc_form("hello", "1.0", docs())).status, 200);
  ASSERT_EQ(upload("/alice/prod/", doc_form("hello", "1.0", docs())).status, 200);
  ASSERT_EQ(remove("/alice/dev/hello").status, 200);
  EXPECT_TRUE(stored(Digest::of(docs())));
}

}  // namespace
}  // namespace bodega::pypi::testing
