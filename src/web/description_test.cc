#include "web/description.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "pypi/format/json_value.h"
#include "testing/source_dir.h"
#include "web/html_checker_for_test.h"
#include "web/printable.h"
#include "web/sanitize.h"

namespace bodega::web {
namespace {

pypi::Json corpus() {
  std::ifstream file(testing::source_dir() / "tests/data/hostile/corpus.json");
  std::stringstream text;
  text << file.rdbuf();
  auto json = pypi::Json::parse(text.str());
  return json ? std::move(*json) : pypi::Json();
}

TEST(Description, OfStrangersHasOnlyWhatItMay) {
  const pypi::Json all = corpus();
  ASSERT_GE(all.items().size(), 200U);
  for (const auto& entry : all.items()) {
    const auto text = entry.text("text");
    for (const char* type : {"text/markdown; variant=GFM", "text/x-rst", "text/plain", ""}) {
      EXPECT_EQ(HtmlChecker::fault_of(render_description(text, type)), "") << type << ": " << text;
    }
    EXPECT_EQ(HtmlChecker::fault_of(sanitize_html(text)), "") << text;
  }
}

TEST(Description, IsReadAsItsTypeSays) {
  EXPECT_EQ(text_form_of("text/markdown", ""), TextForm::markdown);
  EXPECT_EQ(text_form_of("Text/Markdown; charset=UTF-8; variant=GFM", ""), TextForm::markdown);
  EXPECT_EQ(text_form_of("text/x-rst", ""), TextForm::rst);
  EXPECT_EQ(text_form_of("text/plain", ""), TextForm::plain);
  EXPECT_EQ(text_form_of("text/html", ""), TextForm::plain);
  EXPECT_EQ(text_form_of("", "Title\n====="), TextForm::rst);
  EXPECT_EQ(text_form_of("", "# Title\n"), TextForm::plain);
}

TEST(Description, PlainTextStandsAsItIs) { EXPECT_EQ(render_description("a  <b>\n", "text/plain"), "<pre>a  &lt;b&gt;\n</pre>"); }

TEST(Description, WhatTakesTooLongStandsAsItIs) {
  std::string text;
  while (text.size() < (1U << 20U)) text += "[a](<b";
  const std::string made = render_description(text, "text/markdown");
  EXPECT_TRUE(made.starts_with("<pre>[a](&lt;b"));
  EXPECT_EQ(HtmlChecker::fault_of(made), "");
}

TEST(Description, OfMoreThanAMegabyteIsCutAloud) {
  const std::string made = render_description(std::string(3U << 20U, 'a'), "text/plain");
  EXPECT_TRUE(made.ends_with("<p>The rest of this text is too long to be shown.</p>"));
  EXPECT_LT(made.size(), (1U << 20U) + 200);
}

TEST(Printable, LeavesOutWhatIsNotSeen) {
  EXPECT_EQ(printable("a\x01\u202E\u00ADb\tc\n"), "a\u00ADb\tc\n");
  EXPECT_EQ(printable("\xFF\xC3(\xED\xA0\x80"), "\uFFFD\uFFFD(\uFFFD\uFFFD\uFFFD");
  EXPECT_EQ(printable(std::string_view("\0x", 2)), "x");
  EXPECT_EQ(printable_line("  a\nb  ", 100), "a b");
  EXPECT_EQ(printable_line("ääää", 5), "ää…");
}

}  // namespace
}  // namespace bodega::web
