#include "web/html.h"

#include <gtest/gtest.h>

namespace bodega::web {
namespace {

std::string made(Html html) { return std::move(html).markup().take(); }

TEST(Html, EscapesTextAndAttributes) {
  Html html;
  html.open("a", {{"href", "/x?a=1&b=\"2\""}, {"title", "<i>'"}}).text("<script>alert(1)</script>").close("a");
  EXPECT_EQ(made(std::move(html)),
            "<a href=\"/x?a=1&amp;b=&quot;2&quot;\" title=\"&lt;i&gt;&#39;\">&lt;script&gt;alert(1)&lt;/script&gt;</a>");
}

TEST(Html, TakesOnlyMarkupAsItStands) {
  Html html;
  html.raw(Markup("<b>x</b>"));
  EXPECT_EQ(made(std::move(html)), "<b>x</b>");
}

TEST(Html, ReplacesBytesThatAreNoUtf8AndDropsControls) {
  Html html;
  html.text(
      "a\xff\xc3\xa4\x00z\x1b<\xf0\x9f"
      "b");
  html.text(std::string("\0q", 2));
  EXPECT_EQ(made(std::move(html)), "a\xef\xbf\xbd\xc3\xa4q");
}

TEST(Html, LeavesOutAbsentAttributesAndWritesFlags) {
  Html html;
  html.leaf("input", {{"value", "x", false}, flag("checked", true), flag("disabled", false), {"name", ""}});
  EXPECT_EQ(made(std::move(html)), "<input checked name=\"\">");
}

TEST(Html, AScriptIsNoAddress) {
  for (const auto* address : {"javascript:alert(1)", " JavaScript:alert(1)", "java\nscript:alert(1)", "data:text/html,x", "vbscript:x",
                              "\x01javascript:alert(1)", "javascript&colon;:x", "file:///etc/passwd"}) {
    EXPECT_FALSE(is_harmless_address(address)) << address;
    Html html;
    html.link(address, "x");
    EXPECT_EQ(made(std::move(html)), "<a href=\"#\">x</a>");
  }
  for (const auto* address : {"/a:b", "https://x/", "HTTP://x", "mailto:a@b", "../x", "?a=javascript:x", "#x", "", "x/y:z"}) {
    EXPECT_TRUE(is_harmless_address(address)) << address;
  }
}

}  // namespace
}  // namespace bodega::web
