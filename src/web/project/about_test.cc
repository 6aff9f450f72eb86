#include "web/project/about.h"

#include <gtest/gtest.h>

namespace bodega::web {
namespace {

TEST(About, ReadsAMetadataFile) {
  const About about = about_of_metadata(
      "Metadata-Version: 2.4\nName: foo\nVersion: 1.0\nSummary: Foos things\nAuthor-email: \"Kim K\" <kim@a.test>, x@b.test\n"
      "License-Expression: MIT\nKeywords: a, b\nHome-page: UNKNOWN\nProject-URL: Source, https://s.test\nProject-URL: Again, "
      "https://s.test\n"
      "Classifier: Topic :: Utilities\nRequires-Python: >=3.9\nRequires-Dist: Bar_Baz[x]>=1; python_version<\"3.10\"\n"
      "Requires-Dist: pytest ; extra == 'test'\nRequires-Dist: ???\nDescription-Content-Type: text/markdown\n\n# Foo\n");
  EXPECT_EQ(about.summary, "Foos things");
  EXPECT_EQ(about.author, "Kim K, x@b.test");
  EXPECT_EQ(about.licence, "MIT");
  EXPECT_EQ(about.keywords, (std::vector<std::string>{"a", "b"}));
  ASSERT_EQ(about.links.size(), 1U);
  EXPECT_EQ(about.links[0].first, "Source");
  EXPECT_EQ(about.requires_python, ">=3.9");
  EXPECT_EQ(about.description, "# Foo\n");
  EXPECT_EQ(about.description_type, "text/markdown");
  ASSERT_EQ(about.dependencies.size(), 2U);
  EXPECT_EQ(about.dependencies[0].extra, "");
  ASSERT_EQ(about.dependencies[0].needs.size(), 2U);
  EXPECT_EQ(about.dependencies[0].needs[0].name, "bar-baz");
  EXPECT_EQ(about.dependencies[0].needs[0].text, "[x]>=1; python_version<\"3.10\"");
  EXPECT_EQ(about.dependencies[0].needs[1].name, "");
  EXPECT_EQ(about.dependencies[0].needs[1].text, "???");
  EXPECT_EQ(about.dependencies[1].extra, "test");
}

TEST(About, TakesTheLicenceFromWhereItIs) {
  const auto licence = [](const char* json) { return about_of(*pypi::Json::parse(json)).licence; };
  EXPECT_EQ(licence(R"({"license": "BSD\n\nRedistribution and use"})"), "BSD");
  EXPECT_EQ(licence(R"({"license": "", "classifiers": ["License :: OSI Approved :: MIT License", "X :: Y"]})"), "MIT License");
  EXPECT_EQ(licence(R"({"license": "x", "license_expression": "Apache-2.0"})"), "Apache-2.0");
  EXPECT_EQ(licence("{}"), "");
}

TEST(About, OfWhatIsOddIsWhatCanBeRead) {
  const About about =
      about_of(*pypi::Json::parse(R"({"summary": 5, "classifiers": "one", "project_urls": [1, "no comma"], "keywords": "a b"})"));
  EXPECT_EQ(about.summary, "");
  EXPECT_EQ(about.classifiers, std::vector<std::string>{"one"});
  EXPECT_TRUE(about.links.empty());
  EXPECT_EQ(about.keywords.size(), 2U);
}

}  // namespace
}  // namespace bodega::web
