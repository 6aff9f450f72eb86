#include "http/message.h"

#include <gtest/gtest.h>

namespace bodega::http {
namespace {

TEST(Headers, CompareNamesWithoutCaseAndKeepOrder) {
  Headers headers{{"Accept", "a"}, {"X", "1"}, {"accept", "b"}};
  EXPECT_EQ(headers.get("ACCEPT"), "a");
  EXPECT_EQ(headers.joined("Accept"), "a, b");
  EXPECT_EQ(headers.get("absent"), "");
  EXPECT_EQ(headers.find("absent"), nullptr);
  headers.set("aCCept", "c");
  EXPECT_EQ(headers.joined("accept"), "c");
  EXPECT_EQ(headers.all().size(), 2U);
  EXPECT_EQ(headers.all()[0].value, "c");
  headers.remove("x");
  EXPECT_FALSE(headers.has("X"));
  headers.set("New", "1");
  EXPECT_EQ(headers.get("new"), "1");
}

TEST(UserAgent, InstallersAreKnownByDevpisRule) {
  const auto installer = [](const char* agent) { return is_installer({{"User-Agent", agent}}); };
  for (const char* yes : {"pip/23.0.1 {\"ci\":null}", "uv/0.12.5", "setuptools/65", "distribute/0.6", "pex/2.1", "Python/3 pip/9",
                          "a b c uv/1", "  pip/1", "PIP/1"}) {
    EXPECT_TRUE(installer(yes)) << yes;
  }
  for (const char* no : {"", "curl/7.88", "Mozilla/5.0", "pip", "xpip/1", "pip-tools", "poetry/2.4", "(pip/1)", "uvicorn/1"}) {
    EXPECT_FALSE(installer(no)) << no;
  }
  EXPECT_FALSE(is_installer({}));
}

TEST(UserAgent, BrowsersAreKnownByFetchMetadataOriginOrName) {
  EXPECT_TRUE(is_browser({{"User-Agent", "Mozilla/5.0 (X11)"}}));
  EXPECT_TRUE(is_browser({{"Sec-Fetch-Site", "cross-site"}}));
  EXPECT_TRUE(is_browser({{"sec-fetch-anything", ""}}));
  EXPECT_TRUE(is_browser({{"Origin", "null"}}));
  EXPECT_FALSE(is_browser({{"User-Agent", "pip/1 Mozilla/5.0"}, {"Accept", "text/html"}}));
  EXPECT_FALSE(is_browser({}));
}

TEST(Reason, EveryStatusHasOne) {
  EXPECT_EQ(standard_reason(200), "OK");
  EXPECT_EQ(standard_reason(507), "Insufficient Storage");
  EXPECT_EQ(standard_reason(505), "HTTP Version Not Supported");
  EXPECT_EQ(standard_reason(299), "Unknown");
}

}  // namespace
}  // namespace bodega::http
