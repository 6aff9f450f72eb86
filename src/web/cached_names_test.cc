#include "web/cached_names.h"

#include <gtest/gtest.h>

namespace bodega::web {
namespace {

std::string shown(std::string_view names, const catalog::Slice& slice) {
  const auto found = names_holding(names, slice);
  std::string out = std::to_string(found.total) + ":";
  for (const auto& name : found.names) out += " " + name;
  return out;
}

TEST(NamesHolding, FindsEachNameOnceInItsOrder) {
  constexpr std::string_view kNames = "a-aa\nb\nba\nca\n";
  EXPECT_EQ(shown(kNames, {"a", 0, 10}), "3: a-aa ba ca");
  EXPECT_EQ(shown(kNames, {"a", 1, 1}), "3: ba");
  EXPECT_EQ(shown(kNames, {"a", 3, 5}), "3:");
  EXPECT_EQ(shown(kNames, {"ca", 0, 10}), "1: ca");
  EXPECT_EQ(shown(kNames, {"zz", 0, 10}), "0:");
}

TEST(NamesHolding, NoNameEndsWhereAnotherBegins) {
  EXPECT_EQ(shown("b\nba\n", {"b\nb", 0, 10}), "0:");
  EXPECT_EQ(shown("b\nba\n", {"bb", 0, 10}), "0:");
  EXPECT_EQ(shown("", {"b", 0, 10}), "0:");
}

}  // namespace
}  // namespace bodega::web
