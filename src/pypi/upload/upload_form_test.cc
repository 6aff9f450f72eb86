#include "pypi/upload/upload_form.h"

#include <gtest/gtest.h>

namespace bodega::pypi {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

UploadForm form_of(const Fields& fields) {
  UploadForm form;
  for (const auto& [name, value] : fields) EXPECT_TRUE(form.add(name, value));
  return form;
}

TEST(UploadForm, TheLastOfANameCounts) {
  const auto form = form_of({{"name", "a"}, {"Name", "b"}});
  EXPECT_EQ(form.get("name"), "b");
  EXPECT_EQ(form.find("version"), nullptr);
  EXPECT_EQ(form.get("version"), "");
}

TEST(UploadForm, ActionsAreDevpis) {
  using File = UploadForm::File;
  EXPECT_EQ(form_of({{":action", "submit"}}).action(File::absent), UploadAction::submit);
  EXPECT_EQ(form_of({{":action", "file_upload"}}).action(File::absent), UploadAction::file_upload);
  EXPECT_EQ(form_of({{":action", "doc_upload"}}).action(File::present), UploadAction::doc_upload);
  EXPECT_EQ(form_of({{":action", "foo"}}).action(File::present).error().message, "action 'foo' not supported");
  EXPECT_EQ(form_of({}).action(File::absent).error().message, "Bad request: could not decode json");
  EXPECT_EQ(form_of({}).action(File::present), UploadAction::file_upload);
  EXPECT_LT(form_of({{":action", std::string(5000, 'x')}}).action(File::present).error().message.size(), 100U);
}

TEST(UploadForm, IsBounded) {
  UploadForm form({100, 3});
  EXPECT_TRUE(form.add("a", std::string(50, 'x')));
  EXPECT_FALSE(form.has_room(50));
  EXPECT_EQ(form.add("b", std::string(50, 'x')).error().code, Code::too_large);
  EXPECT_TRUE(form.add("b", "x"));
  EXPECT_TRUE(form.add("c", "x"));
  EXPECT_EQ(form.add("d", "x").error().code, Code::too_large);
  EXPECT_EQ(form.bytes(), 55U);
}

TEST(UploadForm, DigestsAreCheckedForTheirForm) {
  const std::string hex(64, 'a');
  const auto digests =
      form_of({{"sha256_digest", " " + std::string(64, 'A') + "\n"}, {"md5_digest", ""}, {"blake2_256_digest", hex}}).digests();
  ASSERT_TRUE(digests);
  ASSERT_EQ(digests->size(), 2U);
  EXPECT_EQ((*digests)[0].hex, hex);
  EXPECT_EQ((*digests)[1].algorithm, "blake2b_256");
  const auto bad = form_of({{"md5_digest", "zz"}}).digests();
  ASSERT_FALSE(bad);
  EXPECT_NE(bad.error().message.find("md5_digest"), std::string::npos);
}

TEST(UploadForm, MetadataIsWhatWasSentAndNothingElse) {
  const auto metadata = form_of({{":action", "submit"},
                                 {"name", "hello"},
                                 {"classifiers", "A"},
                                 {"classifier", "B"},
                                 {"sha256_digest", "x"},
                                 {"Requires-Python", ">=3.8"},
                                 {"pyversion", "source"}})
                            .metadata();
  const Json json = Json::parse(metadata.json()).value();
  EXPECT_EQ(json.text("name"), "hello");
  EXPECT_EQ(json.text("requires_python"), ">=3.8");
  EXPECT_EQ(*json.find("classifiers"), Json(std::vector<std::string>{"A", "B"}));
  EXPECT_TRUE(metadata.has("classifiers"));
  EXPECT_FALSE(metadata.has("summary"));
}

TEST(ReleaseName, IsCheckedAsDevpiDoes) {
  const auto message = [](const Fields& fields) { return release_name(form_of(fields)).error().message; };
  EXPECT_EQ(message({{"version", "1"}}), "invalid metadata: Missing required field \"name\"");
  EXPECT_EQ(message({{"name", "hello"}}), "invalid metadata: Missing required field \"version\"");
  EXPECT_EQ(message({{"name", "hello"}, {"version", " "}}), "invalid metadata: Missing required field \"version\"");
  EXPECT_EQ(message({{"name", "h\xC3\xA4llo"}, {"version", "1"}}),
            "invalid metadata: Invalid package name. Names must contain only ASCII letters, digits, underscores, hyphens, and periods");
  for (const char* version : {"one", "1.0/2", "1\n2", "..", "1.0 2"}) {
    EXPECT_NE(message({{"name", "a"}, {"version", version}}).find("Invalid version"), std::string::npos) << version;
  }
  const auto name = release_name(form_of({{"name", "Hello.Pkg"}, {"version", "1.0-rc1"}}));
  ASSERT_TRUE(name);
  EXPECT_EQ(name->project, "hello-pkg");
  EXPECT_EQ(name->name, "Hello.Pkg");
  EXPECT_EQ(name->version, "1.0-rc1");
}

}  // namespace
}  // namespace bodega::pypi
