#include "pypi/format/metadata.h"

#include <gtest/gtest.h>

namespace bodega::pypi {
namespace {

TEST(Metadata, HeadersAndBody) {
  const auto metadata = Metadata::parse(
      "Metadata-Version: 2.1\nName: Foo.Bar\nVersion: 1.0\nClassifier: A\nclassifier: B\nRequires-Python: >=3.8\nRequires-Dist: x (>1) ; "
      "python_version<'3'\n"
      "Home-page: UNKNOWN\n\n# Title\n\nText: not a header\n");
  EXPECT_EQ(metadata.metadata_version(), "2.1");
  EXPECT_EQ(metadata.name(), "Foo.Bar");
  EXPECT_EQ(metadata.version(), "1.0");
  EXPECT_EQ(metadata.requires_python(), ">=3.8");
  EXPECT_EQ(metadata.all("Classifier"), (std::vector<std::string_view>{"A", "B"}));
  EXPECT_EQ(metadata.all("requires-dist").at(0), "x (>1) ; python_version<'3'");
  EXPECT_EQ(metadata.get("Home-page"), "");
  EXPECT_EQ(metadata.count("HOME-PAGE"), 1U);
  EXPECT_EQ(metadata.get("Text"), "");
  EXPECT_EQ(metadata.description(), "# Title\n\nText: not a header\n");
  EXPECT_EQ(metadata.fields().size(), 8U);
}

TEST(Metadata, FoldedLinesOfThreeAges) {
  const auto metadata = Metadata::parse(
      "Name: x\r\nDescription: first\r\n        second\r\n          indented\r\n        \r\n        last\r\nSummary: a\r\n b\r\nLicense: "
      "l\r\n       |m\r\n       |  n\r\n");
  EXPECT_EQ(metadata.description(), "first\nsecond\n  indented\n\nlast");
  EXPECT_EQ(metadata.get("Summary"), "a\nb");
  EXPECT_EQ(metadata.get("License"), "l\nm\n  n");
  EXPECT_EQ(Metadata::parse("Requires-Python: >=3,\n <4\n").requires_python(), ">=3, <4");
}

TEST(Metadata, ALineThatIsNoHeaderBeginsTheBody) {
  const auto metadata = Metadata::parse("Name: x\nthis is text\nVersion: 2\n");
  EXPECT_EQ(metadata.name(), "x");
  EXPECT_EQ(metadata.version(), "");
  EXPECT_EQ(metadata.description(), "this is text\nVersion: 2\n");
  EXPECT_EQ(Metadata::parse("a b: c\n").fields().size(), 0U);
  EXPECT_EQ(Metadata::parse(": c\n").fields().size(), 0U);
  EXPECT_EQ(Metadata::parse(" starts folded\nName: x\n").name(), "");
}

TEST(Metadata, StrangeBytesAreKept) {
  EXPECT_EQ(Metadata::parse("\xEF\xBB\xBFName: x").name(), "x");
  EXPECT_EQ(Metadata::parse("Author: Andr\xe9\n").get("author"), "Andr\xe9");
  EXPECT_EQ(Metadata::parse(std::string_view("Name: a\0b\n", 10)).name(), std::string_view("a\0b", 3));
  EXPECT_EQ(Metadata::parse("").fields().size(), 0U);
  EXPECT_EQ(Metadata::parse("Name:\n").name(), "");
  EXPECT_EQ(Metadata::parse("Name: UNKNOWN\n").name(), "");
}

TEST(Metadata, TheFirstOfTwoCounts) {
  const auto metadata = Metadata::parse("Name: a\nName: b\n");
  EXPECT_EQ(metadata.name(), "a");
  EXPECT_EQ(metadata.count("name"), 2U);
}

}  // namespace
}  // namespace bodega::pypi
