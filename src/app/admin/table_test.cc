#include "app/admin/table.h"

#include <gtest/gtest.h>

namespace bodega::app {
namespace {

TEST(Table, ColumnsAreAsWideAsTheirWidestCell) {
  EXPECT_EQ(table_text({"USER", "EMAIL"}, {{"alice", "a@example.org"}, {"b", ""}}, 0),
            "USER   EMAIL\n"
            "alice  a@example.org\n"
            "b      -\n");
  EXPECT_EQ(table_text({"A"}, {}, 0), "A\n");
  EXPECT_EQ(table_text({"A", "B"}, {{"x"}, {"1", "2", "3"}}, 0), "A  B\nx  -\n1  2\n");
}

TEST(Table, LinesAreCutToTheTerminal) {
  EXPECT_EQ(table_text({"A", "B"}, {{"aaaa", "bbbbbbbb"}}, 10), "A     B\naaaa  bbb\xE2\x80\xA6\n");
  EXPECT_EQ(table_text({"A"}, {{"abc"}}, 3), "A\nabc\n");
  EXPECT_EQ(table_text({"A"}, {{"abcd"}}, 1), "A\n\xE2\x80\xA6\n");
}

TEST(Table, LettersCountNotBytes) {
  EXPECT_EQ(table_text({"A", "B"}, {{"\xC3\xA4\xC3\xB6", "x"}, {"abc", "y"}}, 0), "A    B\n\xC3\xA4\xC3\xB6   x\nabc  y\n");
  EXPECT_EQ(table_text({"A"}, {{"\xC3\xA4\xC3\xB6\xC3\xBC"}}, 2), "A\n\xC3\xA4\xE2\x80\xA6\n");
}

TEST(Table, NothingDrivesTheTerminal) {
  EXPECT_EQ(table_text({"A"}, {{"a\x1B[2Jb\nc\x7F"}}, 0), "A\na?[2Jb?c?\n");
  EXPECT_EQ(table_text({"A"},
                       {{"a\xC2\x9B"
                         "b\xC2"}},
                       0),
            "A\na?b\xC2\n");
}

}  // namespace
}  // namespace bodega::app
