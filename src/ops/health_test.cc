#include "ops/health.h"

#include <gtest/gtest.h>

namespace bodega::ops {
namespace {

const Vitals kWell{true, true, false, 1ULL << 40, 1'000'000, true};

TEST(Health, IsReadyWhenNothingIsWrong) {
  const auto health = judge(kWell);
  EXPECT_EQ(health.condition, Condition::ready);
  EXPECT_EQ(to_json(health), "{\"status\": \"ready\", \"reasons\": []}\n");
}

TEST(Health, IsDegradedAfterAFailedSyncOrCommitOrOnAFullDisk) {
  for (auto change :
       {+[](Vitals& v) { v.sync_trusted = false; }, +[](Vitals& v) { v.catalog_healthy = false; }, +[](Vitals& v) { v.free_bytes = 1; },
        +[](Vitals& v) { v.free_inodes = 1; }, +[](Vitals& v) { v.space_known = false; }}) {
    Vitals vitals = kWell;
    change(vitals);
    const auto health = judge(vitals);
    EXPECT_EQ(health.condition, Condition::degraded);
    EXPECT_EQ(health.reasons.size(), 1U);
  }
}

TEST(Health, DrainingOutweighsTheRest) {
  Vitals vitals = kWell;
  vitals.draining = true;
  vitals.sync_trusted = false;
  const auto health = judge(vitals);
  EXPECT_EQ(health.condition, Condition::unavailable);
  EXPECT_EQ(health.reasons.size(), 2U);
}

}  // namespace
}  // namespace bodega::ops
