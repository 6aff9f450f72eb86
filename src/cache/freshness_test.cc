#include "cache/freshness.h"

#include <gtest/gtest.h>

namespace bodega::cache {
namespace {

using catalog::DocumentState;
using std::chrono::hours;
using std::chrono::seconds;

const WallTime kNow = from_unix_micros(1'800'000'000'000'000);
const FreshnessRules kRules;

Kept kept(DocumentState state, seconds age, seconds left) { return {state, kNow - age, kNow + left}; }

TEST(Freshness, NothingKeptIsFetched) { EXPECT_EQ(decide_use(std::nullopt, kNow, ClientWish::cached_is_fine, kRules), Use::fetch); }

TEST(Freshness, AFreshCopyIsUsedAsItIs) {
  EXPECT_EQ(decide_use(kept(DocumentState::present, seconds(5), seconds(1)), kNow, ClientWish::cached_is_fine, kRules), Use::as_is);
  EXPECT_EQ(decide_use(kept(DocumentState::absent, seconds(5), seconds(1)), kNow, ClientWish::cached_is_fine, kRules), Use::as_is);
}

TEST(Freshness, AnExpiredCopyIsRevalidatedAndAnExpiredAbsenceFetched) {
  EXPECT_EQ(decide_use(kept(DocumentState::present, seconds(90), seconds(0)), kNow, ClientWish::cached_is_fine, kRules), Use::revalidate);
  EXPECT_EQ(decide_use(kept(DocumentState::absent, seconds(90), seconds(-1)), kNow, ClientWish::cached_is_fine, kRules), Use::fetch);
}

TEST(Freshness, AFetchTimeInTheFutureCountsAsExpired) {
  EXPECT_EQ(decide_use(kept(DocumentState::present, seconds(-60), seconds(600)), kNow, ClientWish::cached_is_fine, kRules),
            Use::revalidate);
}

TEST(Freshness, NoCacheIsHonouredButNotMoreOftenThanTheFloor) {
  EXPECT_EQ(decide_use(kept(DocumentState::present, seconds(9), seconds(50)), kNow, ClientWish::no_cache, kRules), Use::as_is);
  EXPECT_EQ(decide_use(kept(DocumentState::present, seconds(10), seconds(50)), kNow, ClientWish::no_cache, kRules), Use::revalidate);
}

TEST(Freshness, TheUpstreamsMaxAgeIsKeptWithinBounds) {
  const auto until = [](std::string_view text, DocumentState state = DocumentState::present) {
    return std::chrono::duration_cast<seconds>(fresh_until(kNow, text, state, kRules) - kNow).count();
  };
  EXPECT_EQ(until("max-age=600, public"), 600);
  EXPECT_EQ(until("public, MAX-AGE=5"), 60);
  EXPECT_EQ(until("max-age=99999999999999999999"), 1800);
  EXPECT_EQ(until("max-age=86400"), 1800);
  EXPECT_EQ(until("no-store"), 60);
  EXPECT_EQ(until(""), 1800);
  EXPECT_EQ(until("max-age=600", DocumentState::absent), 60);
}

TEST(Freshness, OnlyPresentCopiesWithinMaxStaleStandIn) {
  EXPECT_TRUE(may_serve_stale(kept(DocumentState::present, hours(24 * 29), seconds(0)), kNow, kRules));
  EXPECT_FALSE(may_serve_stale(kept(DocumentState::present, hours(24 * 31), seconds(0)), kNow, kRules));
  EXPECT_FALSE(may_serve_stale(kept(DocumentState::absent, seconds(1), seconds(0)), kNow, kRules));
}

TEST(RefreshFrom, IsTheLastEighthOfACopysLife) {
  const auto made = kept(DocumentState::present, seconds(0), seconds(800));
  EXPECT_EQ(refresh_from(made), made.fetched_at + seconds(700));
}

}  // namespace
}  // namespace bodega::cache
