#include "base/utf8.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace bodega {
namespace {

TEST(Utf8, ATextIsCutBetweenCharacters) {
  const std::string_view text = "a\xC3\xA4\xE2\x82\xAC";  // one, two and three bytes
  EXPECT_EQ(character_start(text, 0), 0U);
  EXPECT_EQ(character_start(text, 1), 1U);
  EXPECT_EQ(character_start(text, 2), 1U);
  EXPECT_EQ(character_start(text, 5), 3U);
  EXPECT_EQ(character_start(text, 6), 6U);
  EXPECT_EQ(character_start(text, 99), 6U);
  EXPECT_EQ(character_start("\x80\x80", 1), 0U) << "of what is no character, the beginning";
  EXPECT_EQ(count_characters(text), 3U);
  EXPECT_EQ(count_characters(""), 0U);
}

TEST(FoldBlanks, LeavesOneSpaceBetweenWords) {
  EXPECT_EQ(fold_blanks(" \n one\t\r\n two\x7F"), "one two ");
  EXPECT_EQ(fold_blanks(" \x01 "), "");
}

template <class Text>
concept Splits = requires(Text text) {
  split(static_cast<Text>(text), ',');
};
static_assert(Splits<const std::string&> && Splits<std::string_view> && Splits<const char*>);
static_assert(!Splits<std::string&&>, "the parts would point into a text that is gone");

}  // namespace
}  // namespace bodega
