#include "pypi/format/page_html_parse.h"

#include <gtest/gtest.h>

#include <chrono>

#include "pypi/format/page_json_parse.h"
#include "pypi/format/test_pages.h"

namespace bodega::pypi {
namespace {

Url base() { return *Url::parse("https://index.test/simple/foo/"); }

Result<ProjectPage> parse(std::string_view body, std::string_view name = "foo") { return parse_html_page(body, base(), name); }

std::vector<PageFile> files(const std::string& body) {
  const auto page = parse("<h1>Links for foo</h1>" + body);
  EXPECT_TRUE(page) << body;
  return page ? page->files : std::vector<PageFile>{};
}

PageFile one(const std::string& attributes) {
  const auto found = files("<a href=\"https://h/foo-1.zip\" " + attributes + ">foo-1.zip</a>");
  EXPECT_EQ(found.size(), 1U) << attributes;
  return found.empty() ? PageFile{} : found[0];
}

const std::string kSha(64, 'a');

TEST(PageHtmlParse, RealPagesSayWhatTheirJsonSays) {
  for (const std::string name : {"six", "sampleproject", "origin-odd", "origin-quarantined"}) {
    const auto html = parse(read_test_data("pages/" + name + "/simple.html"), name);
    auto json = parse_json_page(read_test_data("pages/" + name + "/simple.json"), base(), name);
    ASSERT_TRUE(html && json) << name;
    json->versions.clear();
    for (auto& file : json->files) {
      file.size.reset();
      file.upload_time.clear();
    }
    EXPECT_EQ(*html, *json) << name;
  }
}

TEST(PageHtmlParse, PlainMirrorWithAnAttributeOfItsOwn) {
  const auto page = parse(read_test_data("pages/mirror-requests/simple.html"), "requests");
  ASSERT_TRUE(page);
  ASSERT_EQ(page->files.size(), 10U);
  EXPECT_EQ(page->files[0].filename, "requests-0.10.0.tar.gz");
  EXPECT_EQ(page->files[0].upload_time, "2012-01-22T05:08:17.091441Z");
  EXPECT_EQ(page->api_version, "");
}

TEST(PageHtmlParse, AttributesInAnyQuoting) {
  EXPECT_EQ(one("data-requires-python='&gt;=3.8'").requires_python, ">=3.8");
  EXPECT_EQ(one("data-requires-python=\">=3.8, <4\"").requires_python, ">=3.8, <4");
  EXPECT_EQ(one("DATA-REQUIRES-PYTHON=3").requires_python, "3");
  EXPECT_EQ(one("data-yanked").yanked, "");
  EXPECT_EQ(one("data-yanked=\"why &amp; how\"").yanked, "why & how");
  EXPECT_EQ(one("").yanked, std::nullopt);
  EXPECT_EQ(one("data-gpg-sig=\"true\"").gpg_sig, true);
  EXPECT_EQ(one("data-gpg-sig=\"perhaps\"").gpg_sig, std::nullopt);
  EXPECT_EQ(one("data-provenance=\"https://h/p\"").provenance, "https://h/p");
  EXPECT_EQ(one("data-provenance=\"javascript:x\"").provenance, std::nullopt);
}

TEST(PageHtmlParse, CoreMetadataIsPreferredToItsOlderName) {
  const CoreMetadata hashed{true, {{"sha256", kSha}}};
  EXPECT_EQ(one("data-core-metadata=\"sha256=" + kSha + "\"").core_metadata, hashed);
  EXPECT_EQ(one("data-dist-info-metadata=\"sha256=" + kSha + "\"").core_metadata, hashed);
  EXPECT_EQ(one("data-dist-info-metadata=\"true\" data-core-metadata=\"sha256=" + kSha + "\"").core_metadata, hashed);
  EXPECT_EQ(one("data-core-metadata=\"true\"").core_metadata, (CoreMetadata{true, {}}));
  EXPECT_EQ(one("data-core-metadata=\"false\"").core_metadata, CoreMetadata{});
  EXPECT_EQ(one("data-core-metadata=\"sha256=xyz\"").core_metadata, CoreMetadata{});
}

TEST(PageHtmlParse, HashFragments) {
  EXPECT_EQ(files("<a href=\"foo-1.zip#sha256=" + kSha + "\">foo-1.zip</a>")[0].hashes, (std::vector<Hash>{{"sha256", kSha}}));
  EXPECT_EQ(files("<a href=\"foo-1.zip#md5=0123456789abcdef0123456789abcdef&egg=foo\">f</a>")[0].hashes,
            (std::vector<Hash>{{"md5", "0123456789abcdef0123456789abcdef"}}));
  EXPECT_EQ(files("<a href=\"foo-1.zip#egg=fade\">f</a>")[0].hashes.size(), 0U);
  EXPECT_EQ(files("<a href=\"foo-1.zip#sha256=abc\">foo-1.zip</a>").size(), 0U);
  EXPECT_EQ(files("<a href=\"foo-1.zip#sha256=wxyz\">foo-1.zip</a>").size(), 0U);
  EXPECT_EQ(files("<a href=\"foo-1.zip#sha256=" + kSha + "0\">foo-1.zip</a>").size(), 0U);
  EXPECT_EQ(files("<a href=\"foo-1.zip#sha256=abcd\">foo-1.zip</a>")[0].hashes, (std::vector<Hash>{{"sha256", "abcd"}}));
  EXPECT_EQ(one("data-core-metadata=\"sha256=abcd\"").core_metadata, CoreMetadata{});
}

TEST(PageHtmlParse, OfTwoAnchorsTheHashedOneWins) {
  const std::string plain = "<a href=\"https://a/foo-1.zip\">foo-1.zip</a>";
  const std::string hashed = "<a href=\"https://b/foo-1.zip#sha256=" + kSha + "\">foo-1.zip</a>";
  const std::string other = "<a href=\"https://c/foo-1.zip#sha256=" + std::string(64, 'c') + "\">foo-1.zip</a>";
  for (const auto& body : {plain + hashed, hashed + plain, plain + hashed + other, hashed + other}) {
    const auto found = files(body);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].url, "https://b/foo-1.zip");
  }
}

TEST(PageHtmlParse, OtherAnchorsAreLeftOut) {
  const auto found = files(
      "<a href=\"../\">Parent</a><a href=\"foo-1.zip.asc\">x</a><a href=\"bar-1.zip\">bar-1.zip</a><a>foo-2.zip</a><a "
      "href=\"ftp://h/foo-3.zip\">x</a>"
      "<a href=\"https://h/download?file=x\">foo-4.zip</a><a href=\"foo-5.zip\">foo-5..&gt;</a><a href=\"?C=M;O=A\">Last modified</a>"
      "<!-- <a href=\"foo-6.zip\">x</a> --><script>'<a href=\"foo-7.zip\">x</a>'</script><a href=\"x%2Ffoo-8.zip\">foo-8.zip</a><a "
      "href=\"foo-9%00.zip\">y</a>");
  std::vector<std::string> names;
  for (const auto& file : found) names.push_back(file.filename);
  EXPECT_EQ(names, (std::vector<std::string>{"foo-4.zip", "foo-5.zip", "foo-8.zip"}));
}

TEST(PageHtmlParse, BaseAndRelativeLinks) {
  EXPECT_EQ(files("<a href=\"../../packages/foo-1.zip\">x</a>")[0].url, "https://index.test/packages/foo-1.zip");
  EXPECT_EQ(files("<base href=\"https://cdn.test/a/\"><base href=\"https://evil.test/\"><a href=\"foo-1.zip\">x</a>")[0].url,
            "https://cdn.test/a/foo-1.zip");
  EXPECT_EQ(files("<base href=\"sub/\"><a href=\"foo-1.zip\">x</a>")[0].url, "https://index.test/simple/foo/sub/foo-1.zip");
  EXPECT_EQ(files("<base href=\"javascript:x\"><a href=\" foo-1.zip \">x</a>")[0].url, "https://index.test/simple/foo/foo-1.zip");
  EXPECT_EQ(files("<a href=\"foo-1.0%2Bcpu.zip\">x</a>")[0].filename, "foo-1.0+cpu.zip");
  EXPECT_EQ(files("<a href=\"foo-1.0%2Bcpu.zip\">x</a>")[0].url, "https://index.test/simple/foo/foo-1.0%2Bcpu.zip");
  EXPECT_EQ(files("<a href=\"https://h/foo-1.zip?a=1&amp;b=2\">x</a>")[0].url, "https://h/foo-1.zip?a=1&b=2");
}

TEST(PageHtmlParse, AnchorsNeedNotBeClosed) {
  EXPECT_EQ(files("<a href=foo-1.zip>foo-1.zip<a href=foo-2.zip>foo-2.zip<br>").size(), 2U);
  EXPECT_EQ(files("<A HREF=foo-1.zip><b>foo-1.zip</b></A>").size(), 1U);
}

TEST(PageHtmlParse, OnlyRepositoryVersionOneIsKnown) {
  EXPECT_TRUE(parse("<meta name=\"pypi:repository-version\" content=\"1.0\">"));
  const auto page = parse("<meta name=\"pypi:repository-version\" content=\"2.0\">");
  ASSERT_FALSE(page);
  EXPECT_EQ(page.error().code, Code::invalid);
}

TEST(PageHtmlParse, StatusAndSerial) {
  const auto page = parse(
      "<meta name=pypi:repository-version content=1.4><meta name=pypi:project-status-reason content='a &lt; b'><meta "
      "name=pypi:project-status content=deprecated><!--SERIAL 42-->");
  ASSERT_TRUE(page);
  EXPECT_EQ(page->status, (ProjectStatus{"deprecated", "a < b"}));
  EXPECT_EQ(page->last_serial, 42U);
}

TEST(PageHtmlParse, AnAnswerThatIsNoIndexIsNotAnEmptyProject) {
  EXPECT_FALSE(parse("<html><form action=login>Please sign in</form></html>"));
  EXPECT_FALSE(parse(""));
  EXPECT_FALSE(parse("just text"));
  EXPECT_TRUE(parse("<html><head><title>Links for foo</title></head><body></body></html>"));
  EXPECT_TRUE(parse("<h1>Index of /foo/</h1><a href='../'>..</a>"));
}

TEST(PageHtmlParse, HostileInputTakesLinearTime) {
  const std::string bodies[] = {std::string(3000000, '<'),
                                "<a href=\"" + std::string(3000000, '"'),
                                std::string("<!--") + std::string(3000000, '-'),
                                std::string(3000000, '&'),
                                [] {
                                  std::string many;
                                  for (int i = 0; i < 300000; ++i) many += "<a href=x ";
                                  return many;
                                }(),
                                [] {
                                  std::string many = "<script>";
                                  for (int i = 0; i < 300000; ++i) many += "</scrip<";
                                  return many;
                                }()};
  const auto start = std::chrono::steady_clock::now();
  for (const auto& body : bodies) (void)parse(body);
  // Quadratic behaviour over 3 MB would take hours; a slow machine with sanitizers takes seconds.
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(30));
}

}  // namespace
}  // namespace bodega::pypi
