#include "web/sanitize.h"

#include <gtest/gtest.h>

#include "web/html_checker_for_test.h"

namespace bodega::web {
namespace {

constexpr const char* kRel = " rel=\"nofollow noopener noreferrer\"";

struct Case {
  const char* html;
  std::string made;
};

TEST(Sanitize, KeepsWhatDescriptionsAreMadeOf) {
  const Case cases[] = {
      {"<p align=\"center\">a <b>b</b> <em>c</em><br></p>", "<p align=\"center\">a <b>b</b> <em>c</em><br></p>"},
      {"<ul><li>a</li><li>b</li></ul>", "<ul><li>a</li><li>b</li></ul>"},
      {"<pre><code class=\"language-python\">x &lt; y</code></pre>", "<pre><code class=\"language-python\">x &lt; y</code></pre>"},
      {"<details open><summary>s</summary>t</details>", "<details open=\"\"><summary>s</summary>t</details>"},
      {"<table><thead><tr><th align=right>a</th></tr></thead></table>",
       "<table><thead><tr><th align=\"right\">a</th></tr></thead></table>"},
      {"<dl><dt>a</dt><dd>b</dd></dl>", "<dl><dt>a</dt><dd>b</dd></dl>"},
      {"<ol start=3><li>a</ol>", "<ol start=\"3\"><li>a</li></ol>"},
      {"&eacute; &amp;copy; a & b &nosemicolon", "&eacute; &amp;copy; a &amp; b &amp;nosemicolon"},
      {"<center>x</center>", "<div align=\"center\">x</div>"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(sanitize_html(c.html), c.made);
    EXPECT_EQ(HtmlChecker::fault_of(c.made), "") << c.html;
  }
}

TEST(Sanitize, LeavesOutTheRest) {
  const Case cases[] = {
      {"<script>x</script>a", "a"},          {"<p onclick=\"x\" style=\"y\" class=\"files\">a</p>", "<p>a</p>"},
      {"<svg><a>b</a></svg>", "<a>b</a>"},   {"<form><input name=x><button>c</button></form>", "c"},
      {"<!-- c -->d<!DOCTYPE x><?y?>", "d"}, {"a\u202Eb&#x202E;c&#0;d", "abc\uFFFDd"},
  };
  for (const auto& c : cases) EXPECT_EQ(sanitize_html(c.html), c.made) << c.html;
}

TEST(Sanitize, LinksGoToTheWebToMailAndWithinTheText) {
  const Case cases[] = {
      {"<a href=\"https://a.test/?b=1&amp;c\">x</a>", std::string("<a href=\"https://a.test/?b=1&amp;c\"") + kRel + ">x</a>"},
      {"<a href=\"HTTP://a.test\">x</a>", std::string("<a href=\"http://a.test\"") + kRel + ">x</a>"},
      {"<a href=\"//a.test/\">x</a>", std::string("<a href=\"https://a.test/\"") + kRel + ">x</a>"},
      {"<a href=\"mailto:a@b.test\">x</a>", std::string("<a href=\"mailto:a@b.test\"") + kRel + ">x</a>"},
      {"<a href=\"#A b\">x</a>", "<a href=\"#user-content-A-b\">x</a>"},
      {"<a href=\"docs/x.md\">x</a>", "<a>x</a>"},
      {"<a href=\"/+admin/x\">x</a>", "<a>x</a>"},
      {"<a href=\"java\nscript:x\">x</a>", "<a>x</a>"},
      {"<a href=\"javascript&colon;x\">x</a>", "<a>x</a>"},
      {"<a href=\"https:x\">x</a>", "<a>x</a>"},
      {"<a href=\"https:///\">x</a>", "<a>x</a>"},
      {"<a href=\"http:///a.test\">x</a>", "<a>x</a>"},
      {"<a href=\"///a.test\">x</a>", "<a>x</a>"},
      {"<a href=\"https://?a.test\">x</a>", "<a>x</a>"},
      {"<a href=\"mailto:\">x</a>", "<a>x</a>"},
      {"<a href=\"http://a.test\\@b.test\">x</a>", "<a>x</a>"},
  };
  for (const auto& c : cases) EXPECT_EQ(sanitize_html(c.html), c.made) << c.html;
}

TEST(Sanitize, ImagesBecomeLinks) {
  EXPECT_EQ(sanitize_html("<img src=\"https://a.test/i.png\" alt=\"A <b>\">"),
            std::string("<a class=\"image\" href=\"https://a.test/i.png\"") + kRel + ">A &lt;b&gt;</a>");
  EXPECT_EQ(sanitize_html("<img src=\"i.png\">"), "<span class=\"image\">image</span>");
  // A badge: the link that is around it wins.
  EXPECT_EQ(sanitize_html("<a href=\"https://ci.test\"><img src=\"https://a.test/i.svg\" alt=\"build\"></a>"),
            std::string("<a href=\"https://ci.test\"") + kRel + "><span class=\"image\">build</span></a>");
}

TEST(Sanitize, HeadingsMoveDownAndCanBeLinkedTo) {
  EXPECT_EQ(sanitize_html("<h1>How to <code>use</code> it?</h1>"),
            "<h2 id=\"user-content-how-to-use-it\">How to <code>use</code> it?</h2>");
  EXPECT_EQ(sanitize_html("<h6>a</h6><h6>a</h6>"), "<h6 id=\"user-content-a\">a</h6><h6 id=\"user-content-a-1\">a</h6>");
  EXPECT_EQ(sanitize_html("<h2 id=\"x\">a</h2>"), "<h3 id=\"user-content-x\">a</h3>");
}

TEST(Sanitize, MakesOneTreeOfWhateverComes) {
  const Case cases[] = {
      {"</div></article>a", "a"},
      {"<div><b>a</div>b", "<div><b>a</b></div>b"},
      {"<p>a<p>b", "<p>a</p><p>b</p>"},
      {"<p>a<ul>b<li>c", "<p>a</p><ul><li>b</li><li>c</li></ul>"},
      {"<li>a</li><td>b</td>", "ab"},
      {"<table>a<tr>b<td>c", "<table><tr><td>a</td></tr><tr><td>b</td><td>c</td></tr></table>"},
      {"<table><tr><td><ul><li>a</td><td>b</table>c", "<table><tr><td><ul><li>a</li></ul></td><td>b</td></tr></table>c"},
      {"<td></ul></div>x", "x"},
      {"<ul><li><table><tr><td></ul>a</table></ul>b", "<ul><li><table><tr><td>a</td></tr></table></li></ul>b"},
      {"<a><a>b</a></a>", "<a></a><a>b</a>"},
      {"<h1>a<h2>b</h3>", "<h2 id=\"user-content-ab\">ab</h2>"},
      {"<b></p></b><i></b></i>", "<b></b><i></i>"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(sanitize_html(c.html), c.made) << c.html;
    EXPECT_EQ(HtmlChecker::fault_of(c.made), "") << c.html;
  }
}

TEST(Sanitize, DepthAndSizeAreBounded) {
  std::string deep;
  for (int i = 0; i < 10'000; ++i) deep += "<div><ul>";
  EXPECT_EQ(HtmlChecker::fault_of(sanitize_html(deep)), "");
  std::string wide;
  while (wide.size() < (1U << 20U)) wide += "<hr>&<h1>a<td>";
  const std::string made = sanitize_html(wide);
  EXPECT_EQ(HtmlChecker::fault_of(made), "");
  EXPECT_LT(made.size(), (4U << 20U) + 10'000);
}

TEST(HtmlChecker, SeesWhatMustNotBe) {
  for (const char* html : {"<script></script>",
                           "<p>",
                           "</p>",
                           "<p onclick=\"x\"></p>",
                           "<a href=\"javascript:x\"></a>",
                           "<p><ul></ul></p>",
                           "a > b",
                           "&x y",
                           "<p id=\"x\"></p>",
                           "<li></li>",
                           "<a><a></a></a>",
                           "<a href=\"https://\"></a>",
                           "<a href=\"https:///\"></a>",
                           "<a href=\"https://#x\"></a>",
                           "\u202E",
                           "<svg></svg>",
                           "<img>",
                           "<p\tid></p>",
                           "<a href=\"/x\"></a>",
                           "<table><b></b></table>x<"}) {
    EXPECT_NE(HtmlChecker::fault_of(html), "") << html;
  }
}

}  // namespace
}  // namespace bodega::web
