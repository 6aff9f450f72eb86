#include "web/search/plain_words.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace bodega::web {
namespace {

std::string markdown(std::string_view text) { return std::string(trim(fold_blanks(plain_words(text, "text/markdown")))); }
std::string rst(std::string_view text) { return std::string(trim(fold_blanks(plain_words(text, "text/x-rst")))); }

TEST(PlainWords, OfMarkdownAreItsText) {
  EXPECT_EQ(markdown("# A title #\n\nSome **bold** and *soft* ~~old~~ words."), "A title Some bold and soft old words.");
  EXPECT_EQ(markdown("See [the docs](https://d.example/x) or [those][1].\n\n[1]: https://e.example"), "See the docs or those.");
  EXPECT_EQ(markdown("[![Build status](https://b.example/x.svg)](https://ci.example) fine"), "Build status fine");
  EXPECT_EQ(markdown("```python\nimport thing\n```\n> quoted\n- one\n* two"), "import thing quoted one two");
  EXPECT_EQ(markdown("| a | b |\n|---|:-:|\n| c | d |"), "a b c d");
  EXPECT_EQ(markdown("<img src=\"a.svg\"\n     alt=\"a\"\n/>\nfine <!-- a\n> note <b>\n--> again"), "fine again");
  EXPECT_EQ(markdown("Title\n=====\n\n<p align=\"center\">text</p> <https://x.example>"), "Title text https://x.example");
}

TEST(PlainWords, KeepWhatMayBeMeantAsItStands) {
  EXPECT_EQ(markdown("a * b, snake_case_name, x[0], \\*not\\*, 2 < 3"), "a * b, snake_case_name, x[0], *not*, 2 < 3");
  EXPECT_EQ(markdown("a <b\nand c\n\n<!-- open"), "a <b and c <!-- open");
  EXPECT_EQ(markdown("call `__init__(*args)` now"), "call __init__(*args) now");
  EXPECT_EQ(markdown("an [open bracket and `an open tick"), "an [open bracket and an open tick");
  EXPECT_EQ(plain_words("# as *it* is", "text/plain"), "# as *it* is");
}

TEST(PlainWords, OfRestructuredTextAreItsText) {
  EXPECT_EQ(rst("A title\n=======\n\nSome **bold** ``code`` and a `link <https://x.example>`_."), "A title Some bold code and a link.");
  EXPECT_EQ(rst(".. image:: https://x.example/i.svg\n   :target: https://x.example\n\nUse :class:`Thing` here."), "Use Thing here.");
  EXPECT_EQ(rst(".. note:: Read this.\n.. _there: https://x.example\n+---+---+\n| a | b |\n+===+===+"), "Read this. a b");
}

TEST(PlainWords, HostileTextsTakeNoTime) {
  for (const auto* piece : {"[", "[a](", "<a ", "<!--", "<a\n", "`", "``a`", "](", "*_", ":a:`", "[![a](b)](c"}) {
    std::string text;
    while (text.size() < 300'000) text += piece;
    EXPECT_LE(plain_words(text, "text/markdown").size(), text.size() + 1);
    EXPECT_LE(plain_words(text, "text/x-rst").size(), text.size() + 1);
  }
}

}  // namespace
}  // namespace bodega::web
