#include "pypi/format/file_url.h"

#include <gtest/gtest.h>

namespace bodega::pypi {
namespace {

std::string resolve(std::string_view reference, std::string_view base = "https://index.test/simple/foo/") {
  return absolute_file_url(*Url::parse(base), reference).value_or("(none)");
}

TEST(FileUrl, EscapesAreNeverChanged) {
  EXPECT_EQ(resolve("/whl/cu118/torch-2.0.1%2Bcu118-cp310-none-any.whl"),
            "https://index.test/whl/cu118/torch-2.0.1%2Bcu118-cp310-none-any.whl");
  EXPECT_EQ(resolve("https://cdn.test/a%2fb%2B.whl"), "https://cdn.test/a%2fb%2B.whl");
  EXPECT_EQ(resolve("torch+cpu.whl"), "https://index.test/simple/foo/torch+cpu.whl");
}

TEST(FileUrl, ReferencesFollowRfc3986) {
  // The examples of RFC 3986 section 5.4 that can be a file's URL.
  const char* base = "http://a/b/c/d;p?q";
  const std::pair<const char*, const char*> cases[] = {
      {"g", "http://a/b/c/g"},      {"./g", "http://a/b/c/g"},    {"g/", "http://a/b/c/g/"},     {"/g", "http://a/g"},
      {"//g", "http://g/"},         {"?y", "http://a/b/c/d;p?y"}, {"g?y", "http://a/b/c/g?y"},   {";x", "http://a/b/c/;x"},
      {".", "http://a/b/c/"},       {"./", "http://a/b/c/"},      {"..", "http://a/b/"},         {"../g", "http://a/b/g"},
      {"../..", "http://a/"},       {"../../g", "http://a/g"},    {"../../../g", "http://a/g"},  {"../../../../g", "http://a/g"},
      {"/./g", "http://a/g"},       {"/../g", "http://a/g"},      {"g.", "http://a/b/c/g."},     {".g", "http://a/b/c/.g"},
      {"g..", "http://a/b/c/g.."},  {"./../g", "http://a/b/g"},   {"g/./h", "http://a/b/c/g/h"}, {"g/../h", "http://a/b/c/h"},
      {"http://x/y", "http://x/y"},
  };
  for (const auto& [reference, want] : cases) EXPECT_EQ(resolve(reference, base), want) << reference;
}

TEST(FileUrl, OnlyHttpAndOnlyUrls) {
  for (const char* reference : {"", "#x", "ftp://h/f", "file:///etc/passwd", "javascript:alert(1)", "data:,x", "https://", "https:///f",
                                "http://h:0/f", "http://h:99999/f", "http://[::1/f", "https://h/%zz", "https://h\x01/f",
                                "https://h\xc3\xa9/f", "https://a|b/f", "https://a%2fb/f", "https://a%3a80/f/..//"}) {
    EXPECT_EQ(resolve(reference), "(none)") << reference;
  }
  EXPECT_EQ(resolve("https://[::1]:8080/f"), "https://[::1]:8080/f");
}

TEST(FileUrl, ForbiddenCharactersAreEncoded) {
  EXPECT_EQ(resolve("a b\"<>.zip"), "https://index.test/simple/foo/a%20b%22%3C%3E.zip");
  EXPECT_EQ(resolve("https://h/\xc3\xa9\\.zip"), "https://h/%C3%A9%5C.zip");
}

}  // namespace
}  // namespace bodega::pypi
