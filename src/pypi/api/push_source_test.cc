#include "pypi/api/push_source.h"

#include <gtest/gtest.h>

#include "pypi/api/push_record.h"

namespace bodega::pypi {
namespace {

ProjectPage page_of(std::initializer_list<const char*> filenames) {
  ProjectPage page;
  page.name = "hello";
  for (const auto* filename : filenames) {
    PageFile file;
    file.filename = filename;
    page.files.push_back(file);
  }
  return page;
}

std::string names(const std::vector<PageFile>& files) {
  std::string out;
  for (const auto& file : files) out += file.filename + " ";
  return out;
}

PushSource release() {
  PushSource source;
  source.index = "root/pypi";
  source.project = "hello";
  source.version = "1.0";
  source.display = "hello";
  return source;
}

TEST(PushSource, TakesTheFilesOfAVersionByName) {
  const auto page = page_of({"hello-1.0.tar.gz", "hello-1.0-py3-none-any.whl", "hello-1.0.1.tar.gz", "hello-1.0.0.zip", "other-1.0.tar.gz",
                             "hello-2010-odd.tar.gz"});
  EXPECT_EQ(names(files_of_version(page, "1.0")), "hello-1.0-py3-none-any.whl hello-1.0.0.zip hello-1.0.tar.gz ");
  EXPECT_EQ(names(files_of_version(page, "1")), "hello-1.0-py3-none-any.whl hello-1.0.0.zip hello-1.0.tar.gz ");
  EXPECT_EQ(names(files_of_version(page, "2010-odd")), "hello-2010-odd.tar.gz ") << "a version of before PEP 440 by its text";
  EXPECT_EQ(names(files_of_version(page, "3")), "");
}

TEST(PushSource, AVersionIsSpeltAsAskedWhereAFileSpellsItSo) {
  const auto files = files_of_version(page_of({"hello-1.0.tar.gz", "hello-1.0.0.zip"}), "1");
  EXPECT_EQ(spelt_version(files, "hello", "1.0"), "1.0");
  EXPECT_EQ(spelt_version(files, "hello", "1.0.0"), "1.0.0");
  EXPECT_EQ(spelt_version(files, "hello", "1"), "1.0.0") << "else as the first file";
}

TEST(PushSource, AMirroredFileTellsWhatIsInside) {
  auto source = release();
  PageFile listed;
  listed.filename = "hello-1.0-py3-none-any.whl";
  listed.upload_time = "2024-05-06T07:08:09Z";
  listed.yanked = "broken";
  const std::string text = "Metadata-Version: 2.1\nName: Hello\nVersion: 1.0.0\nClassifier: A\nRequires-Python: >=3\n\nLong.\n";
  add_mirrored(source, {listed, Digest::of("x"), 1, Inspected{FileKind::wheel, "Hello", "1.0.0", text, ">=3"}}, WallTime{});
  ASSERT_EQ(source.files.size(), 1U);
  const auto& row = source.files[0];
  EXPECT_EQ(row.index, "root/pypi");
  EXPECT_EQ(row.version, "1.0");
  EXPECT_EQ(row.metadata, text);
  EXPECT_EQ(row.metadata_digest, Digest::of(text));
  EXPECT_EQ(row.requires_python, ">=3");
  EXPECT_EQ(row.yanked, "broken");
  EXPECT_EQ(row.uploaded_at, parse_rfc3339("2024-05-06T07:08:09Z"));
  EXPECT_EQ(source.display, "Hello");
  const auto told = Json::parse(source.metadata.json()).value();
  EXPECT_EQ(told.text("name"), "Hello");
  EXPECT_EQ(told.text("version"), "1.0") << "the release's own spelling";
  EXPECT_EQ(told.text("yanked"), "broken");
  EXPECT_EQ(told.find("classifiers")->items().size(), 1U);
}

TEST(PushSource, AFileThatCannotBeReadIsToldByItsPage) {
  auto source = release();
  PageFile listed;
  listed.filename = "hello-1.0.tar.gz";
  listed.requires_python = ">=2.7";
  const WallTime now = *parse_rfc3339("2026-01-01T00:00:00Z");
  add_mirrored(source, {listed, Digest::of("x"), 1, std::nullopt}, now);
  EXPECT_EQ(source.files[0].uploaded_at, now);
  EXPECT_EQ(source.files[0].requires_python, ">=2.7");
  EXPECT_FALSE(source.files[0].metadata);
  const auto told = Json::parse(source.metadata.json()).value();
  EXPECT_EQ(std::string(told.text("name")) + " " + std::string(told.text("version")) + " " + std::string(told.text("requires_python")),
            "hello 1.0 >=2.7");
}

TEST(PushSource, PartsAreLeftOut) {
  auto source = release();
  source.files.resize(2);
  source.results.resize(1);
  source.docs.emplace();
  auto without = source;
  keep_parts(without, PushParts::no_docs);
  EXPECT_FALSE(without.docs);
  EXPECT_EQ(without.files.size() + without.results.size(), 3U);
  keep_parts(source, PushParts::only_docs);
  EXPECT_EQ(source.digests().size(), 1U);
  keep_parts(source, PushParts::no_docs);
  EXPECT_TRUE(source.empty());
}

TEST(PushLog, TakesTheHistoryAlong) {
  const PushTarget target{"a/rel", catalog::Overwrite::yes, "alice", *parse_rfc3339("2026-11-21T02:59:39Z")};
  const std::string source = R"([{"what":"overwrite","count":7},{"what":"upload","who":"bob","dst":"a/dev"}])";
  const std::string push = R"({"what":"push","who":"alice","when":[2026,11,21,2,59,39],"src":"a/dev","dst":"a/rel"}])";
  EXPECT_EQ(pushed_log({source, OverwriteEntries::drop, std::nullopt}, "a/dev", target),
            R"([{"what":"upload","who":"bob","dst":"a/dev"},)" + push);
  EXPECT_EQ(pushed_log({source, OverwriteEntries::keep, std::nullopt}, "a/dev", target),
            R"([{"what":"overwrite","count":7},{"what":"upload","who":"bob","dst":"a/dev"},)" + push);
  EXPECT_EQ(pushed_log({"[]", OverwriteEntries::drop, R"([{"what":"overwrite","count":2}])"}, "a/dev", target),
            R"([{"what":"overwrite","who":null,"when":[2026,11,21,2,59,39],"count":3},)" + push);
  for (const std::string broken : {"", "{", "7", "{\"a\":1}", "[1]"}) {
    const auto log = Json::parse(pushed_log({broken, OverwriteEntries::drop, broken}, "a/dev", target));
    ASSERT_TRUE(log) << broken;
    EXPECT_EQ(log->items().back().text("what"), "push") << broken;
  }
}

}  // namespace
}  // namespace bodega::pypi
