#include "web/words.h"

#include <gtest/gtest.h>

namespace bodega::web {
namespace {

TEST(Words, SizesAreShort) {
  EXPECT_EQ(size_in_words(0), "0 B");
  EXPECT_EQ(size_in_words(999), "999 B");
  EXPECT_EQ(size_in_words(1000), "1.0 kB");
  EXPECT_EQ(size_in_words(1'449'000), "1.4 MB");
  EXPECT_EQ(size_in_words(999'600), "1.0 MB");
  EXPECT_EQ(size_in_words(25'000'000'000), "25 GB");
  EXPECT_EQ(size_in_words(~0ULL), "18 EB");
}

TEST(Words, NumbersHaveCommasAndThingsTheirPlural) {
  EXPECT_EQ(number_in_words(999), "999");
  EXPECT_EQ(number_in_words(1'234'567), "1,234,567");
  EXPECT_EQ(count_of(1, "project"), "1 project");
  EXPECT_EQ(count_of(0, "index"), "0 indexes");
}

TEST(Words, DurationsHaveTheUnitThatSaysMost) {
  using std::chrono::seconds;
  EXPECT_EQ(duration_in_words(seconds(1)), "1 second");
  EXPECT_EQ(duration_in_words(seconds(150)), "2 minutes");
  EXPECT_EQ(duration_in_words(seconds(86'400)), "24 hours");
  EXPECT_EQ(duration_in_words(seconds(10 * 86'400)), "10 days");
  EXPECT_EQ(duration_in_words(seconds(-5)), "0 seconds");
}

}  // namespace
}  // namespace bodega::web
