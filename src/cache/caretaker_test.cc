#include "cache/caretaker.h"

#include <algorithm>
#include <string>

#include <gtest/gtest.h>

namespace bodega::cache {
namespace {

catalog::CachedBlobRow row(const Digest& digest) { return {digest, 1, WallTime{}}; }

TEST(Compare, TellsWhatOnlyTheDiskAndWhatOnlyTheRecordsKnow) {
  std::vector<Digest> all;
  for (int i = 0; i < 6; ++i) all.push_back(Digest::of(std::to_string(i)));
  std::sort(all.begin(), all.end());
  // Listed in no order. 0: hosted. 1: cached. 2: hosted and cached. 3: nothing refers to it. 4: cached and gone. 5: hosted and gone, which
  // is not for the caretaker to forget.
  const auto found = compare({all[3], all[1], all[0], all[2]}, {all[0], all[2], all[5]}, {row(all[1]), row(all[2]), row(all[4])});
  EXPECT_EQ(found.unrecorded, std::vector<Digest>{all[3]});
  ASSERT_EQ(found.lost.size(), 1U);
  EXPECT_EQ(found.lost[0].digest, all[4]);
}

TEST(Compare, FindsNothingInNothing) {
  const auto found = compare({}, {}, {});
  EXPECT_TRUE(found.unrecorded.empty());
  EXPECT_TRUE(found.lost.empty());
}

}  // namespace
}  // namespace bodega::cache
