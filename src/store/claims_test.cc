#include "store/claims.h"

#include <gtest/gtest.h>

#include "async/loop.h"

namespace bodega::store {
namespace {

const Digest kOne = Digest::of("one");
const Digest kTwo = Digest::of("two");

Task<void> keep_into(Claims& claims, Digest digest, std::optional<Claims::Claim>& out) {
  auto claim = co_await claims.keep(digest);
  out.emplace(std::move(claim));
}

struct ClaimsOf : testing::Test {
  Claims claims;
  Loop loop{"test"};

  // Empty while it waits.
  std::shared_ptr<std::optional<Claims::Claim>> keep(const Digest& digest) {
    auto out = std::make_shared<std::optional<Claims::Claim>>();
    asio::co_spawn(loop.executor(), keep_into(claims, digest, *out), [out](std::exception_ptr) {});
    poll();
    return out;
  }
  void poll() {
    while (loop.poll() > 0) {
    }
  }
};

TEST_F(ClaimsOf, ManyKeepOneBlobAndNobodyRemovesItMeanwhile) {
  const auto first = keep(kOne);
  const auto second = keep(kOne);
  ASSERT_TRUE(*first && *second);
  EXPECT_FALSE(claims.try_remove(kOne));
  first->reset();
  EXPECT_FALSE(claims.try_remove(kOne));
  second->reset();
  EXPECT_TRUE(claims.try_remove(kOne));
}

TEST_F(ClaimsOf, KeepersWaitForTheEndOfARemoval) {
  auto removal = claims.try_remove(kOne);
  ASSERT_TRUE(removal);
  const auto first = keep(kOne);
  const auto second = keep(kOne);
  EXPECT_FALSE(*first);
  removal.reset();
  poll();
  EXPECT_TRUE(*first);
  EXPECT_TRUE(*second);
  EXPECT_FALSE(claims.try_remove(kOne));
}

TEST_F(ClaimsOf, OneRemovalAtATime) {
  const auto removal = claims.try_remove(kOne);
  EXPECT_TRUE(removal);
  EXPECT_FALSE(claims.try_remove(kOne));
}

TEST_F(ClaimsOf, BlobsDoNotKnowOfEachOther) {
  const auto kept = keep(kOne);
  EXPECT_TRUE(claims.try_remove(kTwo));
}

TEST_F(ClaimsOf, AMovedClaimCountsOnce) {
  auto kept = keep(kOne);
  Claims::Claim moved = std::move(**kept);
  kept->reset();
  EXPECT_FALSE(claims.try_remove(kOne));
  moved.release();
  moved.release();
  EXPECT_TRUE(claims.try_remove(kOne));
}

// A waiter that woke up must look again: another removal may have begun before its turn.
TEST_F(ClaimsOf, AWaiterLooksAgain) {
  auto removal = claims.try_remove(kOne);
  const auto waiting = keep(kOne);
  removal.reset();
  removal = claims.try_remove(kOne);
  ASSERT_TRUE(removal);
  poll();
  EXPECT_FALSE(*waiting);
  removal.reset();
  poll();
  EXPECT_TRUE(*waiting);
}

}  // namespace
}  // namespace bodega::store
