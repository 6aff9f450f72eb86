#include "catalog/sqlite/database.h"

#include <sys/stat.h>

#include "catalog/fixture_for_test.h"

namespace bodega::catalog::sqlite {
namespace {

std::unique_ptr<Database> open_writer(const TempDir& dir) { return need(Database::open({.file = dir / "x.db", .access = Access::writer})); }

std::int64_t integer(Database& database, const char* sql) {
  auto row = need(database.query(sql));
  EXPECT_TRUE(need(row.step()));
  return row.integer(0);
}

TEST(Database, CarriesTheSettingsThatKeepItSafe) {
  const TempDir dir;
  const auto writer = open_writer(dir);
  EXPECT_EQ(integer(*writer, "PRAGMA synchronous"), 2);
  EXPECT_EQ(integer(*writer, "PRAGMA foreign_keys"), 1);
  EXPECT_EQ(integer(*writer, "PRAGMA trusted_schema"), 0);
  EXPECT_EQ(integer(*writer, "PRAGMA query_only"), 0);
  const auto reader = need(Database::open({.file = dir / "x.db", .access = Access::reader}));
  for (auto* const database : {writer.get(), reader.get()}) {
    EXPECT_EQ(integer(*database, "PRAGMA wal_autocheckpoint"), 0);
    auto mmap = need(database->query("PRAGMA mmap_size"));
    if (need(mmap.step())) {
      EXPECT_EQ(mmap.integer(0), 0);
    }
  }
  EXPECT_EQ(integer(*reader, "PRAGMA query_only"), 1);
}

TEST(Database, IsPrivateToItsOwner) {
  const TempDir dir;
  const auto writer = open_writer(dir);
  need(writer->script("CREATE TABLE t(a)"));
  for (const char* name : {"x.db", "x.db-wal", "x.db-shm"}) {
    struct stat info {};
    ASSERT_EQ(::stat((dir / name).c_str(), &info), 0) << name;
    EXPECT_EQ(info.st_mode & 0777, 0600U) << name;
  }
}

TEST(Database, AReaderCannotWrite) {
  const TempDir dir;
  const auto writer = open_writer(dir);
  need(writer->script("CREATE TABLE t(a)"));
  const auto reader = need(Database::open({.file = dir / "x.db", .access = Access::reader}));
  EXPECT_FALSE(reader->run("INSERT INTO t VALUES(1)"));
  EXPECT_FALSE(reader->run("PRAGMA journal_mode=DELETE").has_value() && integer(*reader, "SELECT count(*) FROM t") != 0);
}

TEST(Database, BindsEveryKindOfValue) {
  const TempDir dir;
  const auto database = open_writer(dir);
  need(database->script("CREATE TABLE t(i INTEGER, s TEXT, b BLOB, n TEXT) STRICT"));
  const std::string nul("a\0b", 3);
  need(database->run("INSERT INTO t VALUES(?, ?, ?, ?)", std::int64_t{-1}, nul, Blob{std::string_view{}},
                     std::optional<std::string_view>()));
  auto row = need(database->query("SELECT i, s, b, n, typeof(b) FROM t WHERE s = ?", nul));
  ASSERT_TRUE(need(row.step()));
  EXPECT_EQ(row.integer(0), -1);
  EXPECT_EQ(row.text(1), nul);
  EXPECT_FALSE(row.is_null(2));
  EXPECT_EQ(row.text(2), "");
  EXPECT_TRUE(row.is_null(3));
  EXPECT_EQ(row.text(4), "blob");
}

TEST(Database, AQueryKeepsItsOwnCopyOfWhatIsBound) {
  const TempDir dir;
  const auto database = open_writer(dir);
  auto row = need(database->query("SELECT ?", std::string(100, 'x')));
  const std::string other(100, 'y');
  ASSERT_TRUE(need(row.step()));
  EXPECT_EQ(row.text(0), std::string(100, 'x'));
}

TEST(Database, ReusesStatementsAndNestsTheSameOne) {
  const TempDir dir;
  const auto database = open_writer(dir);
  constexpr const char* kSql = "SELECT value FROM json_each('[1,2]')";
  const auto before = database->cached_statements();
  {
    auto outer = need(database->query(kSql));
    ASSERT_TRUE(need(outer.step()));
    auto inner = need(database->query(kSql));
    ASSERT_TRUE(need(inner.step()));
    EXPECT_EQ(inner.integer(0), 1);
    ASSERT_TRUE(need(outer.step()));
    EXPECT_EQ(outer.integer(0), 2);
  }
  EXPECT_EQ(database->cached_statements(), before + 1);
  auto again = need(database->query(kSql));
  EXPECT_EQ(database->cached_statements(), before);
  ASSERT_TRUE(need(again.step()));
  EXPECT_EQ(again.integer(0), 1);  // from its start, whatever the last user left
}

TEST(Database, MapsErrorsToCodes) {
  const TempDir dir;
  const auto database = open_writer(dir);
  need(
      database->script("CREATE TABLE t(a INTEGER PRIMARY KEY CHECK(a < 10), b TEXT NOT NULL) STRICT;"
                       "CREATE TABLE u(a INTEGER REFERENCES t(a)) STRICT"));
  need(database->script("INSERT INTO t VALUES(1, 'x')"));
  EXPECT_EQ(code_of(database->run("INSERT INTO t VALUES(1, 'y')")), Code::conflict);
  EXPECT_EQ(code_of(database->run("INSERT INTO u VALUES(5)")), Code::conflict);
  EXPECT_EQ(code_of(database->run("INSERT INTO t VALUES(11, 'y')")), Code::invalid);
  EXPECT_EQ(code_of(database->run("INSERT INTO t VALUES(2, NULL)")), Code::invalid);
  EXPECT_EQ(code_of(database->run("INSERT INTO t VALUES('no number', 'y')")), Code::invalid);
  EXPECT_EQ(code_of(database->query("SELECT nonsense")), Code::io);
  const auto other = open_writer(dir);
  need(database->begin());
  need(other->script("PRAGMA busy_timeout=1"));
  EXPECT_EQ(code_of(other->begin()), Code::busy);
  database->rollback();
}

TEST(Database, AFileOfGarbageIsCorruptAndStaysAsItIs) {
  const TempDir dir;
  const std::string garbage(20000, 'g');
  write_file(dir / "x.db", garbage);
  EXPECT_EQ(code_of(Database::open({.file = dir / "x.db", .access = Access::writer})), Code::corrupt);
  EXPECT_EQ(read_file(dir / "x.db"), garbage);
}

TEST(Database, AMissingDirectoryIsAnError) {
  const TempDir dir;
  EXPECT_EQ(code_of(Database::open({.file = dir / "no/x.db", .access = Access::writer})), Code::not_found);
  EXPECT_FALSE(Database::open({.file = dir / "x.db", .access = Access::reader}));
}

TEST(Database, AFullDatabaseLosesTheTransactionAndTakesNothingMoreUntilRollback) {
  const TempDir dir;
  const auto database = open_writer(dir);
  need(database->script("CREATE TABLE t(a BLOB) STRICT"));
  need(database->script("PRAGMA max_page_count=10"));
  need(database->begin());
  need(database->run("INSERT INTO t VALUES(x'01')"));
  EXPECT_EQ(code_of(database->run("INSERT INTO t VALUES(zeroblob(100000))")), Code::no_space);
  ASSERT_TRUE(database->lost().has_value());
  // This would commit at once and alone if it ran.
  EXPECT_EQ(code_of(database->run("INSERT INTO t VALUES(x'02')")), Code::no_space);
  EXPECT_EQ(code_of(database->commit()), Code::no_space);
  EXPECT_EQ(integer(*database, "SELECT count(*) FROM t"), 0);
  need(database->script("PRAGMA max_page_count=1000"));
  need(database->begin());
  need(database->run("INSERT INTO t VALUES(zeroblob(100000))"));
  need(database->commit());
  EXPECT_EQ(integer(*database, "SELECT count(*) FROM t"), 1);
}

TEST(Database, OnlyAnExplicitCheckpointMovesTheWal) {
  const TempDir dir;
  {
    const auto database = open_writer(dir);
    need(database->script("CREATE TABLE t(a BLOB) STRICT"));
    for (int i = 0; i < 30; ++i) need(database->run("INSERT INTO t VALUES(zeroblob(400000))"));
    EXPECT_GT(database->wal_pages(), 2900);  // past SQLite's own 1000
    EXPECT_LT(std::filesystem::file_size(dir / "x.db"), 20000U);
  }
  EXPECT_LT(std::filesystem::file_size(dir / "x.db"), 20000U);  // nor does closing
  {
    const auto database = open_writer(dir);
    EXPECT_EQ(integer(*database, "SELECT count(*) FROM t"), 30);
    need(database->checkpoint(Database::Checkpoint::truncate));
  }
  EXPECT_GT(std::filesystem::file_size(dir / "x.db"), 12000000U);
  EXPECT_FALSE(std::filesystem::exists(dir / "x.db-wal"));
}

}  // namespace
}  // namespace bodega::catalog::sqlite
