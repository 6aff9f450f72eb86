#include "web/snippets.h"

#include <gtest/gtest.h>

namespace bodega::web {
namespace {

std::string all_of(const SnippetWish& wish) {
  std::string out;
  for (const auto& tool : tools_for(wish)) {
    out += tool.name + ":\n";
    for (const auto& snippet : tool.snippets) out += snippet.text + "\n";
  }
  return out;
}

TEST(Snippets, NameTheIndexForEveryTool) {
  const auto text = all_of({.base = "https://pkg.test", .key = "alice/dev"});
  for (const auto* line : {"pip install --index-url https://pkg.test/alice/dev/+simple/ PACKAGE",
                           "url = \"https://pkg.test/alice/dev/+simple/\"", "poetry source add", "pdm config pypi.url",
                           "devpi use https://pkg.test/alice/dev", "twine upload --repository-url https://pkg.test/alice/dev/",
                           "uv publish --publish-url https://pkg.test/alice/dev/", "ENV PIP_INDEX_URL=", "variables:"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line;
  }
  EXPECT_EQ(text.find("trusted-host"), std::string::npos);
}

TEST(Snippets, PipIsToldToTrustPlainHttpOfAnotherMachine) {
  EXPECT_NE(all_of({.base = "http://pkg.test:3141/sub", .key = "a/b"}).find("--trusted-host pkg.test "), std::string::npos);
  EXPECT_NE(all_of({.base = "http://[fd00::1]:3141", .key = "a/b"}).find("--trusted-host [fd00::1] "), std::string::npos);
  for (const auto* base : {"http://localhost:3141", "http://127.0.0.1:3141", "http://[::1]:3141"}) {
    EXPECT_EQ(all_of({.base = base, .key = "a/b"}).find("trusted-host"), std::string::npos) << base;
  }
}

TEST(Snippets, AMirrorTakesNoUploadsAndAPrivateIndexWantsAToken) {
  EXPECT_EQ(all_of({.base = "https://p", .key = "root/pypi", .uploads = false}).find("twine"), std::string::npos);
  const auto text = all_of({.base = "https://p", .key = "a/b", .needs_login = true, .user = "al@x"});
  EXPECT_NE(text.find("https://al%40x:TOKEN@p/a/b/+simple/"), std::string::npos);
}

}  // namespace
}  // namespace bodega::web
