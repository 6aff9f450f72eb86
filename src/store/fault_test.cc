// The store over a disk that fails or dies at each single operation. Whatever happens, a blob is wholly there or absent, and what was
// acknowledged is there.
#include <algorithm>
#include <functional>

#include "store/test_store.h"

namespace bodega::store {
namespace {

namespace fs = std::filesystem;
using testing::DiskOperation;
using testing::FaultFileSystem;
using testing::Survives;

// One run on a fresh disk: an older blob is there, then `arm` sets the fault and a new one is put.
struct FaultTest : ::testing::Test {
  const std::string old_bytes = pattern(5'000);
  const std::string new_bytes = pattern(9'000);
  const Digest old_digest = Digest::of(old_bytes);
  const Digest new_digest = Digest::of(new_bytes);

  std::unique_ptr<testing::ScratchDirectory> scratch;
  std::unique_ptr<FaultFileSystem> disk;
  std::unique_ptr<BlobStore> store;
  bool acknowledged = false;

  void begin() {
    disk.reset();
    scratch = std::make_unique<testing::ScratchDirectory>();
    disk = std::make_unique<FaultFileSystem>(scratch->path());
    store = must_open_store(*disk, scratch->path());
    ASSERT_TRUE(put(*store, old_bytes));
    disk->restart();
  }
  std::size_t operations_of_a_put() {
    begin();
    EXPECT_TRUE(put(*store, new_bytes));
    return disk->operations().size();
  }
  // After whatever happened: the promises.
  void expect_whole_or_absent() {
    store = must_open_store(*disk, scratch->path());
    ASSERT_TRUE(store->sweep());
    EXPECT_EQ(count_entries(scratch->path() / "tmp"), 0U);
    const auto old_blob = store->open(old_digest);
    ASSERT_TRUE(old_blob) << old_blob.error().describe();
    EXPECT_EQ(content(**old_blob), old_bytes);
    const auto blob = store->open(new_digest);
    if (blob) {
      EXPECT_EQ(content(**blob), new_bytes);
    } else {
      EXPECT_FALSE(acknowledged);
      EXPECT_EQ(blob.error().code, Code::not_found);
    }
    const auto again = put(*store, new_bytes);
    ASSERT_TRUE(again) << again.error().describe();
    disk->lose_unsynced();
    store = must_open_store(*disk, scratch->path());
    EXPECT_TRUE(store->open(new_digest)) << "the second try was acknowledged, so it is there";
  }
};

TEST_F(FaultTest, EachFailingOperationLeavesTheBlobWholeOrAbsent) {
  const std::size_t count = operations_of_a_put();
  ASSERT_GE(count, 10U);
  for (const int errnum : {EIO, ENOSPC}) {
    for (std::size_t n = 1; n <= count; ++n) {
      SCOPED_TRACE("operation " + std::to_string(n));
      begin();
      disk->fail_at(n, errnum);
      const auto blob = put(*store, new_bytes);
      acknowledged = blob.has_value();
      EXPECT_FALSE(acknowledged);
      EXPECT_EQ(blob.error().code, errnum == EIO ? Code::io : Code::no_space);
      const auto failed = disk->operations().at(n - 1);
      EXPECT_EQ(store->sync_trusted(), failed != DiskOperation::sync && failed != DiskOperation::sync_directory);
      EXPECT_EQ(count_entries(scratch->path() / "tmp"), 0U) << "the temp file went at once";
      disk->restart();
      expect_whole_or_absent();
    }
  }
}

TEST_F(FaultTest, EachFailingOperationFollowedByAPowerCutLeavesTheBlobWholeOrAbsent) {
  const std::size_t count = operations_of_a_put();
  for (std::size_t n = 1; n <= count; ++n) {
    SCOPED_TRACE("operation " + std::to_string(n));
    begin();
    disk->fail_at(n, EIO);
    EXPECT_FALSE(put(*store, new_bytes));
    // The client tries again at once, in the same process, and may be told success now.
    acknowledged = put(*store, new_bytes).has_value();
    EXPECT_TRUE(acknowledged);
    store.reset();
    disk->lose_unsynced();
    expect_whole_or_absent();
  }
}

TEST_F(FaultTest, EachPowerCutLeavesTheBlobWholeOrAbsent) {
  const std::size_t count = operations_of_a_put();
  for (const auto survives : {Survives::nothing, Survives::names}) {
    for (std::size_t n = 1; n <= count + 1; ++n) {
      SCOPED_TRACE("operation " + std::to_string(n));
      begin();
      disk->crash_at(n);
      acknowledged = put(*store, new_bytes).has_value();
      EXPECT_EQ(acknowledged, n > count);
      store.reset();
      disk->lose_unsynced(survives);
      expect_whole_or_absent();
    }
  }
}

TEST_F(FaultTest, EachDeathOfTheProcessLeavesTheBlobWholeOrAbsent) {
  const std::size_t count = operations_of_a_put();
  for (std::size_t n = 1; n <= count + 1; ++n) {
    SCOPED_TRACE("operation " + std::to_string(n));
    begin();
    disk->crash_at(n);
    acknowledged = put(*store, new_bytes).has_value();
    EXPECT_EQ(acknowledged, n > count);
    store.reset();
    disk->restart();
    expect_whole_or_absent();
  }
}

TEST_F(FaultTest, EachDeathAtStartIsFollowedByAStart) {
  for (std::size_t n = 1; n <= 5; ++n) {
    testing::ScratchDirectory directory;
    FaultFileSystem fresh(directory.path());
    fresh.crash_at(n);
    EXPECT_FALSE(open_blob_store(fresh, directory.path(), {}));
    fresh.restart();
    {
      const auto opened = must_open_store(fresh, directory.path());
      EXPECT_TRUE(put(*opened, new_bytes));
    }
    fresh.lose_unsynced();
    EXPECT_TRUE(must_open_store(fresh, directory.path())->open(new_digest)) << "died at " << n;
  }
}

TEST_F(FaultTest, ADamagedBlobIsHealedThroughEachFault) {
  for (std::size_t n = 1; n <= 8; ++n) {
    SCOPED_TRACE("operation " + std::to_string(n));
    begin();
    ASSERT_TRUE(put(*store, new_bytes));
    write_file(blob_path(scratch->path(), new_digest), "damaged");
    disk->restart();
    disk->crash_at(n);
    acknowledged = put(*store, new_bytes).has_value();
    store.reset();
    disk->restart();
    store = must_open_store(*disk, scratch->path());
    const auto blob = store->open(new_digest);
    if (blob) {
      EXPECT_EQ(content(**blob), new_bytes);
    } else {
      EXPECT_FALSE(acknowledged);
    }
    ASSERT_TRUE(put(*store, new_bytes));
    EXPECT_TRUE(store->open(new_digest));
  }
}

TEST_F(FaultTest, AFailedSyncIsNotTriedAgain) {
  begin();
  auto writer = store->create(new_bytes.size()).value();
  ASSERT_TRUE(writer->append(new_bytes));
  writer->finish_digest();
  disk->fail_next_sync();
  EXPECT_EQ(writer->commit().error().code, Code::io);
  EXPECT_FALSE(writer->commit()) << "a second sync would report success for bytes that are lost";
  EXPECT_FALSE(store->sync_trusted());
  const auto operations = disk->operations();
  EXPECT_EQ(std::count(operations.begin(), operations.end(), DiskOperation::sync), 1);
  EXPECT_EQ(count_entries(scratch->path() / "tmp"), 0U);
  EXPECT_EQ(store->open(new_digest).error().code, Code::not_found);
}

TEST_F(FaultTest, ABlobFoundWholeButUnsyncedIsMadeDurableBeforeItCounts) {
  begin();
  // An earlier process renamed it and died before the sync of the directory.
  const auto order = [this] {
    EXPECT_TRUE(put(*store, new_bytes));
    const auto operations = disk->operations();
    return static_cast<std::size_t>(std::find(operations.begin(), operations.end(), DiskOperation::rename) - operations.begin()) + 1;
  }();
  begin();
  disk->crash_at(order);
  EXPECT_FALSE(put(*store, new_bytes));
  store.reset();
  disk->restart();
  store = must_open_store(*disk, scratch->path());
  ASSERT_TRUE(store->open(new_digest)) << "visible";
  ASSERT_TRUE(put(*store, new_bytes)) << "acknowledged without a rename of its own";
  store.reset();
  disk->lose_unsynced();
  store = must_open_store(*disk, scratch->path());
  EXPECT_TRUE(store->open(new_digest));
}

TEST_F(FaultTest, QuarantineLosesNothingInAPowerCut) {
  for (std::size_t n = 1; n <= 4; ++n) {
    begin();
    ASSERT_TRUE(put(*store, new_bytes));
    disk->restart();
    disk->crash_at(n);
    const bool done = store->quarantine(new_digest).has_value();
    store.reset();
    disk->lose_unsynced();
    store = must_open_store(*disk, scratch->path());
    const bool kept = read_file(scratch->path() / "quarantine" / (new_digest.hex() + ".1")) == new_bytes;
    EXPECT_TRUE(kept || store->open(new_digest));
    EXPECT_TRUE(!done || (kept && !store->open(new_digest)));
  }
}

// --- the disk itself: a model that forgives would make every test above worthless ---

TEST(FaultFileSystem, ForgetsBytesAndNamesThatWereNotSynced) {
  testing::ScratchDirectory scratch;
  const fs::path root = scratch.path();
  write_file(root / "before", "durable");
  FaultFileSystem disk(root);
  {
    auto half = disk.create(root / "half").value();
    ASSERT_TRUE(half->write_at("synced", 0));
    ASSERT_TRUE(half->sync());
    ASSERT_TRUE(half->write_at(" and not", 6));
    auto empty = disk.create(root / "empty").value();
    ASSERT_TRUE(empty->write_at("never synced", 0));
    ASSERT_TRUE(disk.sync_directory(root));
    auto nameless = disk.create(root / "nameless").value();
    ASSERT_TRUE(nameless->write_at("synced bytes", 0));
    ASSERT_TRUE(nameless->sync());
    ASSERT_TRUE(disk.remove(root / "before"));
  }
  disk.lose_unsynced();
  EXPECT_EQ(read_file(root / "half"), "synced");
  EXPECT_TRUE(fs::exists(root / "empty"));
  EXPECT_EQ(read_file(root / "empty"), "");
  EXPECT_FALSE(fs::exists(root / "nameless"));
  EXPECT_EQ(read_file(root / "before"), "durable");
}

TEST(FaultFileSystem, ARenameIsUndoneUnlessItsDirectoriesWereSynced) {
  testing::ScratchDirectory scratch;
  const fs::path root = scratch.path();
  write_file(root / "a" / "file", "old");
  write_file(root / "b" / "file", "new");
  FaultFileSystem disk(root);
  ASSERT_TRUE(disk.rename(root / "b" / "file", root / "a" / "file"));
  EXPECT_EQ(read_file(root / "a" / "file"), "new");
  disk.lose_unsynced();
  EXPECT_EQ(read_file(root / "a" / "file"), "old");
  EXPECT_EQ(read_file(root / "b" / "file"), "new");
  ASSERT_TRUE(disk.rename(root / "b" / "file", root / "a" / "file"));
  ASSERT_TRUE(disk.sync_directory(root / "a"));
  disk.lose_unsynced();
  EXPECT_EQ(read_file(root / "a" / "file"), "new");
}

TEST(FaultFileSystem, ASyncAfterAFailedOneLies) {
  testing::ScratchDirectory scratch;
  const fs::path root = scratch.path();
  FaultFileSystem disk(root);
  {
    auto file = disk.create(root / "file").value();
    ASSERT_TRUE(disk.sync_directory(root));
    ASSERT_TRUE(file->write_at("bytes", 0));
    disk.fail_next_sync();
    EXPECT_FALSE(file->sync());
    EXPECT_TRUE(file->sync());
  }
  disk.lose_unsynced();
  EXPECT_EQ(read_file(root / "file"), "");
}

TEST(FaultFileSystem, NothingWorksAfterTheCrash) {
  testing::ScratchDirectory scratch;
  const fs::path root = scratch.path();
  FaultFileSystem disk(root);
  auto file = disk.create(root / "file").value();
  disk.crash_at(1);
  EXPECT_EQ(file->write_at("12345678", 0).error().code, Code::cancelled);
  EXPECT_TRUE(disk.crashed());
  EXPECT_EQ(file->write_at("more", 8).error().code, Code::cancelled);
  EXPECT_FALSE(disk.create(root / "other"));
  EXPECT_FALSE(disk.make_directories(root / "directory"));
  EXPECT_FALSE(disk.rename(root / "file", root / "other"));
  EXPECT_FALSE(disk.remove(root / "file"));
  EXPECT_FALSE(disk.open_read(root / "file"));
  EXPECT_EQ(read_file(root / "file"), "1234") << "the write it died in was done by half";
  EXPECT_EQ(count_entries(root), 1U);
}

}  // namespace
}  // namespace bodega::store
