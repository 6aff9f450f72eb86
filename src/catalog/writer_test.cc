#include "catalog/writer.h"

#include <cerrno>
#include <future>
#include <semaphore>

#include "catalog/fixture_for_test.h"
#include "catalog/open.h"
#include "catalog/sqlite/faults_for_test.h"

namespace bodega::catalog {
namespace {

using sqlite::Database;

TEST(CheckpointPlan, FollowsTheGrowthOfTheWal) {
  struct Case {
    int pages;
    int checkpointed;
    WalAction action;
  };
  for (const Case c : {Case{0, 0, WalAction::none}, Case{999, 0, WalAction::none}, Case{1000, 0, WalAction::passive},
                       Case{1500, 1000, WalAction::none}, Case{2000, 1000, WalAction::passive}, Case{5, 1000, WalAction::none},
                       Case{1200, 3000, WalAction::passive}, Case{16000, 15000, WalAction::restart}, Case{16500, 16000, WalAction::none}}) {
    EXPECT_EQ(plan_checkpoint(c.pages, c.checkpointed), c.action) << c.pages << " after " << c.checkpointed;
  }
}

class WriterTest : public ::testing::TestWithParam<Threads> {
 protected:
  WriterTest() {
    auto database = open();
    need(need(std::move(database))->script("CREATE TABLE t(a INTEGER UNIQUE, body BLOB) STRICT"));
    writer_.emplace(
        need(open()),
        [this] {
          ++reopened_;
          return open();
        },
        [this](Database&) { ++told_; }, GetParam());
  }

  Result<std::unique_ptr<Database>> open() {
    BODEGA_TRY(auto database, open_writer(dir_ / "x.db", sqlite::Synchronous::full));
    if (max_pages_ > 0) BODEGA_TRY_VOID(database->script("PRAGMA max_page_count=" + std::to_string(max_pages_)));
    return database;
  }

  static Writer::Job insert(std::int64_t value, std::size_t bytes = 0) {
    return [value, bytes](Database& database) -> Result<void> {
      BODEGA_TRY_VOID(database.run("INSERT INTO t VALUES(?, ?)", value, sqlite::Blob{std::string(bytes, 'x')}));
      return {};
    };
  }

  // All values in the table, seen by a connection of its own.
  std::string values() {
    const auto reader = need(Database::open({.file = dir_ / "x.db", .access = sqlite::Access::reader}));
    auto row = need(reader->query("SELECT coalesce(group_concat(a), '') FROM (SELECT a FROM t ORDER BY a)"));
    need(row.step());
    return row.text(0);
  }

  TempDir dir_;
  std::atomic<int> told_{0};
  std::atomic<int> reopened_{0};
  int max_pages_ = 0;
  std::optional<Writer> writer_;
};

INSTANTIATE_TEST_SUITE_P(Both, WriterTest, ::testing::Values(Threads::inline_writer, Threads::own_writer),
                         [](const auto& chosen) { return chosen.param == Threads::own_writer ? "own_writer" : "inline_writer"; });

TEST_P(WriterTest, IsDurableWhenItTells) {
  const sqlite::Faults faults("x.db-wal");
  need(writer_->run(insert(1)));
  EXPECT_EQ(faults.synced(), 1);
  EXPECT_EQ(values(), "1");
  EXPECT_EQ(told_, 1);
  EXPECT_EQ(writer_->commits(), 1U);
}

TEST_P(WriterTest, AJobThatChangesNothingIsNoCommit) {
  need(writer_->run([](Database&) -> Result<void> { return {}; }));
  EXPECT_EQ(writer_->commits(), 0U);
  EXPECT_EQ(told_, 0);
}

TEST_P(WriterTest, AFailingJobKeepsItsErrorAndLeavesNothing) {
  const auto failed = writer_->run([](Database& database) -> Result<void> {
    need(database.run("INSERT INTO t VALUES(1, x'')"));
    return fail(Code::forbidden, "no");
  });
  EXPECT_EQ(code_of(failed), Code::forbidden);
  EXPECT_EQ(values(), "");
  EXPECT_TRUE(writer_->healthy());
}

TEST_P(WriterTest, AFullDatabaseRollsBackAndWorksAgainWithSpace) {
  max_pages_ = 10;
  writer_.reset();
  writer_.emplace(
      need(open()), [this] { return open(); }, Writer::Committed(), GetParam());
  need(writer_->run(insert(1)));
  EXPECT_EQ(code_of(writer_->run(insert(2, 100'000))), Code::no_space);
  EXPECT_EQ(values(), "1");
  EXPECT_TRUE(writer_->healthy());
  need(writer_->run(insert(3)));  // what fits still goes in
  max_pages_ = 0;
  EXPECT_EQ(code_of(writer_->run(insert(4, 100'000))), Code::no_space);
  need(writer_->run(insert(5, 100'000)));  // the connection opened since sees the space
  EXPECT_EQ(values(), "1,3,5");
}

TEST_P(WriterTest, AJobThatIgnoresAFullDiskDoesNotCommitHalfOfItself) {
  max_pages_ = 10;
  writer_.reset();
  writer_.emplace(
      need(open()), [this] { return open(); }, Writer::Committed(), GetParam());
  const auto careless = writer_->run([](Database& database) -> Result<void> {
    need(insert(1)(database));
    EXPECT_FALSE(insert(2, 100'000)(database));
    EXPECT_FALSE(insert(3)(database));
    return {};
  });
  EXPECT_EQ(code_of(careless), Code::no_space);
  EXPECT_EQ(values(), "");
}

TEST_P(WriterTest, AFullDiskIsNoSpaceAndPasses) {
  need(writer_->run(insert(1)));
  sqlite::Faults faults("x.db-wal");
  faults.fail_writes(ENOSPC);
  EXPECT_EQ(code_of(writer_->run(insert(2))), Code::no_space);
  EXPECT_EQ(values(), "1");
  faults.fail_writes(EDQUOT);
  const auto over_quota = writer_->run(insert(2));
  EXPECT_EQ(code_of(over_quota), Code::no_space) << over_quota.error().describe();
  faults.fail_writes(0);
  need(writer_->run(insert(3)));
  EXPECT_EQ(values(), "1,3");
  EXPECT_TRUE(writer_->healthy());
}

// The kernel forgets the pages of a failed sync and the next sync succeeds: the failed commit must not be believed, and the connection
// that made it must go.
TEST_P(WriterTest, AFailedSyncIsNotRetriedAndTheConnectionGoes) {
  need(writer_->run(insert(1)));
  sqlite::Faults faults("x.db-wal");
  faults.fail_syncs(EIO);
  EXPECT_EQ(code_of(writer_->run(insert(2))), Code::io);
  EXPECT_EQ(faults.failed(), 1);
  EXPECT_FALSE(writer_->healthy());
  EXPECT_EQ(writer_->commits(), 1U);
  EXPECT_EQ(told_, 1);
  EXPECT_EQ(reopened_, 0);
  faults.fail_syncs(0);
  need(writer_->run(insert(3)));
  EXPECT_EQ(reopened_, 1);
  EXPECT_FALSE(writer_->healthy());  // stays: somebody should look at that disk
  EXPECT_EQ(told_, 2);
}

TEST_P(WriterTest, AFailedWriteIsIoAndLeavesNothing) {
  need(writer_->run(insert(1)));
  sqlite::Faults faults("x.db-wal");
  faults.fail_writes(EIO);
  EXPECT_EQ(code_of(writer_->run(insert(2))), Code::io);
  EXPECT_FALSE(writer_->healthy());
  faults.fail_writes(0);
  need(writer_->run(insert(3)));
  EXPECT_EQ(values(), "1,3");
}

TEST_P(WriterTest, ACheckpointKeepsTheWalSmall) {
  for (int i = 0; i < 60; ++i) need(writer_->run(insert(i, 200'000)));  // 12 MB
  // A job that ends after the last one's checkpoint.
  need(writer_->run([](Database&) -> Result<void> { return {}; }));
  EXPECT_LT(std::filesystem::file_size(dir_ / "x.db-wal"), 7'000'000U);
  EXPECT_GT(std::filesystem::file_size(dir_ / "x.db"), 4'000'000U);
  writer_.reset();
  EXPECT_FALSE(std::filesystem::exists(dir_ / "x.db-wal"));
  EXPECT_GT(std::filesystem::file_size(dir_ / "x.db"), 12'000'000U);
}

// ---- groups: with a thread of its own ----

class GroupTest : public WriterTest {
 protected:
  // Holds the writer inside a job until release(), so that what is posted meanwhile becomes one group.
  void hold() {
    writer_->post(
        [this](Database&) -> Result<void> {
          holding_.release();
          go_on_.acquire();
          return {};
        },
        [](Result<void>) {});
    holding_.acquire();
  }
  void release() { go_on_.release(); }

  std::future<Result<void>> post(Writer::Job job) {
    auto promise = std::make_shared<std::promise<Result<void>>>();
    auto future = promise->get_future();
    writer_->post(std::move(job), [promise](Result<void> result) { promise->set_value(std::move(result)); });
    return future;
  }

  std::binary_semaphore holding_{0};
  std::binary_semaphore go_on_{0};
};

INSTANTIATE_TEST_SUITE_P(Own, GroupTest, ::testing::Values(Threads::own_writer));

TEST_P(GroupTest, WritesThatWaitShareOneCommit) {
  hold();
  std::vector<std::future<Result<void>>> results;
  for (int i = 0; i < 50; ++i) results.push_back(post(insert(i)));
  EXPECT_EQ(writer_->queued(), 50U);
  const sqlite::Faults faults("x.db-wal");
  release();
  for (auto& result : results) need(result.get());
  EXPECT_EQ(writer_->commits(), 1U);
  EXPECT_EQ(faults.synced(), 1);
  EXPECT_EQ(writer_->queued(), 0U);
}

TEST_P(GroupTest, OneFailureAmongOthersIsItsOwn) {
  hold();
  auto first = post(insert(1));
  auto clash = post([](Database& database) -> Result<void> {
    BODEGA_TRY_VOID(insert(2)(database));
    return insert(1)(database);
  });
  auto last = post(insert(3));
  release();
  need(first.get());
  EXPECT_EQ(code_of(clash.get()), Code::conflict);
  need(last.get());
  EXPECT_EQ(values(), "1,3");
  EXPECT_EQ(writer_->commits(), 1U);
}

TEST_P(GroupTest, AFailedCommitFailsAllAndEveryOwnErrorStays) {
  hold();
  auto good = post(insert(1));
  auto bad = post([](Database&) -> Result<void> { return fail(Code::forbidden, "no"); });
  auto other = post(insert(2));
  sqlite::Faults faults("x.db-wal");
  faults.fail_syncs(EIO);
  release();
  EXPECT_EQ(code_of(good.get()), Code::io);
  EXPECT_EQ(code_of(bad.get()), Code::forbidden);
  EXPECT_EQ(code_of(other.get()), Code::io);
  faults.fail_syncs(0);
  need(post(insert(3)).get());
  EXPECT_EQ(writer_->commits(), 1U);
}

TEST_P(GroupTest, ATransactionThatSqliteThrewAwayFailsOnlyWhatWasInIt) {
  max_pages_ = 10;
  writer_.reset();
  writer_.emplace(
      need(open()), [this] { return open(); }, Writer::Committed(), Threads::own_writer);
  hold();
  auto before = post(insert(1));
  auto huge = post(insert(2, 100'000));
  auto after = post(insert(3));
  release();
  EXPECT_EQ(code_of(before.get()), Code::no_space);
  EXPECT_EQ(code_of(huge.get()), Code::no_space);
  need(after.get());
  EXPECT_EQ(values(), "3");
}

TEST_P(GroupTest, StoppingFinishesWhatWaits) {
  hold();
  std::vector<std::future<Result<void>>> results;
  for (int i = 0; i < 10; ++i) results.push_back(post(insert(i)));
  release();
  writer_.reset();
  for (auto& result : results) need(result.get());
  EXPECT_EQ(values(), "0,1,2,3,4,5,6,7,8,9");
}

}  // namespace
}  // namespace bodega::catalog
