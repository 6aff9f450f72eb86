#include "http/range.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace bodega::http {
namespace {

std::string shown(std::string_view value, std::uint64_t total) {
  const auto choice = choose_range(value, total);
  if (choice.kind == RangeKind::whole) return "whole";
  if (choice.kind == RangeKind::unsatisfiable) return "416";
  return std::to_string(choice.first) + "+" + std::to_string(choice.length);
}

TEST(Range, OneRangeIsServedEverythingElseIsTheWhole) {
  struct Row {
    const char* value;
    const char* expected;
  };
  const std::vector<Row> table = {
      {"bytes=0-0", "0+1"},
      {"bytes=0-99", "0+100"},
      {"bytes=0-100", "0+100"},
      {"bytes=99-", "99+1"},
      {"BYTES=1-2", "1+2"},
      {"bytes= 1-2", "1+2"},
      {"bytes=-1", "99+1"},
      {"bytes=-100", "0+100"},
      {"bytes=-1000", "0+100"},
      {"bytes=0-18446744073709551615", "0+100"},
      {"bytes=100-", "416"},
      {"bytes=100-200", "416"},
      {"bytes=18446744073709551615-", "416"},
      {"bytes=-0", "416"},
      {"bytes=0-18446744073709551616", "whole"},
      {"bytes=18446744073709551616-", "whole"},
      {"bytes=-18446744073709551616", "whole"},
      {"bytes=2-1", "whole"},
      {"bytes=0-1,3-4", "whole"},
      {"bytes=0-1, 3-4", "whole"},
      {"bytes=", "whole"},
      {"bytes=-", "whole"},
      {"bytes=a-b", "whole"},
      {"bytes=+1-2", "whole"},
      {"bytes=1 -2", "whole"},
      {"bytes=1--2", "whole"},
      {"bytes=--1", "whole"},
      {"bytes 1-2", "whole"},
      {"lines=1-2", "whole"},
      {"", "whole"},
  };
  for (const auto& row : table) EXPECT_EQ(shown(row.value, 100), row.expected) << row.value;
}

TEST(Range, NothingOfNothingCanBeServed) {
  EXPECT_EQ(shown("bytes=0-", 0), "416");
  EXPECT_EQ(shown("bytes=-1", 0), "416");
  EXPECT_EQ(shown("bytes=0-0", 0), "416");
}

TEST(Range, LengthsNearTheEndOfIntegersDoNotOverflow) {
  EXPECT_EQ(shown("bytes=0-", UINT64_MAX), "0+18446744073709551615");
  EXPECT_EQ(shown("bytes=-5", UINT64_MAX), "18446744073709551610+5");
}

}  // namespace
}  // namespace bodega::http
