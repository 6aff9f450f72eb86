#include "web/upload_relay.h"

#include <gtest/gtest.h>

#include "testing/run_task.h"
#include "web/forms.h"

namespace bodega::web {
namespace {

TEST(UploadRelay, ReadsNameAndVersionOutOfTheFileName) {
  const auto wheel = upload_name_of("my_pkg-1.0+local.1-py3-none-any.whl");
  ASSERT_TRUE(wheel);
  EXPECT_EQ(wheel->action, "file_upload");
  EXPECT_EQ(wheel->name, "my-pkg");
  EXPECT_EQ(wheel->version, "1.0+local.1");
  const auto sdist = upload_name_of("My.Pkg-2.0.tar.gz");
  ASSERT_TRUE(sdist);
  EXPECT_EQ(sdist->name, "my-pkg");
  EXPECT_EQ(sdist->version, "2.0");
  const auto docs = upload_name_of("pkg-1.0.doc.zip");
  ASSERT_TRUE(docs);
  EXPECT_EQ(docs->action, "doc_upload");
  EXPECT_EQ(docs->version, "1.0");
}

TEST(UploadRelay, TakesNothingElse) {
  for (const auto* name : {"", "..", "notes.txt", "a\"b-1.0.tar.gz", "pkg.whl", "a\r\nb-1.0.zip", "x/y-1.0.tar.gz"}) {
    EXPECT_FALSE(upload_name_of(name)) << name;
  }
}

TEST(UploadRelay, GivesEachFileAsAnUploadOfItsOwn) {
  const std::string form =
      "--b\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\nword\r\n"
      "--b\r\nContent-Disposition: form-data; name=\"content\"; filename=\"C:\\dist\\pkg-1.0.tar.gz\"\r\n\r\none\r\n"
      "--b\r\nContent-Disposition: form-data; name=\"content\"; filename=\"pkg-2.0.tar.gz\"\r\n\r\ntwo\r\n--b--\r\n";
  Loop loop("test");
  TextBody body(form);
  http::Request request;
  request.headers.add("Content-Type", "multipart/form-data; boundary=b");
  request.body = &body;
  auto relay = UploadRelay::make(request);
  ASSERT_TRUE(relay);
  EXPECT_EQ(*testing::run(loop, relay->next_file()), "pkg-1.0.tar.gz");
  EXPECT_EQ(relay->csrf(), "word");
  const auto name = upload_name_of("pkg-1.0.tar.gz");
  RelayedUpload upload(*relay, "pkg-1.0.tar.gz", *name);
  std::string all;
  for (;;) {
    const auto piece = testing::run(loop, upload.read());
    ASSERT_TRUE(piece);
    if (piece->empty()) break;
    all += *piece;
  }
  EXPECT_NE(all.find("name=\"version\"\r\n\r\n1.0\r\n"), std::string::npos);
  EXPECT_NE(all.find("filename=\"pkg-1.0.tar.gz\""), std::string::npos);
  EXPECT_NE(all.find("\r\n\r\none\r\n--bodega-"), std::string::npos);
  EXPECT_TRUE(all.ends_with("--\r\n"));
  // The second one is not read, and skipped.
  EXPECT_EQ(*testing::run(loop, relay->next_file()), "pkg-2.0.tar.gz");
  EXPECT_EQ(*testing::run(loop, relay->next_file()), "");
}

TEST(UploadRelay, ABrokenFormIsAnError) {
  Loop loop("test");
  TextBody body("--b\r\nContent-Disposition: form-data; name=\"content\"; filename=\"pkg-1.0.tar.gz\"\r\n\r\none");
  http::Request request;
  request.headers.add("Content-Type", "multipart/form-data; boundary=b");
  request.body = &body;
  auto relay = UploadRelay::make(request);
  ASSERT_TRUE(relay);
  EXPECT_TRUE(testing::run(loop, relay->next_file()));
  EXPECT_FALSE(testing::run(loop, relay->next_file()));
}

}  // namespace
}  // namespace bodega::web
