// Opening, refusing, surviving; and the coroutine doors.
#include "catalog/catalog.h"

#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <thread>

#include "async/loop.h"
#include "catalog/fixture_for_test.h"
#include "catalog/migrations.h"
#include "catalog/sqlite/database.h"
#include "catalog/sqlite/faults_for_test.h"

namespace bodega::catalog {
namespace {

namespace fs = std::filesystem;

class OpenTest : public ::testing::Test {
 protected:
  Result<std::unique_ptr<Catalog>> open(const fs::path& directory, HadData had_data = HadData::no) {
    return open_catalog({.directory = directory, .threads = Threads::inline_writer, .clock = &clock_}, *pool_, had_data);
  }
  Result<std::unique_ptr<Catalog>> open(HadData had_data = HadData::no) { return open(dir_.path(), had_data); }

  // Everything but the header, the schema and the small tables that the start looks into.
  void damage_cache() {
    std::fstream file(dir_ / "cache.db", std::ios::in | std::ios::out | std::ios::binary);
    const auto size = static_cast<std::streamoff>(fs::file_size(dir_ / "cache.db"));
    for (std::streamoff at = size / 2; at + 4096 <= size; at += 4096) {
      file.seekp(at);
      file << std::string(4096, '\x5a');
    }
  }

  static Result<void> set(Catalog& catalog, const std::string& key) {
    return catalog.write_now([&](Transaction& t) { return t.set_setting(key, "value"); });
  }
  static bool has(Catalog& catalog, const std::string& key) {
    return catalog
        .read_now([&](Reader& r) -> Result<void> {
          BODEGA_TRY_VOID(r.setting(key));
          return {};
        })
        .has_value();
  }
  static Result<void> put(Catalog& catalog, const std::string& content) {
    return catalog.write_cache_now([&](CacheTransaction& t) { return t.put_cached({Digest::of(content), content.size(), at(1)}); });
  }
  static std::uint64_t blobs(Catalog& catalog) {
    std::uint64_t count = 0;
    need(catalog.read_cache_now([&](CacheReader& r) -> Result<void> {
      BODEGA_TRY(const auto totals, r.totals());
      count = totals.blobs;
      return {};
    }));
    return count;
  }
  std::vector<std::string> names() const {
    std::vector<std::string> found;
    for (const auto& entry : fs::directory_iterator(dir_.path())) found.push_back(entry.path().filename());
    std::sort(found.begin(), found.end());
    return found;
  }

  TempDir dir_;
  FixedClock clock_;
  std::unique_ptr<Pool> pool_ = make_inline_pool();
};

TEST_F(OpenTest, ACleanStopLeavesTwoFiles) {
  {
    const auto catalog = need(open());
    need(set(*catalog, "a"));
    need(put(*catalog, "b"));
  }
  EXPECT_EQ(names(), (std::vector<std::string>{"cache.db", "catalog.db"}));
  const auto again = need(open(HadData::yes));
  EXPECT_TRUE(has(*again, "a"));
  EXPECT_EQ(blobs(*again), 1U);
  EXPECT_EQ(again->last_serial(), 1U);
}

TEST_F(OpenTest, AMissingCatalogOverDataIsRefused) {
  need(open());
  fs::remove(dir_ / "catalog.db");
  const auto refused = open(HadData::yes);
  EXPECT_EQ(code_of(refused), Code::not_found);
  EXPECT_NE(refused.error().message.find((dir_ / "catalog.db").string() + " is missing"), std::string::npos);
  EXPECT_NE(refused.error().message.find("restore catalog.db from a backup"), std::string::npos);
  EXPECT_FALSE(fs::exists(dir_ / "catalog.db"));
}

TEST_F(OpenTest, AnEmptyCatalogOverDataIsRefused) {
  write_file(dir_ / "catalog.db", "");
  EXPECT_EQ(code_of(open(HadData::yes)), Code::not_found);
  EXPECT_EQ(fs::file_size(dir_ / "catalog.db"), 0U);
  // A database without any table, as a tool makes it, is as empty.
  { const auto made = need(sqlite::Database::open({.file = dir_ / "catalog.db", .access = sqlite::Access::writer})); }
  EXPECT_EQ(code_of(open(HadData::yes)), Code::not_found);
}

TEST_F(OpenTest, ALogWithoutItsDatabaseIsRefusedAndKept) {
  write_file(dir_ / "catalog.db-wal", std::string(5000, 'w'));
  EXPECT_EQ(code_of(open()), Code::not_found);
  EXPECT_EQ(fs::file_size(dir_ / "catalog.db-wal"), 5000U);
  EXPECT_EQ(names(), (std::vector<std::string>{"catalog.db-wal"}));
}

TEST_F(OpenTest, ADamagedCatalogIsRefusedAndNotTouched) {
  {
    const auto catalog = need(open());
    need(set(*catalog, "a"));
  }
  const std::string good = read_file(dir_ / "catalog.db");
  std::string no_schema = good;
  no_schema.replace(100, 3996, 3996, '\xff');  // page 1 after the header: sqlite_schema
  std::string no_rest = good;
  no_rest.replace(4096, good.size() - 4096, good.size() - 4096, '\xff');
  const std::array damaged{std::string(10000, 'g'), std::string("short"), good.substr(0, 8192), no_schema, no_rest};
  for (std::size_t i = 0; i < damaged.size(); ++i) {
    write_file(dir_ / "catalog.db", damaged[i]);
    const auto refused = open(HadData::yes);
    ASSERT_FALSE(refused.has_value()) << "case " << i;
    EXPECT_EQ(refused.error().code, Code::corrupt) << "case " << i << refused.error().describe();
    EXPECT_NE(refused.error().message.find("catalog.db is damaged. Nothing was changed."), std::string::npos);
    EXPECT_EQ(read_file(dir_ / "catalog.db"), damaged[i]) << "case " << i;
    fs::remove(dir_ / "catalog.db-wal");
    fs::remove(dir_ / "catalog.db-shm");
  }
}

TEST_F(OpenTest, ANewerSchemaIsRefusedWhereItIsOurs) {
  need(open());
  const auto set_version = [this](std::size_t version) {
    const auto database = need(sqlite::Database::open({.file = dir_ / "catalog.db", .access = sqlite::Access::writer}));
    need(database->script("PRAGMA user_version=" + std::to_string(version)));
  };
  set_version(99);
  const auto refused = open(HadData::yes);
  EXPECT_EQ(code_of(refused), Code::conflict);
  EXPECT_NE(refused.error().message.find("catalog.db was written by a newer Bodega (schema 99"), std::string::npos);
  set_version(kMainSchema.migrations.size());
  need(open(HadData::yes));
}

TEST_F(OpenTest, ANewerCacheIsSetAside) {
  need(open());
  {
    const auto database = need(sqlite::Database::open({.file = dir_ / "cache.db", .access = sqlite::Access::writer}));
    need(database->script("PRAGMA user_version=99"));
  }
  const auto catalog = need(open(HadData::yes));
  EXPECT_EQ(catalog->cache_renewals(), 1U);
  EXPECT_EQ(blobs(*catalog), 0U);
}

// Damage deep inside was met by every later question again, until somebody moved the file away by hand.
TEST_F(OpenTest, ACacheThatIsFoundDamagedInUseIsMadeAnew) {
  {
    const auto catalog = need(open());
    for (int i = 0; i < 2000; ++i) need(put(*catalog, std::to_string(i)));
  }
  damage_cache();
  const auto catalog = need(open(HadData::yes));
  std::size_t seen = 0;
  const auto all = [&seen](CacheReader& reader) {
    seen = 0;
    return reader.each_cached([&seen](const CachedBlobRow&) { ++seen; });
  };
  need(catalog->read_cache_now(all));
  EXPECT_EQ(seen, 0U);
  EXPECT_EQ(catalog->cache_renewals(), 1U);
  EXPECT_TRUE(catalog->healthy());
  need(put(*catalog, "new"));
  EXPECT_EQ(blobs(*catalog), 1U);
  EXPECT_TRUE(fs::exists(dir_ / "cache.db.damaged-1700000000000000"));
}

// A renewal that failed half of the way, here for want of descriptors, left nothing to read through, and the next question ended the
// process.
TEST_F(OpenTest, ARenewalThatFailsIsTriedAgain) {
  const auto all = [](CacheReader& reader) { return reader.each_cached([](const CachedBlobRow&) {}); };
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  std::size_t failed = 0;
  for (rlim_t spare = 0; spare < 12; ++spare) {
    {
      const auto whole = need(open());
      need(whole->write_cache_now([](CacheTransaction& t) -> Result<void> {
        for (int i = 0; i < 2000; ++i) BODEGA_TRY_VOID(t.put_cached({Digest::of(std::to_string(i)), 1, at(1)}));
        return {};
      }));
      need(whole->read_cache_now(all));  // UBSan needs descriptors of its own to check an object whose class it has not seen before
    }
    damage_cache();
    const auto catalog = need(open(HadData::yes));
    const auto open_now = static_cast<rlim_t>(std::distance(fs::directory_iterator("/proc/self/fd"), fs::directory_iterator()));
    const rlimit tight{open_now - 4 + spare, before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &tight), 0);
    for (int i = 0; i < 3; ++i) failed += catalog->read_cache_now(all) ? 0 : 1;
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
    need(catalog->read_cache_now(all));
    need(put(*catalog, "new"));
    EXPECT_TRUE(catalog->healthy());
  }
  EXPECT_GT(failed, 0U);
}

// A cache.db that had been set aside but not made again was opened as it was: empty, without its tables, until the next start.
TEST_F(OpenTest, ACacheThatWasOnlySetAsideIsMadeLater) {
  need(need(open())->write_cache_now([](CacheTransaction& t) -> Result<void> {
    for (int i = 0; i < 2000; ++i) BODEGA_TRY_VOID(t.put_cached({Digest::of(std::to_string(i)), 1, at(1)}));
    return {};
  }));
  damage_cache();
  const auto catalog = need(open(HadData::yes));
  const auto in_its_way = dir_ / "cache.db.new";  // where it is made; a directory with something in it is not removed
  fs::create_directories(in_its_way / "here");
  const auto all = [](CacheReader& reader) { return reader.each_cached([](const CachedBlobRow&) {}); };
  for (int i = 0; i < 2; ++i) {
    EXPECT_FALSE(catalog->read_cache_now(all));
    EXPECT_FALSE(put(*catalog, "early"));
  }
  EXPECT_EQ(fs::exists(dir_ / "cache.db"), false);
  fs::remove_all(in_its_way);
  need(put(*catalog, "new"));
  EXPECT_EQ(blobs(*catalog), 1U);
  EXPECT_EQ(catalog->cache_renewals(), 1U);
  EXPECT_TRUE(catalog->healthy());
}

TEST_F(OpenTest, ACacheThatSomebodyRemovedIsMadeAnewWhenItIsOpenedAgain) {
  const auto catalog = need(open());
  need(put(*catalog, "old"));
  for (const auto* part : {"", "-wal", "-shm"}) fs::remove(dir_ / (std::string("cache.db") + part));
  // What is asked of the old one fails or not; nothing may go wrong for good.
  for (int i = 0; i < 3; ++i) static_cast<void>(put(*catalog, std::to_string(i)));
  need(put(*catalog, "new"));
  EXPECT_GE(blobs(*catalog), 1U);
}

TEST_F(OpenTest, TheChangelogIsPrunedAndSerialsGoOn) {
  const auto catalog = need(open());
  for (int i = 0; i < 20; ++i) need(set(*catalog, "key" + std::to_string(i)));
  const auto before = catalog->last_serial();
  const auto prune = [](Transaction& transaction) -> Result<void> {
    BODEGA_TRY(const bool more, transaction.prune_changelog(5));
    EXPECT_FALSE(more);
    return {};
  };
  need(catalog->write_now(prune));
  EXPECT_EQ(catalog->last_serial(), before);
  need(set(*catalog, "one more"));
  EXPECT_EQ(catalog->last_serial(), before + 1);
}

TEST_F(OpenTest, ADamagedCacheIsSetAsideAndMadeAnew) {
  {
    const auto catalog = need(open());
    need(set(*catalog, "a"));
    need(put(*catalog, "b"));
  }
  write_file(dir_ / "cache.db", "garbage");
  write_file(dir_ / "cache.db-wal", "its log");
  const auto catalog = need(open(HadData::yes));
  EXPECT_TRUE(has(*catalog, "a"));
  EXPECT_EQ(blobs(*catalog), 0U);
  need(put(*catalog, "c"));
  EXPECT_EQ(blobs(*catalog), 1U);
  EXPECT_EQ(read_file(dir_ / "cache.db.damaged-1700000000000000"), "garbage");
  EXPECT_EQ(read_file(dir_ / "cache.db.damaged-1700000000000000-wal"), "its log");
}

TEST_F(OpenTest, AMissingCacheIsMadeAnew) {
  need(open());
  fs::remove(dir_ / "cache.db");
  EXPECT_EQ(blobs(*need(open(HadData::yes))), 0U);
}

TEST_F(OpenTest, AFirstStartThatWasKilledIsBegunAnew) {
  for (const char* name : {"catalog.db", "cache.db"}) {
    write_file(dir_ / name, "");
    write_file(dir_ / (std::string(name) + ".new"), "half of it");
    write_file(dir_ / (std::string(name) + ".new-wal"), "and its log");
  }
  {
    const auto catalog = need(open());
    need(set(*catalog, "a"));
    need(put(*catalog, "b"));
  }
  const auto catalog = need(open(HadData::yes));
  EXPECT_TRUE(has(*catalog, "a"));
  EXPECT_EQ(blobs(*catalog), 1U);
  EXPECT_FALSE(fs::exists(dir_ / "catalog.db.new"));
  EXPECT_FALSE(fs::exists(dir_ / "cache.db.new-wal"));
}

TEST_F(OpenTest, AFullDiskAtTheStartSaysSo) {
  sqlite::Faults faults("catalog.db.new");
  faults.fail_writes(ENOSPC);
  const auto refused = open();
  EXPECT_EQ(code_of(refused), Code::no_space);
  EXPECT_NE(refused.error().message.find("Free some space"), std::string::npos);
  EXPECT_FALSE(fs::exists(dir_ / "cache.db")) << "the next start would miss the catalog to it";
}

TEST_F(OpenTest, AFirstStartMakesBothAtOnceAndLeavesNothingBeside) {
  const auto threads = make_thread_pool(2);
  { const auto catalog = need(open_catalog({.directory = dir_.path(), .clock = &clock_}, *threads, HadData::no)); }
  EXPECT_EQ(names(), (std::vector<std::string>{"cache.db", "catalog.db"}));
  EXPECT_EQ(blobs(*need(open(HadData::yes))), 0U);
}

// A crash of the process is a copy of the files as they lie at the moment an acknowledgement came back. (A power cut is in tests/crash.)
TEST_F(OpenTest, AnAcknowledgedWriteSurvivesACrash) {
  const auto catalog = need(open());
  for (int i = 0; i < 20; ++i) {
    need(set(*catalog, "key" + std::to_string(i)));
    const TempDir crashed;
    for (const char* name : {"catalog.db", "catalog.db-wal"}) write_file(crashed / name, read_file(dir_ / name));
    const auto survivor = need(open(crashed.path(), HadData::yes));
    EXPECT_TRUE(has(*survivor, "key" + std::to_string(i)));
    EXPECT_EQ(survivor->last_serial(), static_cast<Serial>(i + 1));
  }
}

TEST_F(OpenTest, ATornLogLosesOnlyItsEnd) {
  const auto catalog = need(open());
  need(set(*catalog, "a"));
  const auto safe = fs::file_size(dir_ / "catalog.db-wal");
  need(set(*catalog, "b"));
  const std::string wal = read_file(dir_ / "catalog.db-wal");
  for (const std::size_t cut : {std::size_t{1}, std::size_t{100}, std::size_t{4096}}) {
    const TempDir crashed;
    write_file(crashed / "catalog.db", read_file(dir_ / "catalog.db"));
    ASSERT_GE(wal.size() - cut, safe);
    write_file(crashed / "catalog.db-wal", std::string_view(wal).substr(0, wal.size() - cut));
    const auto survivor = need(open(crashed.path(), HadData::yes));
    EXPECT_TRUE(has(*survivor, "a"));
    EXPECT_FALSE(has(*survivor, "b"));
    need(set(*survivor, "c"));
  }
}

TEST_F(OpenTest, AFailedCommitMakesItUnhealthyAndReadsGoOn) {
  const auto catalog = need(open());
  need(set(*catalog, "a"));
  {
    sqlite::Faults faults("catalog.db-wal");
    faults.fail_syncs(EIO);
    EXPECT_EQ(code_of(set(*catalog, "b")), Code::io);
  }
  EXPECT_FALSE(catalog->healthy());
  EXPECT_EQ(catalog->last_serial(), 1U);
  EXPECT_TRUE(has(*catalog, "a"));
  EXPECT_FALSE(has(*catalog, "b"));
  need(set(*catalog, "c"));
  EXPECT_EQ(catalog->last_serial(), 2U);
}

TEST_F(OpenTest, AFullDiskFailsWritesAndNotReads) {
  const auto catalog = need(open());
  need(set(*catalog, "a"));
  {
    sqlite::Faults faults("catalog.db-wal");
    faults.fail_writes(ENOSPC);
    const auto full = set(*catalog, "b");
    EXPECT_EQ(code_of(full), Code::no_space);
    EXPECT_TRUE(has(*catalog, "a"));
    EXPECT_FALSE(has(*catalog, "b"));
  }
  EXPECT_TRUE(catalog->healthy());
  EXPECT_EQ(catalog->last_serial(), 1U);
  need(set(*catalog, "b"));
  EXPECT_EQ(catalog->last_serial(), 2U);
}

// ---- coroutines ----

Task<void> write_and_read(Catalog& catalog, Loop& loop, int number, std::atomic<int>& good) {
  const std::string key = "key" + std::to_string(number);
  auto put = [&key](Transaction& t) -> Result<int> {
    BODEGA_TRY_VOID(t.set_setting(key, "value"));
    return 7;
  };
  const auto written = co_await catalog.write(std::move(put));
  EXPECT_TRUE(loop.here());
  EXPECT_TRUE(written.has_value() && *written == 7);
  EXPECT_GE(catalog.last_serial(), 1U);
  auto get = [&key](Reader& r) { return r.setting(key); };
  const auto read = co_await catalog.read(std::move(get));
  EXPECT_TRUE(loop.here());
  if (read && *read == "value") ++good;  // nobody resumes before his own write can be read
  auto put_cached = [&key](CacheTransaction& t) { return t.put_cached({Digest::of(key), 5, at(1)}); };
  const auto cached = co_await catalog.write_cache(std::move(put_cached));
  auto ask = [&key](CacheReader& r) { return r.is_cached(Digest::of(key)); };
  const auto there = co_await catalog.read_cache(std::move(ask));
  if (cached && there && *there) ++good;
  auto refuse = [](Transaction& t) -> Result<std::string> {
    BODEGA_TRY_VOID(t.set_setting("never", "x"));
    return fail(Code::forbidden, "no");
  };
  const auto refused = co_await catalog.write(std::move(refuse));
  if (!refused && refused.error().code == Code::forbidden) ++good;
}

void spawn(Loop& loop, Task<void> task, std::atomic<int>& finished) {
  asio::co_spawn(loop.executor(), std::move(task), [&finished](const std::exception_ptr& failed) {
    EXPECT_FALSE(failed);
    ++finished;
    finished.notify_all();
  });
}

TEST_F(OpenTest, CoroutinesWriteAndReadWithAnInlineWriter) {
  const auto catalog = need(open());
  Loop loop("test");
  std::atomic<int> good{0};
  std::atomic<int> finished{0};
  spawn(loop, write_and_read(*catalog, loop, 1, good), finished);
  while (loop.poll() > 0) {
  }
  EXPECT_EQ(finished, 1);
  EXPECT_EQ(good, 3);
}

TEST_F(OpenTest, ManyCoroutinesOnManyLoopsShareCommits) {
  const auto threads = make_thread_pool(4);
  const auto catalog = need(open_catalog({.directory = dir_.path()}, *threads, HadData::no));
  Loop one("one");
  Loop two("two");
  std::atomic<int> good{0};
  std::atomic<int> finished{0};
  constexpr int kTasks = 200;
  for (int i = 0; i < kTasks; ++i) {
    Loop& loop = i % 2 == 0 ? one : two;
    spawn(loop, write_and_read(*catalog, loop, i, good), finished);
  }
  one.start();
  two.start();
  for (int seen = finished; seen < kTasks; seen = finished) finished.wait(seen);
  one.stop();
  two.stop();
  one.join();
  two.join();
  EXPECT_EQ(good, 3 * kTasks);
  EXPECT_EQ(catalog->last_serial(), static_cast<Serial>(kTasks));
  EXPECT_LT(catalog->commits(), static_cast<std::uint64_t>(kTasks));
  EXPECT_EQ(catalog->queued(), 0U);
}

// Each reader sees one moment: two rows that always change together are never seen apart, and the serial never goes back.
TEST_F(OpenTest, ReadersSeeWholeWritesWhileTheyHappen) {
  const auto threads = make_thread_pool(1);
  const auto catalog = need(open_catalog({.directory = dir_.path(), .readers = 3}, *threads, HadData::no));
  const auto set_both = [&](int value) {
    need(catalog->write_now([&](Transaction& t) -> Result<void> {
      BODEGA_TRY_VOID(t.set_setting("left", std::to_string(value)));
      return t.set_setting("right", std::to_string(value));
    }));
  };
  set_both(0);
  std::atomic<bool> stop{false};
  std::atomic<int> reads{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 4; ++i) {
    readers.emplace_back([&] {
      Serial last = 0;
      while (!stop) {
        need(catalog->read_now([&](Reader& r) -> Result<void> {
          const Serial before = need(r.serial());
          EXPECT_GE(before, last);
          last = before;
          const auto left = need(r.setting("left"));
          EXPECT_EQ(left, need(r.setting("right")));
          EXPECT_EQ(std::to_string(before - 1), left);
          return {};
        }));
        ++reads;
      }
    });
  }
  for (int i = 1; i <= 200 || reads < 200; ++i) set_both(i);
  stop = true;
  for (auto& reader : readers) reader.join();
  EXPECT_TRUE(catalog->healthy());
}

}  // namespace
}  // namespace bodega::catalog
