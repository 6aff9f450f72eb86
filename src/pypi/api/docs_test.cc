#include "pypi/api/docs.h"

#include <gtest/gtest.h>

namespace bodega::pypi {
namespace {

std::vector<catalog::ReleaseRow> releases(const std::vector<std::string>& versions) {
  std::vector<catalog::ReleaseRow> rows;
  for (const auto& version : versions) rows.push_back({"alice/dev", "hello", version, "{}"});
  return rows;
}

std::vector<catalog::AttachmentRow> docs_of(const std::vector<std::string>& versions) {
  std::vector<catalog::AttachmentRow> rows;
  for (const auto& version : versions) {
    catalog::AttachmentRow result;
    result.kind = catalog::AttachmentKind::toxresult;
    result.version = version;
    rows.push_back(result);
    catalog::AttachmentRow docs;
    docs.version = version;
    docs.filename = "hello-" + version + ".doc.zip";
    rows.push_back(docs);
  }
  return rows;
}

// The version that was chosen, or devpi's sentence.
std::string choice(const std::string& wanted, const std::vector<std::string>& all, const std::vector<std::string>& documented) {
  const auto row = choose_docs("hello", wanted, releases(all), docs_of(documented));
  if (!row) return row.error().message;
  EXPECT_EQ(row->kind, catalog::AttachmentKind::doczip);
  return row->version;
}

TEST(ChooseDocs, AVersionIsItself) {
  EXPECT_EQ(choice("1.0", {"1.0", "1.1"}, {"1.0", "1.1"}), "1.0");
  EXPECT_EQ(choice("1.0", {"1.0", "1.1"}, {"1.1"}), "No documentation available.");
  EXPECT_EQ(choice("1.0.0", {"1.0"}, {"1.0"}), "No documentation available.");
  EXPECT_EQ(choice("9", {}, {}), "No documentation available.");
}

TEST(ChooseDocs, LatestIsTheNewestThatHasSome) {
  EXPECT_EQ(choice("latest", {"1.10", "1.9", "2.0a1"}, {"1.9", "1.10", "2.0a1"}), "2.0a1");
  EXPECT_EQ(choice("latest", {"1.0", "1.1a1"}, {"1.0"}), "1.0");
  EXPECT_EQ(choice("latest", {"1.0"}, {}), "No documentation available.");
  EXPECT_EQ(choice("latest", {}, {}), "The project hello does not exist.");
}

TEST(ChooseDocs, StableIsTheNewestFinalOne) {
  EXPECT_EQ(choice("stable", {"1.9", "1.10", "2.0a1", "2.0.dev3"}, {"1.9", "1.10", "2.0a1", "2.0.dev3"}), "1.10");
  EXPECT_EQ(choice("stable", {"1.0", "1.0.post1"}, {"1.0", "1.0.post1"}), "1.0.post1");
  EXPECT_EQ(choice("stable", {"1.0", "1.1a1"}, {"1.1a1"}), "No stable documentation available.");
  EXPECT_EQ(choice("stable", {"1.1a1"}, {"1.1a1"}), "The project hello has no stable release.");
  EXPECT_EQ(choice("stable", {}, {}), "The project hello does not exist.");
}

TEST(DocsContentType, IsToldByTheExtension) {
  EXPECT_EQ(docs_content_type("index.html"), "text/html; charset=UTF-8");
  EXPECT_EQ(docs_content_type("_static/a.min.JS"), "text/javascript; charset=UTF-8");
  EXPECT_EQ(docs_content_type("objects.inv"), "application/octet-stream");
  EXPECT_EQ(docs_content_type("LICENSE"), "application/octet-stream");
  EXPECT_EQ(docs_content_type("a.html/LICENSE"), "application/octet-stream");
  EXPECT_EQ(docs_content_type("trailing."), "application/octet-stream");
}

}  // namespace
}  // namespace bodega::pypi
