#include "app/give_back.h"

#include <gtest/gtest.h>

namespace bodega::app {
namespace {

constexpr std::uint64_t kMib = 1 << 20;

TEST(GiveBack, MuchFreeMemoryGoesBack) {
  EXPECT_TRUE(worth_giving_back(50 * kMib, 10 * kMib, 0));
  EXPECT_FALSE(worth_giving_back(50 * kMib, 45 * kMib, 0));
  EXPECT_FALSE(worth_giving_back(10 * kMib, 20 * kMib, 0));  // in use, and not touched yet
}

TEST(GiveBack, WhatCouldNotBeGivenBackIsNotTriedAgainUntilThereIsMore) {
  EXPECT_FALSE(worth_giving_back(50 * kMib, 10 * kMib, 49 * kMib));
  EXPECT_TRUE(worth_giving_back(54 * kMib, 10 * kMib, 49 * kMib));
}

}  // namespace
}  // namespace bodega::app
