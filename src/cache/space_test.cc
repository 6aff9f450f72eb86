#include "cache/space.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <deque>

#include "async/loop.h"
#include "store/test_store.h"
#include "testing/manual_clock.h"
#include "testing/manual_timers.h"
#include "testing/memory_log.h"
#include "testing/run_task.h"

namespace bodega::cache {
namespace {

using bodega::testing::Running;
using std::chrono::milliseconds;

TEST(ExcessOf, IsWhatGoesAtOnceAndInAll) {
  const SpaceRules rules{100'000, 10'000};
  struct Case {
    std::uint64_t cached, free, incoming, at_once, in_all;
  };
  const Case cases[] = {
      {0, 50'000, 1'000, 0, 0},
      {99'000, 50'000, 1'000, 0, 0},
      {99'001, 50'000, 1'000, 0, 5'001},     // down to 95 % of the cap, with what comes
      {50'000, 10'999, 1'000, 1, 1},         // one byte below the floor
      {99'001, 9'000, 1'000, 2'000, 5'001},  // both
      {500, 0, 1'000, 500, 500},             // no more than there is
      {50'000, 50'000, 0, 0, 0},
  };
  for (const auto& c : cases) {
    const auto got = excess_of(rules, c.cached, c.free, c.incoming);
    EXPECT_EQ(got.at_once, c.at_once) << c.cached << ' ' << c.free;
    EXPECT_EQ(got.in_all, c.in_all) << c.cached << ' ' << c.free;
  }
  EXPECT_EQ(excess_of({0, 0}, 1'000'000, 5, 5).in_all, 0U) << "no cap";
}

// Jobs that wait until the test has them done, one by one.
class SteppedPool final : public Pool {
 public:
  void post(std::function<void()> job) override { jobs_.push_back(std::move(job)); }
  std::size_t queued() const override { return jobs_.size(); }
  bool step() {
    if (jobs_.empty()) return false;
    const auto job = std::move(jobs_.front());
    jobs_.pop_front();
    job();
    return true;
  }

 private:
  std::deque<std::function<void()>> jobs_;
};

Task<bool> closed(SpaceKeeper& space) {
  co_await space.close();
  co_return true;
}

// Two hundred cached files of a thousand bytes, the first ones used least recently.
class SpaceKeeperTest : public ::testing::Test {
 protected:
  static constexpr std::uint64_t kSize = 1'000;

  SpaceKeeperTest() {
    auto opened = catalog::open_catalog({.directory = scratch.path(), .threads = catalog::Threads::inline_writer, .clock = &clock},
                                        *of_the_catalog, catalog::HadData::no);
    EXPECT_TRUE(opened);
    catalog = std::move(*opened);
    for (int i = 0; i < 200; ++i) {
      std::string bytes = std::to_string(i);
      bytes.resize(kSize, '.');
      digests.push_back(Digest::of(bytes));
      EXPECT_TRUE(store::put(*store, bytes));
      const catalog::CachedBlobRow row{digests.back(), kSize, clock.wall() + std::chrono::seconds(i)};
      EXPECT_TRUE(catalog->write_cache_now([&row](catalog::CacheTransaction& transaction) { return transaction.put_cached(row); }));
    }
  }
  ~SpaceKeeperTest() override {
    Running<bool> closing(loop, closed(*space));
    finish();
    EXPECT_TRUE(closing.done());
  }
  void keep(SpaceRules rules) {
    space = std::make_unique<SpaceKeeper>(SpaceKeeper::Dependencies{*catalog, *store, claims, pool, timers, clock, log, loop}, rules);
    space->on_evict([this](const Digest& digest) { told.push_back(digest); });
  }
  void step() {
    ASSERT_TRUE(pool.step());
    loop.poll();
  }
  void finish() {
    for (loop.poll(); pool.step() || timers.fire() > 0;) loop.poll();
  }
  bool is_there(std::size_t i) const { return std::filesystem::exists(store::blob_path(scratch.path(), digests[i])); }
  std::uint64_t counted() {
    std::uint64_t blobs = 0;
    EXPECT_TRUE(catalog->read_cache_now([&blobs](catalog::CacheReader& reader) -> Result<void> {
      BODEGA_TRY(const auto totals, reader.totals());
      blobs = totals.blobs;
      return {};
    }));
    return blobs;
  }

  bodega::testing::ManualClock clock;
  bodega::testing::ManualTimers timers{clock};
  bodega::testing::MemoryLog log;
  Loop loop{"test"};
  std::unique_ptr<Pool> of_the_catalog = make_inline_pool();
  SteppedPool pool;
  bodega::testing::ScratchDirectory scratch;
  bodega::testing::FaultFileSystem disk{scratch.path()};
  std::unique_ptr<store::BlobStore> store = store::must_open_store(disk, scratch.path());
  std::unique_ptr<catalog::Catalog> catalog;
  store::Claims claims;
  std::vector<Digest> digests;
  std::vector<Digest> told;
  std::unique_ptr<SpaceKeeper> space;
};

// A miss waited until a twentieth of the cache was gone: with a million files for minutes.
TEST_F(SpaceKeeperTest, NobodyWaitsForACacheOverItsCap) {
  keep({100'000, 0});
  Running<Result<void>> room(loop, space->make_room(kSize));
  step();  // the look at how much there is
  ASSERT_TRUE(room.done());
  EXPECT_TRUE(room.get());
  EXPECT_TRUE(is_there(0));
  finish();
  EXPECT_EQ(space->evictions(), 106U) << "down to 95 % of the cap, with what comes";
  EXPECT_EQ(space->evicted_bytes(), 106U * kSize);
  EXPECT_EQ(told.size(), 106U);
  EXPECT_EQ(counted(), 94U);
  for (std::size_t i = 0; i < digests.size(); ++i) EXPECT_EQ(is_there(i), i >= 106) << i;
  EXPECT_EQ(log.events("cache.evicted").size(), 1U);
}

TEST_F(SpaceKeeperTest, BelowTheFloorAFileWaitsForItsOwnRoomOnly) {
  keep({100'000, 10'000});
  disk.set_free_bytes(0);
  Running<Result<void>> room(loop, space->make_room(kSize));
  step();
  EXPECT_FALSE(room.done());
  step();  // the first round
  EXPECT_TRUE(room.done());
  EXPECT_EQ(space->evictions(), 64U);
  finish();
  EXPECT_EQ(space->evictions(), 106U) << "the rest goes without it";
}

TEST_F(SpaceKeeperTest, WhoWaitsGoesOnWhenNothingIsLeft) {
  keep({0, 1'000'000});
  disk.set_free_bytes(0);
  Running<Result<void>> room(loop, space->make_room(kSize));
  finish();
  EXPECT_TRUE(room.done());
  EXPECT_EQ(space->evictions(), 200U);
  EXPECT_EQ(counted(), 0U);
}

TEST_F(SpaceKeeperTest, RestsAsLongAsItWorkedUnlessSomebodyWaits) {
  keep({100'000, 0});
  Running<Result<void>> room(loop, space->make_room(0));
  step();
  clock.advance(milliseconds(7));  // what the first round takes
  step();
  EXPECT_EQ(space->evictions(), 64U);
  EXPECT_EQ(pool.queued(), 0U);
  ASSERT_TRUE(timers.next());
  EXPECT_EQ(*timers.next() - clock.mono(), Duration(milliseconds(7)));
  clock.advance(milliseconds(7));
  timers.fire();
  loop.poll();
  EXPECT_EQ(pool.queued(), 1U);
}

TEST_F(SpaceKeeperTest, WhatSomebodyIsAboutToReferToStays) {
  keep({100'000, 0});
  Running<store::Claims::Claim> claim(loop, claims.keep(digests[3]));
  Running<Result<void>> room(loop, space->make_room(0));
  finish();
  EXPECT_TRUE(is_there(3));
  EXPECT_FALSE(is_there(2));
  EXPECT_FALSE(is_there(4));
  EXPECT_EQ(counted(), 200 - space->evictions());
}

TEST_F(SpaceKeeperTest, OneThatCannotBeRemovedDoesNotKeepTheOthersOfItsRound) {
  keep({100'000, 10'000});
  disk.set_free_bytes(0);
  disk.fail_next(bodega::testing::DiskOperation::remove, EIO);
  Running<Result<void>> room(loop, space->make_room(0));
  finish();
  EXPECT_TRUE(room.done());
  EXPECT_EQ(space->evictions(), 63U);
  EXPECT_EQ(told.size(), 63U);
  EXPECT_EQ(log.events("cache.no_room").size(), 1U);
  EXPECT_TRUE(is_there(0)) << "without a record: the next look over the store adopts it";
}

TEST_F(SpaceKeeperTest, EndsAfterItsRoundWhenTheServerStops) {
  keep({0, 1'000'000});
  disk.set_free_bytes(0);
  Running<Result<void>> room(loop, space->make_room(kSize));
  step();
  Running<bool> closing(loop, closed(*space));
  step();
  EXPECT_TRUE(closing.done());
  EXPECT_TRUE(room.done());
  EXPECT_EQ(space->evictions(), 64U);
}

}  // namespace
}  // namespace bodega::cache
