// Taking files over: whatever fails or dies in between, a blob is wholly there or absent, and one that was named and synced survives a
// power cut.
#include "store/adopt.h"

#include "store/test_store.h"

namespace bodega::store {
namespace {

namespace fs = std::filesystem;
using testing::DiskOperation;
using testing::FaultFileSystem;
using testing::ScratchDirectory;

struct AdoptTest : ::testing::Test {
  ScratchDirectory scratch;
  const fs::path sources = scratch.path() / "theirs";
  const fs::path root = scratch.path() / "ours";
  std::vector<std::string> contents{pattern(10), pattern(300'000), std::string()};
  std::unique_ptr<FaultFileSystem> disk;
  std::unique_ptr<BlobStore> store;

  fs::path source(std::size_t i) const { return sources / std::to_string(i); }

  void SetUp() override {
    for (std::size_t i = 0; i < contents.size(); ++i) write_file(source(i), contents[i]);
    fs::create_directories(root);
    disk = std::make_unique<FaultFileSystem>(scratch.path());
    store = must_open_store(*disk, root);
    disk->restart();
  }
  Result<void> take_all(Taking taking) {
    Adopter adopter(*disk, root, taking, 0);
    std::vector<Staged> batch;
    for (std::size_t i = 0; i < contents.size(); ++i) {
      BODEGA_TRY(Staged staged, adopter.stage(source(i), {}));
      batch.push_back(std::move(staged));
    }
    BODEGA_TRY_VOID(adopter.sync());
    BODEGA_TRY_VOID(adopter.name(batch));
    return adopter.sync();
  }
  void expect_all_there() {
    store = must_open_store(*disk, root);
    for (const auto& bytes : contents) {
      const auto blob = store->open(Digest::of(bytes));
      ASSERT_TRUE(blob) << blob.error().describe();
      EXPECT_EQ(content(**blob), bytes);
    }
  }
};

TEST_F(AdoptTest, WhatWasNamedAndSyncedSurvivesAPowerCut) {
  for (const auto taking : {Taking::copy, Taking::hardlink, Taking::reflink}) {
    ASSERT_TRUE(take_all(taking));
    disk->lose_unsynced();
    expect_all_there();
    EXPECT_EQ(count_entries(root / "tmp"), 0U);
    for (std::size_t i = 0; i < contents.size(); ++i) EXPECT_EQ(read_file(source(i)), contents[i]);
  }
}

TEST_F(AdoptTest, OneFileIsNeverSyncedAlone) {
  ASSERT_TRUE(take_all(Taking::copy));
  const auto done = disk->operations();
  EXPECT_EQ(std::count(done.begin(), done.end(), DiskOperation::sync_all), 2);
  EXPECT_EQ(std::count(done.begin(), done.end(), DiskOperation::sync), 0);
}

TEST_F(AdoptTest, DyingAnywhereLeavesNoBlobThatIsNotWhole) {
  for (const auto taking : {Taking::copy, Taking::hardlink}) {
    for (const auto survives : {testing::Survives::nothing, testing::Survives::names}) {
      for (std::size_t n = 1;; ++n) {
        disk->crash_at(n);
        const bool done = take_all(taking).has_value();
        disk->lose_unsynced(survives);
        if (done) break;
        store = must_open_store(*disk, root);
        ASSERT_TRUE(store->sweep());
        EXPECT_EQ(count_entries(root / "tmp"), 0U);
        ASSERT_TRUE(store->for_each([&](const BlobInfo& info) { EXPECT_EQ(*store->check(info.digest), Check::intact) << n; }));
        fs::remove_all(root / "blobs");
        fs::create_directories(root / "blobs" / "sha256");
        disk = std::make_unique<FaultFileSystem>(scratch.path());
      }
      expect_all_there();
      fs::remove_all(root / "blobs");
      fs::create_directories(root / "blobs" / "sha256");
      disk = std::make_unique<FaultFileSystem>(scratch.path());
    }
  }
}

TEST_F(AdoptTest, AfterAFailureTheSameBatchCanBeTakenAgain) {
  for (std::size_t n = 1; n < 30; ++n) {
    disk->fail_at(n, EIO);
    if (take_all(Taking::copy)) break;
    disk->restart();
    ASSERT_TRUE(store->sweep());
    ASSERT_TRUE(take_all(Taking::copy)) << n;
    expect_all_there();
    disk->restart();
  }
}

TEST_F(AdoptTest, ABlobThatIsThereStays) {
  ASSERT_TRUE(take_all(Taking::copy));
  ASSERT_TRUE(take_all(Taking::copy));
  expect_all_there();
}

TEST_F(AdoptTest, WhatIsWrongWithTheSourceIsTold) {
  Adopter adopter(*disk, root, Taking::hardlink, 0);
  EXPECT_EQ(adopter.stage(sources / "none", {}).error().code, Code::not_found);
  EXPECT_EQ(adopter.stage(sources, {}).error().code, Code::corrupt);
  fs::create_symlink(source(0), sources / "link");
  EXPECT_EQ(adopter.stage(sources / "link", {}).error().code, Code::corrupt);
  EXPECT_EQ(count_entries(root / "tmp"), 0U);
}

TEST_F(AdoptTest, TheFloorOfFreeSpaceStands) {
  disk->set_free_bytes(1000);
  EXPECT_EQ(Adopter(*disk, root, Taking::copy, 990).stage(source(1), {}).error().code, Code::no_space);
  EXPECT_TRUE(Adopter(*disk, root, Taking::copy, 990).stage(source(0), {}));
  EXPECT_TRUE(Adopter(*disk, root, Taking::hardlink, 990).stage(source(1), {})) << "a second name takes no space";
}

TEST_F(AdoptTest, OtherDigestsAreTakenFromTheSamePass) {
  std::vector<Hasher> others;
  others.push_back(std::move(*Hasher::make("md5")));
  const auto staged = Adopter(*disk, root, Taking::copy, 0).stage(source(0), others);
  ASSERT_TRUE(staged);
  auto md5 = std::move(*Hasher::make("md5"));
  md5.update(contents[0]);
  EXPECT_EQ(others[0].finish_hex(), md5.finish_hex());
  EXPECT_EQ(staged->digest, Digest::of(contents[0]));
  EXPECT_EQ(staged->size, contents[0].size());
}

TEST_F(AdoptTest, HoldsAsksForNameAndSize) {
  ASSERT_TRUE(take_all(Taking::copy));
  Adopter adopter(*disk, root, Taking::copy, 0);
  EXPECT_TRUE(adopter.holds(Digest::of(contents[1]), contents[1].size()));
  EXPECT_FALSE(adopter.holds(Digest::of(contents[1]), 1));
  EXPECT_FALSE(adopter.holds(Digest::of("other"), 5));
}

}  // namespace
}  // namespace bodega::store
