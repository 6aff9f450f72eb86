#include "pypi/format/page_json_parse.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "pypi/format/test_pages.h"

namespace bodega::pypi {
namespace {

Url base() { return *Url::parse("https://index.test/simple/foo/"); }

Result<ProjectPage> parse(std::string_view body, std::string_view name = "foo") { return parse_json_page(body, base(), name); }

// A page with one file whose members are given.
std::string one(const std::string& members) {
  return "{\"meta\":{\"api-version\":\"1.1\"},\"name\":\"foo\",\"files\":[{" + members + "}]}";
}

PageFile file(const std::string& members) {
  const auto page = parse(one("\"filename\":\"foo-1.zip\",\"url\":\"https://files.test/foo-1.zip\"," + members));
  EXPECT_TRUE(page && page->files.size() == 1) << members;
  return page && page->files.size() == 1 ? page->files[0] : PageFile{};
}

const std::string kSha(64, 'a');

TEST(PageJsonParse, ReadsARealPage) {
  const auto page = parse(read_test_data("pages/sampleproject/simple.json"), "sampleproject");
  ASSERT_TRUE(page) << page.error().describe();
  EXPECT_EQ(page->name, "sampleproject");
  EXPECT_EQ(page->last_serial, 25862117U);
  EXPECT_EQ(page->api_version, "1.4");
  ASSERT_FALSE(page->files.empty());
  const PageFile& first = page->files[0];
  EXPECT_EQ(first.filename, "sampleproject-1.2.0-py2.py3-none-any.whl");
  EXPECT_EQ(first.url,
            "https://files.test/packages/30/52/547eb3719d0e872bdd6fe3ab60cef92596f95262e925e1943f68f840df88/"
            "sampleproject-1.2.0-py2.py3-none-any.whl");
  EXPECT_EQ(*first.sha256(), "7a7a8b91086deccc54cac8d631e33f6a0e232ce5775c6be3dc44f86c2154019d");
  EXPECT_TRUE(first.core_metadata.offered);
  EXPECT_EQ(first.core_metadata.hashes.at(0).hex, "4ace0d4d7412a2a828a71bdfe4b83f3c2f6d24e0c8293f80ce294917e0fd56d3");
  EXPECT_EQ(first.size, 3795U);
  EXPECT_EQ(first.upload_time, "2015-06-14T14:38:05.875222Z");
  EXPECT_FALSE(first.requires_python);
  EXPECT_FALSE(first.provenance);
  EXPECT_FALSE(first.yanked);
  EXPECT_TRUE(page->files.back().provenance);
}

TEST(PageJsonParse, ReadsOddAndQuarantinedPages) {
  const auto odd = parse(read_test_data("pages/origin-odd/simple.json"), "origin-odd");
  ASSERT_TRUE(odd);
  EXPECT_EQ(odd->files.size(), 8U);
  EXPECT_EQ(odd->files[1].yanked, "broken & \"odd\" <zip> \xe2\x80\x93 d\xc3\xa9j\xc3\xa0 vu");
  EXPECT_EQ(odd->files[7].yanked, "");
  const auto quarantined = parse(read_test_data("pages/origin-quarantined/simple.json"), "origin-quarantined");
  ASSERT_TRUE(quarantined);
  EXPECT_TRUE(quarantined->quarantined());
  EXPECT_EQ(quarantined->status->reason, "Reported as malware.");
}

TEST(PageJsonParse, WrongTypedOptionalKeysAreDropped) {
  EXPECT_EQ(file("\"size\":\"12\"").size, std::nullopt);
  EXPECT_EQ(file("\"size\":-1").size, std::nullopt);
  EXPECT_EQ(file("\"size\":1.5").size, std::nullopt);
  EXPECT_EQ(file("\"size\":18446744073709551615").size, 18446744073709551615ULL);
  EXPECT_EQ(file("\"requires-python\":3").requires_python, std::nullopt);
  EXPECT_EQ(file("\"requires-python\":null").requires_python, std::nullopt);
  EXPECT_EQ(file("\"requires-python\":\"\"").requires_python, "");
  EXPECT_EQ(file("\"upload-time\":\"yesterday\"").upload_time, "");
  EXPECT_EQ(file("\"upload-time\":\"2024-01-02T03:04:05+00:00\"").upload_time, "2024-01-02T03:04:05Z");
  EXPECT_EQ(file("\"provenance\":\"ftp://x/y\"").provenance, std::nullopt);
  EXPECT_EQ(file("\"provenance\":\"https://x/\\\"onclick\"").provenance, std::nullopt);
  EXPECT_EQ(file("\"gpg-sig\":\"yes\"").gpg_sig, std::nullopt);
  EXPECT_EQ(file("\"gpg-sig\":false").gpg_sig, false);
  EXPECT_EQ(file("\"hashes\":[]").hashes.size(), 0U);
  EXPECT_EQ(file("\"hashes\":{\"md5\":\"zz\",\"sha1\":\"aa\"}").hashes, (std::vector<Hash>{{"sha1", "aa"}}));
  EXPECT_EQ(file("\"unknown\":{\"deep\":[1,2,{}]}").filename, "foo-1.zip");
}

TEST(PageJsonParse, YankedIsTrueOrAReason) {
  EXPECT_EQ(file("\"yanked\":true").yanked, "");
  EXPECT_EQ(file("\"yanked\":\"why\"").yanked, "why");
  EXPECT_EQ(file("\"yanked\":\"\"").yanked, std::nullopt);
  EXPECT_EQ(file("\"yanked\":false").yanked, std::nullopt);
  EXPECT_EQ(file("\"yanked\":1").yanked, std::nullopt);
}

TEST(PageJsonParse, CoreMetadataIsPreferredToItsOlderNames) {
  const std::string hash = "{\"sha256\":\"" + kSha + "\"}";
  EXPECT_EQ(file("\"core-metadata\":true").core_metadata, (CoreMetadata{true, {}}));
  EXPECT_EQ(file("\"core-metadata\":" + hash).core_metadata, (CoreMetadata{true, {{"sha256", kSha}}}));
  EXPECT_EQ(file("\"dist-info-metadata\":" + hash).core_metadata, (CoreMetadata{true, {{"sha256", kSha}}}));
  EXPECT_EQ(file("\"data-dist-info-metadata\":true").core_metadata, (CoreMetadata{true, {}}));
  EXPECT_EQ(file("\"core-metadata\":false,\"dist-info-metadata\":" + hash).core_metadata, CoreMetadata{});
  EXPECT_EQ(file("\"dist-info-metadata\":true,\"core-metadata\":" + hash).core_metadata, (CoreMetadata{true, {{"sha256", kSha}}}));
  EXPECT_EQ(file("\"core-metadata\":{}").core_metadata, CoreMetadata{});
  EXPECT_EQ(file("\"core-metadata\":{\"sha256\":\"short\"}").core_metadata.offered, false);
}

TEST(PageJsonParse, FilesThatCannotBeTrustedAreLeftOut) {
  const std::string url = "\"url\":\"https://files.test/f.zip\"";
  for (const std::string& members :
       {std::string("\"filename\":\"foo-1.zip\""), url, std::string("\"filename\":5,") + url, "\"filename\":\"../foo-1.zip\"," + url,
        "\"filename\":\"a/b.zip\"," + url, "\"filename\":\"a\\u0000b.zip\"," + url, "\"filename\":\"a\\\\b.zip\"," + url,
        "\"filename\":\"\"," + url, std::string("\"filename\":\"f.zip\",\"url\":\"ftp://files.test/f.zip\""),
        std::string("\"filename\":\"f.zip\",\"url\":\"javascript:x\""), std::string("\"filename\":\"f.zip\",\"url\":\"\""),
        "\"filename\":\"f.zip\"," + url + ",\"hashes\":{\"sha256\":\"abc\"}"}) {
    const auto page = parse(one(members));
    ASSERT_TRUE(page) << members;
    EXPECT_EQ(page->files.size(), 0U) << members;
  }
  const auto mixed = parse("{\"name\":\"foo\",\"files\":[1,null,[],{\"filename\":\"f.zip\"," + url + "}]}");
  ASSERT_TRUE(mixed);
  EXPECT_EQ(mixed->files.size(), 1U);
}

TEST(PageJsonParse, RelativeUrlsAreResolvedAgainstThePage) {
  const std::pair<const char*, const char*> cases[] = {
      {"../../packages/f.zip", "https://index.test/packages/f.zip"},
      {"f.zip", "https://index.test/simple/foo/f.zip"},
      {"/f.zip", "https://index.test/f.zip"},
      {"//cdn.test/f.zip", "https://cdn.test/f.zip"},
      {"HTTPS://CDN.test/f.zip", "https://cdn.test/f.zip"},
      {"https://cdn.test:443/f.zip", "https://cdn.test/f.zip"},
      {"https://cdn.test:8443/f.zip#sha256=abc", "https://cdn.test:8443/f.zip"},
      {"https://user:secret@cdn.test/f.zip", "https://cdn.test/f.zip"},
      {"https://cdn.test/a/../f.zip", "https://cdn.test/f.zip"},
      {"https://cdn.test/a b/f\xc3\xa9.zip", "https://cdn.test/a%20b/f%C3%A9.zip"},
      {"https://cdn.test/f.zip?token=1", "https://cdn.test/f.zip?token=1"},
      {"https://cdn.test/f%2B1.zip", "https://cdn.test/f%2B1.zip"},
      {"f+1.zip", "https://index.test/simple/foo/f+1.zip"},
  };
  for (const auto& [url, want] : cases) {
    const auto page = parse(one("\"filename\":\"f.zip\",\"url\":\"" + std::string(url) + "\""));
    ASSERT_TRUE(page && page->files.size() == 1) << url;
    EXPECT_EQ(page->files[0].url, want);
  }
}

TEST(PageJsonParse, PageOfAnotherProjectIsRefused) {
  const auto page = parse("{\"name\":\"evil\",\"files\":[]}");
  ASSERT_FALSE(page);
  EXPECT_EQ(page.error().code, Code::invalid);
  EXPECT_TRUE(parse("{\"name\":\"FOO\",\"files\":[]}"));
  EXPECT_TRUE(parse_json_page("{\"name\":\"Foo._bar\",\"files\":[]}", base(), "foo-bar"));
}

TEST(PageJsonParse, OnlyApiVersionOneIsKnown) {
  for (const char* version : {"1", "1.0", "1.4", "1.99"})
    EXPECT_TRUE(parse("{\"meta\":{\"api-version\":\"" + std::string(version) + "\"}}")) << version;
  for (const char* version : {"2.0", "0.9", "10.0", "1.x", "one"})
    EXPECT_FALSE(parse("{\"meta\":{\"api-version\":\"" + std::string(version) + "\"}}")) << version;
  EXPECT_TRUE(parse("{\"files\":[]}"));
}

TEST(PageJsonParse, WhatIsNoJsonIsInvalid) {
  const std::string deep = "{\"files\":" + std::string(5000, '[') + std::string(5000, ']') + "}";
  for (const std::string& body :
       {std::string(), std::string("[]"), std::string("{"), std::string("null"), std::string("{\"name\":\"foo\"} x"),
        std::string("{\"name\":\"fo\no\"}"), std::string("{\"name\":\"\xff\"}"), std::string("<html>"), std::string("{\"a\":1,}"), deep,
        std::string(100000, '{')}) {
    const auto page = parse(body);
    ASSERT_FALSE(page) << body.substr(0, 40);
    EXPECT_EQ(page.error().code, Code::invalid);
  }
}

TEST(PageJsonParse, StatusMayStandInMeta) {
  const auto page = parse("{\"meta\":{\"api-version\":\"1.4\",\"project-status\":{\"status\":\"archived\"}}}");
  ASSERT_TRUE(page && page->status);
  EXPECT_EQ(page->status->status, "archived");
  EXPECT_FALSE(parse("{\"project-status\":{\"status\":\"<b>\"}}")->status);
  EXPECT_FALSE(parse("{\"project-status\":\"archived\"}")->status);
}

TEST(PageJsonParse, DuplicateKeysDoNotAddUp) {
  const auto page =
      parse(R"({"files":[{"filename":"a.zip","url":"https://h/a.zip"}],"files":[{"filename":"b.zip","url":"https://h/b.zip"}]})");
  ASSERT_TRUE(page);
  ASSERT_EQ(page->files.size(), 1U);
  EXPECT_EQ(page->files[0].filename, "b.zip");
}

TEST(PageJsonParse, TheLastOfDuplicateKeysCountsAlsoWhenItIsEmpty) {
  const auto page = parse(R"({"files":[{"filename":"a.zip","url":"https://h/a.zip"}],"files":[]})");
  ASSERT_TRUE(page);
  EXPECT_TRUE(page->files.empty());
}

// More text than is read at once.
std::string large_page(int files) {
  std::string text = "\xEF\xBB\xBF{\"files\":[";
  for (int i = 0; i < files; ++i) {
    const std::string name = "foo-" + std::to_string(i) + ".zip";
    text += (i == 0 ? "" : ",");
    text += R"({"filename":")" + name + R"(","url":"https://h/)" + name + R"(","yanked":"a \"b\", [c] {","hashes":{"sha256":")" + kSha +
            R"("}})";
  }
  return text + R"(],"meta":{"_last-serial":7},"name":"foo"})";
}

TEST(PageJsonParse, APageIsReadInPiecesAsItIsInOne) {
  constexpr int kFiles = 2000;
  const std::string text = large_page(kFiles);
  const auto whole = parse(text);
  ASSERT_TRUE(whole) << whole.error().describe();
  ASSERT_EQ(whole->files.size(), static_cast<std::size_t>(kFiles));
  EXPECT_EQ(whole->files.back().filename, "foo-1999.zip");
  EXPECT_EQ(whole->files.back().yanked, "a \"b\", [c] {");
  EXPECT_EQ(whole->last_serial, 7U);
  for (const std::size_t step : {1U, 7U, 4096U, 100000U, 131072U}) {
    JsonPageReader reader(base(), "foo");
    for (std::string_view rest = text; !rest.empty(); rest.remove_prefix(std::min(step, rest.size())))
      ASSERT_TRUE(reader.feed(rest.substr(0, step)));
    const auto page = reader.finish();
    ASSERT_TRUE(page) << step;
    EXPECT_TRUE(*page == *whole) << step;
  }
}

TEST(PageJsonParse, AByteThatBreaksALargePageIsFoundWhereverItIs) {
  const std::string text = large_page(1000);
  for (std::size_t at = 3; at < text.size(); at += text.size() / 50) {
    std::string broken = text;
    broken[at] = '\x01';
    EXPECT_FALSE(parse(broken)) << at;
    EXPECT_FALSE(parse(std::string_view(text).substr(0, at))) << at;
  }
  std::string trailing = text;
  trailing.replace(trailing.find("],\"meta"), 1, ",]");
  EXPECT_FALSE(parse(trailing));
}

TEST(PageJsonParse, JsonIsRecognisedByItsBeginning) {
  EXPECT_TRUE(looks_like_json("{\"meta\""));
  EXPECT_TRUE(looks_like_json(" \r\n{"));
  EXPECT_TRUE(looks_like_json("\xEF\xBB\xBF{"));
  EXPECT_FALSE(looks_like_json("<!DOCTYPE html>"));
  EXPECT_FALSE(looks_like_json(""));
}

}  // namespace
}  // namespace bodega::pypi
