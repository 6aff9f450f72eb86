#include "http/conditional.h"

#include <gtest/gtest.h>

namespace bodega::http {
namespace {

const auto kDate = *parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT");
const Validators kBoth{"\"abc\"", kDate + std::chrono::milliseconds(500)};

Conditions none_match(std::string_view value) {
  Conditions conditions;
  conditions.has_if_none_match = true;
  conditions.if_none_match = value;
  return conditions;
}

Conditions modified_since(std::string_view value) {
  Conditions conditions;
  conditions.if_modified_since = value;
  return conditions;
}

TEST(Conditional, EntityTagsCompareWeaklyInLists) {
  EXPECT_TRUE(etag_list_matches("\"a\"", "\"a\""));
  EXPECT_TRUE(etag_list_matches("W/\"a\"", "\"a\""));
  EXPECT_TRUE(etag_list_matches("\"a\"", "W/\"a\""));
  EXPECT_TRUE(etag_list_matches("\"x\", \"a,b\" , W/\"c\"", "\"a,b\""));
  EXPECT_TRUE(etag_list_matches("\"x\",,\"c\"", "\"c\""));
  EXPECT_TRUE(etag_list_matches(" * ", "\"c\""));
  EXPECT_TRUE(etag_list_matches("\"\"", "\"\""));
  for (const char* list : {"", "a", "\"a", "a\"", "\"b\"", "\"A\"", "\"b\" \"a\"", "w/\"a\"", "\"b\", a", "*, \"b\"", ","}) {
    EXPECT_FALSE(etag_list_matches(list, "\"a\"")) << list;
  }
  EXPECT_FALSE(etag_list_matches("*", ""));
  EXPECT_FALSE(etag_list_matches("\"\"", ""));
}

TEST(Conditional, IfNoneMatchWinsOverIfModifiedSince) {
  auto conditions = none_match("\"other\"");
  conditions.if_modified_since = "Sun, 06 Nov 1994 08:49:37 GMT";
  EXPECT_FALSE(is_not_modified(conditions, kBoth));
  conditions.if_none_match = "\"abc\"";
  conditions.if_modified_since = "Sun, 06 Nov 1993 08:49:37 GMT";
  EXPECT_TRUE(is_not_modified(conditions, kBoth));
  EXPECT_TRUE(is_not_modified(none_match("*"), kBoth));
  EXPECT_FALSE(is_not_modified(none_match(""), kBoth));
}

TEST(Conditional, DatesCompareInWholeSeconds) {
  EXPECT_TRUE(is_not_modified(modified_since("Sun, 06 Nov 1994 08:49:37 GMT"), kBoth));
  EXPECT_TRUE(is_not_modified(modified_since("Sun, 06 Nov 1994 08:49:38 GMT"), kBoth));
  EXPECT_FALSE(is_not_modified(modified_since("Sun, 06 Nov 1994 08:49:36 GMT"), kBoth));
  EXPECT_FALSE(is_not_modified(modified_since("yesterday"), kBoth));
  EXPECT_FALSE(is_not_modified(modified_since("Sun, 06 Nov 1994 08:49:37 GMT"), {"\"abc\"", {}}));
}

Selection ranged(std::string_view range, std::string_view if_range, Validators validators = kBoth,
                 AcceptRanges accept = AcceptRanges::yes) {
  Conditions conditions;
  conditions.range = range;
  conditions.if_range = if_range;
  return select(conditions, validators, accept, 100);
}

TEST(Conditional, IfRangeNeedsAStrongTagOrTheExactDate) {
  EXPECT_EQ(ranged("bytes=1-2", "").status, 206);
  EXPECT_EQ(ranged("bytes=1-2", "\"abc\"").status, 206);
  EXPECT_EQ(ranged("bytes=1-2", "\"other\"").status, 200);
  EXPECT_EQ(ranged("bytes=1-2", "W/\"abc\"").status, 200);
  EXPECT_EQ(ranged("bytes=1-2", "W/\"abc\"", {"W/\"abc\"", {}}).status, 200);
  EXPECT_EQ(ranged("bytes=1-2", "\"abc\"", {"W/\"abc\"", {}}).status, 200);
  EXPECT_EQ(ranged("bytes=1-2", "Sun, 06 Nov 1994 08:49:37 GMT").status, 206);
  EXPECT_EQ(ranged("bytes=1-2", "Sun, 06 Nov 1994 08:49:38 GMT").status, 200);
  EXPECT_EQ(ranged("bytes=1-2", "junk").status, 200);
  EXPECT_EQ(ranged("bytes=200-", "\"other\"").status, 200);
}

TEST(Conditional, SelectionSaysWhatIsSent) {
  EXPECT_EQ(ranged("bytes=1-2", "", kBoth, AcceptRanges::no).status, 200);
  EXPECT_EQ(ranged("bytes=200-", "").status, 416);
  const auto part = ranged("bytes=10-19", "");
  EXPECT_EQ(part.first, 10U);
  EXPECT_EQ(part.length, 10U);
  EXPECT_EQ(ranged("bytes=5-1", "").length, 100U);
  auto conditions = none_match("\"abc\"");
  conditions.range = "bytes=1-2";
  EXPECT_EQ(select(conditions, kBoth, AcceptRanges::yes, 100).status, 304);
}

}  // namespace
}  // namespace bodega::http
