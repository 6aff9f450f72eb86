#include "store/keeper.h"

#include <array>
#include <deque>

#include "store/test_store.h"
#include "testing/run_task.h"

namespace bodega::store {
namespace {

namespace fs = std::filesystem;
using testing::DiskOperation;

// Runs its jobs when it is told to.
class HeldPool final : public Pool {
 public:
  void post(std::function<void()> job) override { jobs_.push_back(std::move(job)); }
  std::size_t queued() const override { return jobs_.size(); }
  void run_one() {
    auto job = std::move(jobs_.front());
    jobs_.pop_front();
    job();
  }

 private:
  std::deque<std::function<void()>> jobs_;
};

struct KeeperTest : ::testing::Test {
  testing::ScratchDirectory scratch;
  testing::FaultFileSystem disk{scratch.path()};
  std::unique_ptr<BlobStore> store = must_open_store(disk, scratch.path());
  Loop loop{"home"};
  HeldPool pool;
  Keeper keeper{*store, pool};
  using Committing = testing::Running<Result<std::shared_ptr<const Blob>>>;

  std::unique_ptr<BlobWriter> written(const std::string& bytes) {
    auto writer = store->create(bytes.size()).value();
    EXPECT_TRUE(writer->append(bytes));
    writer->finish_digest();
    return writer;
  }
  std::size_t count(DiskOperation kind) const {
    const auto operations = disk.operations();
    return static_cast<std::size_t>(std::count(operations.begin(), operations.end(), kind));
  }
  std::size_t syncs() const { return count(DiskOperation::sync) + count(DiskOperation::sync_directory) + count(DiskOperation::sync_all); }
};

TEST_F(KeeperTest, WhatComesWhileAGroupIsUnderWayMakesUpTheNextOne) {
  std::vector<std::unique_ptr<BlobWriter>> writers;
  std::deque<Committing> tasks;
  for (int i = 0; i < 9; ++i) writers.push_back(written("file " + std::to_string(i)));
  disk.restart();
  for (auto& writer : writers) {
    auto task = keeper.commit(*writer);
    tasks.emplace_back(loop, std::move(task));
  }
  ASSERT_EQ(pool.queued(), 1U) << "the first one goes at once, with nobody else";
  pool.run_one();
  loop.poll();
  EXPECT_TRUE(tasks[0].done());
  EXPECT_FALSE(tasks[1].done());
  ASSERT_EQ(pool.queued(), 1U) << "and all others together";
  const auto before = syncs();
  pool.run_one();
  EXPECT_EQ(syncs() - before, 2U) << "one sync for the bytes of eight, one for their names";
  for (auto& task : tasks) EXPECT_TRUE(task.get());
  EXPECT_EQ(pool.queued(), 0U);
  disk.lose_unsynced();
  store = must_open_store(disk, scratch.path());
  for (int i = 0; i < 9; ++i) EXPECT_TRUE(store->open(Digest::of("file " + std::to_string(i))));
}

TEST_F(KeeperTest, ALargeFileKeepsNobodyWaiting) {
  const auto large = written(std::string(2 << 20, 'x'));
  const auto small = written("small");
  auto first = keeper.commit(*large);
  const Committing one(loop, std::move(first));
  auto second = keeper.commit(*small);
  const Committing other(loop, std::move(second));
  EXPECT_EQ(pool.queued(), 2U);
  pool.run_one();
  pool.run_one();
  loop.poll();
  EXPECT_TRUE(one.done());
  EXPECT_TRUE(other.done());
}

TEST_F(KeeperTest, NotesOfOneBlobAreSetInTheOrderInWhichTheyWereAskedFor) {
  const std::map<std::string, std::string> none;
  const std::map<std::string, std::string> before = {{"00000000000000aa", "a"}};
  const std::map<std::string, std::string> after = {{"00000000000000aa", "b"}, {"00000000000000bb", "c"}};
  const Digest digest = Digest::of("file");
  std::deque<testing::Running<Result<void>>> tasks;
  for (const auto* notes : {&none, &before, &after}) {
    auto task = keeper.set_notes(digest, *notes);
    tasks.emplace_back(loop, std::move(task));
  }
  while (pool.queued() > 0) {
    pool.run_one();
    loop.poll();
  }
  for (auto& task : tasks) EXPECT_TRUE(task.get());
  EXPECT_EQ(store->notes(digest).value(), after);
}

// --- groups: each thing of one is kept as if it were alone ---

struct GroupTest : ::testing::Test {
  const std::map<std::string, std::string> notes = {{"0123456789abcdef", "what the catalog says"}};
  std::unique_ptr<testing::ScratchDirectory> scratch;
  std::unique_ptr<testing::FaultFileSystem> disk;
  std::unique_ptr<BlobStore> store;

  static std::string bytes(std::size_t number) { return pattern(3'000 + number); }

  void begin() {
    disk.reset();
    scratch = std::make_unique<testing::ScratchDirectory>();
    disk = std::make_unique<testing::FaultFileSystem>(scratch->path());
    store = must_open_store(*disk, scratch->path());
    ASSERT_TRUE(put(*store, "noted"));
    disk->restart();
  }
  // Four files, two of them the same, and notes; which of them were acknowledged.
  std::array<bool, 5> keep() {
    std::array<bool, 5> out{};
    std::vector<std::unique_ptr<BlobWriter>> writers;
    std::vector<Keep> keeps;
    for (const std::size_t number : {0, 1, 2, 0}) {
      auto writer = store->create(0);
      if (!writer || !(*writer)->append(bytes(number))) return out;
      (*writer)->finish_digest();
      keeps.push_back({.blob = writer->get()});
      writers.push_back(std::move(*writer));
    }
    keeps.push_back({.digest = Digest::of("noted"), .notes = &notes});
    store->keep(keeps);
    for (std::size_t i = 0; i < keeps.size(); ++i) out.at(i) = keeps[i].outcome.has_value();
    return out;
  }
  void expect_kept(const std::array<bool, 5>& acknowledged) {
    store = must_open_store(*disk, scratch->path());
    ASSERT_TRUE(store->sweep());
    for (const std::size_t number : {0, 1, 2}) {
      const auto blob = store->open(Digest::of(bytes(number)));
      if (blob) {
        EXPECT_EQ(content(**blob), bytes(number));
      }
      const bool promised = acknowledged.at(number) || (number == 0 && acknowledged[3]);
      EXPECT_TRUE(blob || (!promised && blob.error().code == Code::not_found)) << number;
    }
    const auto there = store->notes(Digest::of("noted")).value();
    EXPECT_TRUE(there == notes || (!acknowledged[4] && there.empty()));
  }
};

TEST_F(GroupTest, AllOfItIsKept) {
  begin();
  EXPECT_EQ(keep(), (std::array{true, true, true, true, true}));
  EXPECT_EQ(count_entries(scratch->path() / "tmp"), 0U);
  store.reset();
  disk->lose_unsynced();
  expect_kept({true, true, true, true, true});
}

TEST_F(GroupTest, EachFailingOperationOrCutLeavesEachPartWholeOrAbsent) {
  begin();
  keep();
  const std::size_t count = disk->operations().size();
  ASSERT_GE(count, 20U);
  for (std::size_t n = 1; n <= count; ++n) {
    SCOPED_TRACE("operation " + std::to_string(n));
    for (const bool power : {false, true}) {
      begin();
      disk->crash_at(n);
      auto acknowledged = keep();
      store.reset();
      power ? disk->lose_unsynced() : disk->restart();
      expect_kept(acknowledged);

      begin();
      disk->fail_at(n, EIO);
      acknowledged = keep();
      const bool could_not_remove = disk->operations().at(n - 1) == DiskOperation::remove;
      EXPECT_EQ(count_entries(scratch->path() / "tmp"), could_not_remove ? 1U : 0U);
      store.reset();
      power ? disk->lose_unsynced() : disk->restart();
      expect_kept(acknowledged);
    }
  }
}

TEST_F(GroupTest, OneFileThatTheDiskRefusesTakesNoOtherWithIt) {
  begin();
  disk->fail_next(DiskOperation::rename, EIO);
  const auto acknowledged = keep();
  EXPECT_EQ(acknowledged, (std::array{false, true, true, true, true}));
  store.reset();
  disk->lose_unsynced();
  expect_kept(acknowledged);
}

// The sync of everything may fail for what somebody else wrote: then each file says for itself.
TEST_F(GroupTest, AFailedSyncOfEverythingIsFollowedBySingleOnes) {
  begin();
  disk->fail_next(DiskOperation::sync_all, EIO);
  const auto acknowledged = keep();
  EXPECT_EQ(acknowledged, (std::array{true, true, true, true, true}));
  EXPECT_TRUE(store->sync_trusted()) << "each of them was asked, and none had lost anything";
  store.reset();
  disk->lose_unsynced();
  expect_kept(acknowledged);
}

}  // namespace
}  // namespace bodega::store
