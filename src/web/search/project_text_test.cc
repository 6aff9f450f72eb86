#include "web/search/project_text.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "web/search/html_text.h"

namespace bodega::web {
namespace {

TEST(HtmlTextOf, LeavesOutMarkupScriptsAndNavigation) {
  const auto page = read_html_text(
      "<html><head><title>A &amp; B</title><style>p { color: red }</style></head><body><nav>Home Next</nav>"
      "<p>Some <b>words</b>,\n folded.</p><script>evil()</script><footer>Imprint</footer></body></html>",
      1000);
  EXPECT_EQ(page.title, "A & B");
  EXPECT_EQ(page.text, "Some words , folded.");
}

TEST(HtmlTextOf, APageWithoutEndsHasItsText) {
  EXPECT_EQ(read_html_text("<nav>all of it is here", 1000).text, "all of it is here");
  EXPECT_EQ(read_html_text("", 1000).text, "");
  EXPECT_EQ(read_html_text("just text", 4).text, "just");
  EXPECT_TRUE(is_utf8(read_html_text("gr\xc3\xbc\xc3\xbc", 3).text));
  EXPECT_TRUE(is_utf8(read_html_text("\xff\xfe<p>\x80", 100).text));
}

HostedFacts facts_of(const std::string& metadata) {
  return choose_facts(
      {"alice/dev", "web-tools", "Web_Tools"},
      {{"alice/dev", "web-tools", "1.0", "{}"}, {"alice/dev", "web-tools", "1.10", metadata}, {"alice/dev", "web-tools", "1.9", "{}"}}, {},
      {});
}

TEST(HostedText, IsTheNewestReleases) {
  const auto text =
      hosted_text(facts_of(R"({"summary": "Sum", "keywords": "a,b", "author": "UNKNOWN", "author_email": "x@y", "description": "Long",
    "license": "MIT", "classifiers": ["Programming Language :: Python :: 3.9"], "requires_python": ">=3.10,<3.13"})"));
  EXPECT_EQ(text.version, "1.10");
  EXPECT_EQ(text.name, "Web_Tools");
  EXPECT_EQ(text.project, "web-tools");
  EXPECT_EQ(text.summary, "Sum");
  EXPECT_EQ(text.keywords, "a,b");
  EXPECT_EQ(text.author, "");
  EXPECT_EQ(text.license, "MIT");
  EXPECT_EQ(join(text.pythons, " "), "3.9 3.10 3.11 3.12");
  EXPECT_EQ(hosted_text(facts_of("broken")).version, "1.10");
  EXPECT_EQ(hosted_text(facts_of(R"({"keywords": ["x", "y"]})")).keywords, "x, y");
}

TEST(HostedText, TheStampChangesWithWhatIsIndexed) {
  const auto one = facts_of(R"({"summary": "a"})");
  auto two = one;
  EXPECT_EQ(stamp_of(one), stamp_of(two));
  two.newest.metadata_json = R"({"summary": "b"})";
  EXPECT_NE(stamp_of(one), stamp_of(two));
  two = one;
  two.docs.emplace();
  EXPECT_NE(stamp_of(one), stamp_of(two));
}

TEST(MirroredText, TakesNameAndVersionFromThePageAndTheRestFromMetadata) {
  pypi::ProjectPage page;
  page.name = "pyyaml";
  page.versions = {"6.0", "5.1"};
  EXPECT_EQ(mirrored_text("root/pypi", page, nullptr).version, "6.0");
  const auto metadata =
      pypi::Metadata::parse("Metadata-Version: 2.1\nName: PyYAML\nVersion: 6.0\nSummary: YAML parser\nLicense: MIT\n\nbody");
  const auto text = mirrored_text("root/pypi", page, &metadata);
  EXPECT_EQ(text.name, "PyYAML");
  EXPECT_EQ(text.summary, "YAML parser");
  EXPECT_EQ(text.origin, Origin::mirrored);
}

TEST(MirroredText, TheNewestMetadataIsReadFirst) {
  pypi::ProjectPage page;
  page.name = "six";
  const auto file = [&page](const std::string& version, char digit) {
    pypi::PageFile out;
    out.filename = "six-" + version + "-py3-none-any.whl";
    out.core_metadata = {true, {{"sha256", std::string(64, digit)}}};
    page.files.push_back(out);
  };
  file("1.9", 'a');
  file("1.16", 'b');
  file("1.10", 'c');
  const auto digests = metadata_digests(page, 2);
  ASSERT_EQ(digests.size(), 2U);
  EXPECT_EQ(digests[0].hex()[0], 'b');
  EXPECT_EQ(digests[1].hex()[0], 'c');
}

}  // namespace
}  // namespace bodega::web
