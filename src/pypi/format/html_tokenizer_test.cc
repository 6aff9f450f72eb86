#include "pypi/format/html_tokenizer.h"

#include <gtest/gtest.h>

#include <random>

namespace bodega::pypi {
namespace {

// Prints tokens in a short form; text pieces are joined.
class Printer final : public HtmlSink {
 public:
  void start_tag(const HtmlTag& tag) override {
    out += "<" + tag.name;
    for (const auto& attribute : tag.attributes) out += "|" + attribute.name + "=" + attribute.value;
    out += ">";
  }
  void end_tag(std::string_view name) override { out += "</" + std::string(name) + ">"; }
  void text(std::string_view piece) override { out += piece; }
  void comment(std::string_view beginning) override { out += "{" + std::string(beginning) + "}"; }
  std::string out;
};

std::string tokens(std::string_view html, std::size_t step = 0) {
  Printer printer;
  HtmlTokenizer tokenizer(printer);
  if (step == 0) step = html.size() + 1;
  for (std::size_t at = 0; at < html.size(); at += step) tokenizer.feed(html.substr(at, step));
  return printer.out;
}

TEST(HtmlTokenizer, Table) {
  const std::pair<const char*, const char*> cases[] = {
      {"a<b>c</b>d", "a<b>c</b>d"},
      {"<A HREF='x'>", "<a|href=x>"},
      {"<a href=x y=\"1>2\" z = '&gt;'>t</A >", "<a|href=x|y=1>2|z=>>t</a>"},
      {"<a data-yanked href=/a/b/>", "<a|data-yanked=|href=/a/b/>"},
      {"<br/><br />", "<br><br>"},
      {"<a href=\"x\"title=\"y\">", "<a|href=x|title=y>"},
      {"<a =x>", "<a>"},
      {"<!DOCTYPE html>x", "x"},
      {"<!-- <a href=x> -->y", "{ <a href=x> --}y"},
      {"<!-->y", "{}y"},
      {"<!--->y", "{-}y"},
      {"<!-x>y", "y"},
      {"<?xml version='1.0'?>y", "y"},
      {"<script>if (a<b) \"</a>\" </script>y", "<script></script>y"},
      {"<style><a></style ><a>", "<style></style><a>"},
      {"<title><a></title>y", "<title></title>y"},
      {"<script></scr</SCRIPT>y", "<script></script>y"},
      {"1 < 2 <<b>", "1 < 2 <<b>"},
      {"<a href=\"never closed", ""},
      {"</>x", "</>x"},
      {"<a title=\"reason with \"quotes\" inside\" b=1>", "<a|title=reason with |quotes\"=|inside\"=|b=1>"},
  };
  for (const auto& [html, want] : cases) {
    EXPECT_EQ(tokens(html), want) << html;
    EXPECT_EQ(tokens(html, 1), want) << html;
    EXPECT_EQ(tokens(html, 3), want) << html;
  }
}

TEST(HtmlTokenizer, ReferencesAreDecoded) {
  EXPECT_EQ(decode_html("&lt;&gt;&amp;&quot;&apos;&#39;&#x3C;&#60;"), "<>&\"''<<");
  EXPECT_EQ(decode_html("&amp;lt;"), "&lt;");
  EXPECT_EQ(decode_html("&#233;&#x20AC;&#x1F600;"), "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80");
  EXPECT_EQ(decode_html("&#0;&#xD800;&#x110000;&#99999999999;"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(decode_html("a&b &copy; &#; &#x; &#12a; &lt"), "a&b &copy; &#; &#x; &#12a; &lt");
}

TEST(HtmlTokenizer, TagsBeyondTheLimitAreDropped) {
  EXPECT_EQ(tokens("<a x=\"" + std::string(100000, 'y') + "\">t<b>"), "t<b>");
  EXPECT_EQ(tokens("<a x=\"" + std::string(100000, 'y') + "\">t<b>", 1000), "t<b>");
}

TEST(HtmlTokenizer, PiecesDoNotMatter) {
  std::mt19937 random(3);
  const std::string_view pieces[] = {"<",  ">",        "a",        "\"",   "'", "=",    " ",   "!--",
                                     "--", "</script", "<script>", "&lt;", "/", "href", "<a ", "\n"};
  for (int i = 0; i < 3000; ++i) {
    std::string html;
    for (unsigned k = random() % 20; k > 0; --k) html += pieces[random() % std::size(pieces)];
    EXPECT_EQ(tokens(html, 1), tokens(html)) << html;
  }
}

}  // namespace
}  // namespace bodega::pypi
