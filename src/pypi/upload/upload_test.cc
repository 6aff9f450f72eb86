// The upload from the request to the row: devpi's table of checks, every client's form, and what is left when it goes wrong.
#include "pypi/upload/upload.h"

#include <gtest/gtest.h>

#include "pypi/index/simple.h"
#include "pypi/upload/upload_test_archives.h"
#include "pypi/upload/upload_test_kit.h"

namespace bodega::pypi::testing {
namespace {

const std::string kWheelName = "hello-1.0-py3-none-any.whl";

class UploadTest : public UploadKit {
 protected:
  // Nothing of a refused upload is left.
  void expect_refused(const http::Response& response, int status, const std::string& reason) {
    EXPECT_EQ(response.status, status) << text(response);
    EXPECT_EQ(response.reason, reason);
    EXPECT_EQ(response.route, "upload");
    EXPECT_EQ(temp_files(), 0U);
    EXPECT_EQ(blobs(), 0U);
  }
  std::string message(const http::Response& response) { return std::string(Json::parse(text(response)).value().text("message")); }
};

TEST_F(UploadTest, AWheelIsStoredWithEverythingItSaysOfItself) {
  const std::string wheel =
      make_wheel("hello", "1.0", "x", "Summary: says hello\nRequires-Python: >=3.8\nClassifier: A :: B\nClassifier: C\n");
  const auto response = upload("/alice/dev/", upload_form("hello", "1.0", kWheelName, wheel));
  EXPECT_EQ(response.status, 200) << text(response);
  EXPECT_EQ(text(response), "");
  EXPECT_EQ(response.headers.get("Content-Type"), "text/html; charset=UTF-8");

  const auto row = file("alice/dev", kWheelName);
  ASSERT_TRUE(row);
  EXPECT_EQ(row->project, "hello");
  EXPECT_EQ(row->version, "1.0");
  EXPECT_EQ(row->digest, Digest::of(wheel));
  EXPECT_EQ(row->size, wheel.size());
  EXPECT_EQ(row->uploaded_by, "alice");
  EXPECT_EQ(row->uploaded_at, clock.wall());
  EXPECT_EQ(row->requires_python, ">=3.8");
  ASSERT_TRUE(row->metadata);
  EXPECT_NE(row->metadata->find("Summary: says hello"), std::string::npos);
  EXPECT_EQ(row->metadata_digest, Digest::of(*row->metadata));
  EXPECT_EQ(row->yanked, std::nullopt);
  EXPECT_EQ(row->log_json, upload_log("alice", "alice/dev", clock.wall(), std::nullopt));
  EXPECT_TRUE(stored(row->digest));
  EXPECT_EQ(temp_files(), 0U);

  const auto json = metadata("alice/dev", "hello", "1.0");
  ASSERT_TRUE(json);
  EXPECT_EQ(json->text("summary"), "says hello");
  EXPECT_EQ(json->text("description"), "What it is.\n");
  EXPECT_EQ(*json->find("classifiers"), Json(std::vector<std::string>{"A :: B", "C"}));
  EXPECT_EQ(new_projects, std::vector<std::string>{"alice/dev hello"});
  EXPECT_EQ(log.events("upload.stored").size(), 1U);
}

TEST_F(UploadTest, AnSdistHasNoMetadataSibling) {
  const std::string sdist = make_sdist("hello", "1.0", "x", "Requires-Python: >=3.9\n");
  const auto response = upload("/alice/dev", upload_form("hello", "1.0", "hello-1.0.tar.gz", sdist));
  ASSERT_EQ(response.status, 200) << text(response);
  const auto row = file("alice/dev", "hello-1.0.tar.gz");
  EXPECT_EQ(row->requires_python, ">=3.9");
  EXPECT_EQ(row->metadata, std::nullopt);
}

TEST_F(UploadTest, TheAddressOfThePageIsTakenToo) {
  const auto response = upload("/alice/dev/+simple/", upload_form("hello", "1.0", kWheelName, make_wheel("hello", "1.0")));
  EXPECT_EQ(response.status, 200) << text(response);
  EXPECT_TRUE(file("alice/dev", kWheelName));
}

TEST_F(UploadTest, AnswersThatStandOnTheProjectFall) {
  const auto project = facts.stand_on({project_fact("alice/dev", "hello")});
  const auto list = facts.stand_on({list_fact("alice/dev")});
  const auto other = facts.stand_on({project_fact("alice/dev", "other"), index_fact("alice/dev")});
  ASSERT_EQ(upload("/alice/dev/", upload_form("hello", "1.0", kWheelName, make_wheel("hello", "1.0"))).status, 200);
  EXPECT_FALSE(project->stands());
  EXPECT_FALSE(list->stands());
  EXPECT_TRUE(other->stands());
  const auto again = facts.stand_on({list_fact("alice/dev")});
  ASSERT_EQ(upload("/alice/dev/", upload_form("hello", "2.0", "hello-2.0.tar.gz", make_sdist("hello", "2.0"))).status, 200);
  EXPECT_TRUE(again->stands());
  EXPECT_EQ(new_projects.size(), 1U);
}

// ---- devpi's table, in its order ----

TEST_F(UploadTest, MirrorsTakeNothing) {
  expect_refused(upload("/root/pypi/", upload_form("hello", "1.0", kWheelName, "x"), "root"), 404, "cannot submit to mirror index");
}

TEST_F(UploadTest, UnknownIndexes) {
  expect_refused(upload("/alice/nope/", Form(), "alice"), 404, "The stage alice/nope could not be found.");
  expect_refused(upload("/zz/nope/", Form(), ""), 404, "The stage zz/nope could not be found.");
}

TEST_F(UploadTest, NobodyGetsInWithoutTheRightAndNoByteIsRead) {
  for (const char* who : {"", "alice:wrong", "nobody:x", "bob"}) {
    const auto sent = post("/alice/dev/", Form().add(":action", "submit"), who);
    const auto response = send(*sent);
    EXPECT_EQ(sent->body->reads, 0U) << who;
    if (std::string_view(who) == "bob") {
      expect_refused(response, 403, "no permission to submit");
    } else {
      EXPECT_EQ(response.status, 401) << who;
      EXPECT_EQ(response.headers.get("WWW-Authenticate"), "Basic realm=\"pypi\"");
    }
  }
}

TEST_F(UploadTest, GuessingIsSlowedDown) {
  http::Response response;
  for (int i = 0; i < 30 && response.status != 429; ++i) response = upload("/alice/dev/", Form(), "alice:guess" + std::to_string(i));
  EXPECT_EQ(response.status, 429);
  EXPECT_TRUE(response.headers.has("Retry-After"));
}

// What one may not read does not exist.
TEST_F(UploadTest, HiddenIndexesAnswerAsUnknownOnes) {
  add_index("alice", "secret", R"({"acl_pkg_read": ["alice"]})");
  const auto strip = [](std::string text) {
    const auto at = text.find("secret");
    return at == std::string::npos ? text : text.replace(at, 6, "nopeno");
  };
  for (const char* who : {"", "bob", "alice:wrong"}) {
    const auto hidden = upload("/alice/secret/", Form(), who);
    const auto unknown = upload("/alice/nopeno/", Form(), who);
    EXPECT_EQ(hidden.status, unknown.status) << who;
    EXPECT_EQ(strip(hidden.reason), unknown.reason) << who;
    EXPECT_EQ(strip(text(hidden)), text(unknown)) << who;
  }
  EXPECT_EQ(upload("/alice/secret/", upload_form("hello", "1.0", kWheelName, make_wheel("hello", "1.0"))).status, 200);
}

TEST_F(UploadTest, EverybodyUploadsWhereTheListSaysSo) {
  add_index("alice", "open", R"({"acl_upload": [":ANONYMOUS:"]})");
  const auto response = upload("/alice/open/", upload_form("hello", "1.0", kWheelName, make_wheel("hello", "1.0")), "");
  EXPECT_EQ(response.status, 200) << text(response);
  EXPECT_NE(file("alice/open", kWheelName)->log_json.find("\"who\":null"), std::string::npos);
}

TEST_F(UploadTest, FormsThatAreWrongAreToldWhyInDevpisWords) {
  const std::string wheel = make_wheel("hello", "1.0");
  const auto form = [&](const std::string& name, const std::string& version, const std::string& filename) {
    return Form().add(":action", "file_upload").add("name", name).add("version", version).file(filename, wheel);
  };
  const auto refused = [&](const Form& sent, const std::string& reason) { expect_refused(upload("/alice/dev/", sent), 400, reason); };
  refused(Form().add("name", "hello").add("version", "1.0"), "Bad request: could not decode json");
  refused(Form().add(":action", "foo").add("name", "hello"), "action 'foo' not supported");
  refused(Form().add(":action", "file_upload").add("name", "hello").add("version", "1.0"), "content file field not found");
  refused(Form().add(":action", "doc_upload").add("name", "hello").add("version", "1.0"), "content file field not found");
  refused(form("hello", "2.0", kWheelName), "filename 'hello-1.0-py3-none-any.whl' does not contain version '2.0'");
  refused(form("hello", "1.0", "hello-1.0.txt"), "'hello-1.0.txt' is not a valid archive name");
  refused(form("world", "1.0", kWheelName), "filename 'hello-1.0-py3-none-any.whl' does not match project name 'world'");
  refused(Form().add(":action", "file_upload").file(kWheelName, wheel), "invalid metadata: Missing required field \"name\"");
  refused(Form().add(":action", "submit").add("name", "hello"), "invalid metadata: Missing required field \"version\"");
  refused(Form().add(":action", "submit").add("name", "-x-").add("version", "1"),
          "invalid metadata: Invalid package name. Names must contain only ASCII letters, digits, underscores, hyphens, and periods");
  for (const char* name : {"../hello-1.0.tar.gz", "a/hello-1.0.tar.gz", "hello-1.0\\.tar.gz"}) {
    EXPECT_EQ(upload("/alice/dev/", form("hello", "1.0", name)).status, 400) << name;
  }
}

// ---- the archive is the truth ----

TEST_F(UploadTest, WhatIsInsideMustBeWhatItIsCalled) {
  const auto lies = make_wheel("other", "1.0");
  EXPECT_EQ(upload("/alice/dev/", upload_form("hello", "1.0", kWheelName, lies)).status, 400);
  EXPECT_EQ(upload("/alice/dev/", upload_form("hello", "1.0", kWheelName, make_wheel("hello", "1.1"))).status, 400);
  EXPECT_EQ(upload("/alice/dev/", upload_form("hello", "1.0", kWheelName, "no archive")).status, 400);
  EXPECT_EQ(upload("/alice/dev/", upload_form("hello", "1.0", kWheelName, "")).status, 400);
  EXPECT_EQ(upload("/alice/dev/", upload_form("hello", "1.0", "hello-1.0.tar.gz", make_wheel("hello", "1.0"))).status, 400);
  EXPECT_EQ(blobs(), 0U);
  EXPECT_EQ(temp_files(), 0U);
}

TEST_F(UploadTest, TheFormCannotContradictTheArchive) {
  const std::string wheel = make_wheel("hello", "1.0", "x", "Summary: true\n");
  Form form;
  form.add(":action", "file_upload").add("name", "Hello").add("version", "1.0").add("summary", "a lie").add("requires_python", ">=99");
  ASSERT_EQ(upload("/alice/dev/", form.file(kWheelName, wheel)).status, 200);
  EXPECT_EQ(file("alice/dev", kWheelName)->requires_python, "");
  const auto json = metadata("alice/dev", "hello", "1.0");
  EXPECT_EQ(json->text("summary"), "true");
  EXPECT_EQ(json->text("name"), "hello");
  EXPECT_EQ(json->text("requires_python"), "");
}

TEST_F(UploadTest, FilesOfAReleaseMergeTheirMetadataAndARegistrationReplacesIt) {
  const auto submit = Form().add(":action", "submit").add("name", "hello").add("version", "1.0").add("author", "ann").add("summary", "old");
  ASSERT_EQ(upload("/alice/dev/", submit).status, 200);
  ASSERT_EQ(upload("/alice/dev/", upload_form("hello", "1.0", kWheelName, make_wheel("hello", "1.0", "x", "Summary: new\n"))).status, 200);
  auto json = metadata("alice/dev", "hello", "1.0");
  EXPECT_EQ(json->text("author"), "ann");
  EXPECT_EQ(json->text("summary"), "new");
  ASSERT_EQ(upload("/alice/dev/", Form().add(":action", "submit").add("name", "hello").add("version", "1.0").add("license", "MIT")).status,
            200);
  json = metadata("alice/dev", "hello", "1.0");
  EXPECT_EQ(json->text("author"), "");
  EXPECT_EQ(json->text("license"), "MIT");
  EXPECT_TRUE(file("alice/dev", kWheelName));
  EXPECT_EQ(new_projects, std::vector<std::string>{"alice/dev hello"});
}

TEST_F(UploadTest, RegistrationsMayBeUrlencoded) {
  const auto sent = post("/alice/dev/",
                         std::string("%3Aaction=submit&name=Hello.Pkg&version=1.0&summary=a+b%21&classifiers=A&classifiers=B"), "alice", 7);
  sent->request.headers.set("Content-Type", "application/x-www-form-urlencoded");
  const auto response = send(*sent);
  ASSERT_EQ(response.status, 200) << text(response);
  const auto json = metadata("alice/dev", "hello-pkg", "1.0");
  ASSERT_TRUE(json);
  EXPECT_EQ(json->text("summary"), "a b!");
  EXPECT_EQ(json->text("name"), "Hello.Pkg");
  EXPECT_EQ(json->find("classifiers")->items().size(), 2U);
}

TEST_F(UploadTest, OtherContentTypesAreNoForm) {
  for (const char* type : {"", "application/json", "text/plain", "multipart/form-data"}) {
    const auto sent = post("/alice/dev/", std::string("{\"a\": 1}"), "alice");
    sent->request.headers.set("Content-Type", type);
    EXPECT_EQ(send(*sent).status, 400) << type;
  }
}

// ---- digests, sizes, broken bodies ----

TEST_F(UploadTest, ADigestThatDoesNotMatchIsNamed) {
  const std::string wheel = make_wheel("hello", "1.0");
  for (const char* field : {"sha256_digest", "blake2_256_digest", "md5_digest"}) {
    const std::string wrong(std::string_view(field) == "md5_digest" ? 32 : 64, '0');
    Form form = upload_form("hello", "1.0", kWheelName, wheel).add(field, wrong);
    const auto response = upload("/alice/dev/", form);
    EXPECT_EQ(response.status, 400);
    EXPECT_NE(response.reason.find(std::string(field) + " does not match"), std::string::npos) << response.reason;
  }
  EXPECT_EQ(blobs(), 0U);
}

TEST_F(UploadTest, TooLargeIsSaidBeforeTheBodyIsRead) {
  const auto sent = post("/alice/dev/", Form(), "alice");
  sent->body->set_length(3ULL << 30);
  const auto response = send(*sent);
  EXPECT_EQ(response.status, 413);
  EXPECT_EQ(sent->body->reads, 0U);
}

TEST_F(UploadTest, TooLargeIsSeenWhileItArrives) {
  options.limits.max_file_bytes = 5000;
  options.limits.form.max_bytes = 5000;
  close();
  open();
  for (const bool field : {true, false}) {
    const std::string bytes(100'000, 'x');
    const auto sent = post("/alice/dev/", field ? Form().add("description", bytes) : Form().file(kWheelName, bytes), "alice");
    sent->body->hide_length();
    EXPECT_EQ(send(*sent).status, 413);
    EXPECT_LT(sent->body->reads, 20U) << "of a hundred, and 16 KiB are looked at together";
    EXPECT_EQ(temp_files(), 0U);
  }
}

TEST_F(UploadTest, FieldMemoryIsSharedByAllUploads) {
  options.max_field_bytes = 3000;
  close();
  open();
  const auto slow =
      post("/alice/dev/", Form().add(":action", "submit").add("description", std::string(2500, 'x')).add("name", "a"), "alice");
  slow->body->hold_at = 3;
  bodega::testing::Running<http::Response> running(loop, start(*slow));
  const auto large = Form().add(":action", "submit").add("description", std::string(2500, 'x'));
  EXPECT_EQ(upload("/alice/dev/", large).status, 503);
  slow->body->release();
  EXPECT_EQ(running.get().status, 400);  // no version: it was taken whole
  EXPECT_EQ(upload("/alice/dev/", large).status, 400);
}

TEST_F(UploadTest, ATruncatedBodyRegistersNothing) {
  const std::string whole = upload_form("hello", "1.0", kWheelName, make_wheel("hello", "1.0")).body();
  for (const std::size_t length :
       {whole.size() - 3, whole.size() - 5, whole.size() - 30, whole.size() / 2, std::size_t{10}, std::size_t{0}}) {
    const auto sent = post("/alice/dev/", whole.substr(0, length), "alice");
    EXPECT_EQ(send(*sent).status, 400) << length;
    EXPECT_EQ(temp_files(), 0U);
    EXPECT_EQ(blobs(), 0U);
  }
  EXPECT_FALSE(file("alice/dev", kWheelName));
  EXPECT_FALSE(metadata("alice/dev", "hello", "1.0"));
}

TEST_F(UploadTest, ALostConnectionRegistersNothing) {
  const auto form = upload_form("hello", "1.0", kWheelName, make_wheel("hello", "1.0", std::string(10'000, 'x')));
  for (std::size_t reads = 0; reads < 9; ++reads) {
    const auto sent = post("/alice/dev/", form, "alice");
    sent->body->fail_after = reads;
    EXPECT_NE(send(*sent).status, 200);
    EXPECT_EQ(temp_files(), 0U);
    EXPECT_EQ(blobs(), 0U);
  }
  EXPECT_FALSE(file("alice/dev", kWheelName));
}

TEST_F(UploadTest, PiecesMayBeCutAnywhere) {
  for (const std::size_t cut : {std::size_t{1}, std::size_t{2}, std::size_t{17}, std::size_t{64}, std::size_t{100'000}}) {
    const std::string version = "1." + std::to_string(cut);
    const std::string name = "hello-" + version + "-py3-none-any.whl";
    const std::string wheel = make_wheel("hello", version, "\r\n------probe123456789\r\n--\r\n-");
    const auto response = upload("/alice/dev/", upload_form("hello", version, name, wheel), "alice", cut);
    EXPECT_EQ(response.status, 200) << cut << text(response);
    EXPECT_EQ(file("alice/dev", name)->digest, Digest::of(wheel));
  }
}

TEST_F(UploadTest, AFullDiskIsToldAndLeavesNothing) {
  const auto form = upload_form("hello", "1.0", kWheelName, make_wheel("hello", "1.0"));
  disk->set_free_bytes(100);
  EXPECT_EQ(upload("/alice/dev/", form).status, 507);
  disk->set_free_bytes(1 << 30);
  disk->fail_next(bodega::testing::DiskOperation::write, ENOSPC);
  EXPECT_EQ(upload("/alice/dev/", form).status, 507);
  EXPECT_EQ(temp_files(), 0U);
  EXPECT_EQ(blobs(), 0U);
  EXPECT_EQ(upload("/alice/dev/", form).status, 200);
}

}  // namespace
}  // namespace bodega::pypi::testing
