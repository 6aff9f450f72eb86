#include "catalog/migrations.h"

#include <array>

#include "catalog/fixture_for_test.h"
#include "catalog/open.h"

namespace bodega::catalog {
namespace {

constexpr std::array kOne{Migration{1, "CREATE TABLE a(x) "}};
constexpr std::array kTwo{Migration{1, "CREATE TABLE a(x) "}, Migration{2, "CREATE TABLE b(x); INSERT INTO b VALUES(7)"}};
constexpr std::array kOtherOne{Migration{1, "CREATE TABLE a(y) "}};
constexpr std::array kBrokenTwo{Migration{1, "CREATE TABLE a(x) "}, Migration{2, "CREATE TABLE c(x); CREATE TABLE a(x)"}};

Schema schema_of(std::span<const Migration> migrations) { return {"x.db", 42, migrations}; }

class MigrationsTest : public ::testing::Test {
 protected:
  std::unique_ptr<sqlite::Database> open() { return need(open_writer(dir_ / "x.db", sqlite::Synchronous::full)); }
  Result<Origin> bring(std::span<const Migration> migrations) {
    const auto database = open();
    BODEGA_TRY(const auto origin, inspect(*database, schema_of(migrations)));
    BODEGA_TRY_VOID(migrate(*database, schema_of(migrations), at(5)));
    return origin;
  }
  std::string ask(const char* sql) {
    const auto database = open();
    auto row = database->query(sql);
    if (!row) return "error";
    const auto found = row->step();
    return found && *found ? row->text(0) : "nothing";
  }
  TempDir dir_;
};

TEST_F(MigrationsTest, MakeAFreshDatabase) {
  EXPECT_EQ(need(bring(kTwo)), Origin::fresh);
  EXPECT_EQ(ask("SELECT x FROM b"), "7");
  EXPECT_EQ(ask("PRAGMA user_version"), "2");
  EXPECT_EQ(ask("PRAGMA application_id"), "42");
  EXPECT_EQ(ask("SELECT group_concat(number || ':' || applied_at || ':' || length(checksum)) FROM migrations"), "1:5:64,2:5:64");
}

TEST_F(MigrationsTest, RunOnceAndOnlyForward) {
  EXPECT_EQ(need(bring(kOne)), Origin::fresh);
  EXPECT_EQ(need(bring(kOne)), Origin::existing);
  EXPECT_EQ(need(bring(kTwo)), Origin::existing);
  EXPECT_EQ(need(bring(kTwo)), Origin::existing);
  EXPECT_EQ(ask("SELECT count(*) FROM b"), "1");
}

TEST_F(MigrationsTest, RefuseANewerSchemaAndSayWhatToDo) {
  need(bring(kTwo));
  const auto refused = bring(kOne);
  EXPECT_EQ(code_of(refused), Code::conflict);
  EXPECT_NE(refused.error().message.find("newer Bodega (schema 2, this program knows up to 1)"), std::string::npos);
  EXPECT_NE(refused.error().message.find("Start that newer version again"), std::string::npos);
}

TEST_F(MigrationsTest, RefuseAHistoryThatIsNotOurs) {
  need(bring(kOne));
  const auto refused = bring(kOtherOne);
  EXPECT_EQ(code_of(refused), Code::conflict);
  EXPECT_NE(refused.error().message.find("schema step 1 differs"), std::string::npos);
}

TEST_F(MigrationsTest, AFailedOneLeavesNothingOfItself) {
  need(bring(kOne));
  EXPECT_FALSE(bring(kBrokenTwo));
  EXPECT_EQ(ask("PRAGMA user_version"), "1");
  EXPECT_EQ(ask("SELECT count(*) FROM c"), "error");
  need(bring(kTwo));
}

TEST_F(MigrationsTest, AnotherProgramsDatabaseIsNotTaken) {
  need(open()->script("CREATE TABLE theirs(x)"));
  EXPECT_EQ(code_of(bring(kOne)), Code::corrupt);
  EXPECT_EQ(ask("SELECT count(*) FROM sqlite_schema"), "1");
}

TEST_F(MigrationsTest, AGapInTheRecordIsDamage) {
  need(bring(kTwo));
  need(open()->script("DELETE FROM migrations WHERE number = 1"));
  EXPECT_EQ(code_of(bring(kTwo)), Code::corrupt);
}

TEST_F(MigrationsTest, ARuinedTableIsFoundAtOnce) {
  need(bring(kTwo));
  {
    const auto database = open();
    need(database->checkpoint(sqlite::Database::Checkpoint::truncate));
  }
  const auto root = ask("SELECT rootpage FROM sqlite_schema WHERE name = 'b'");
  {
    const auto database = open();
    need(database->checkpoint(sqlite::Database::Checkpoint::truncate));
  }
  std::string bytes = read_file(dir_ / "x.db");
  const auto page = std::stoul(root) - 1;
  bytes.replace(page * 4096, 4096, 4096, '\xee');
  write_file(dir_ / "x.db", bytes);
  EXPECT_EQ(code_of(bring(kTwo)), Code::corrupt);
}

TEST_F(MigrationsTest, TheReleasedSchemasAreNeverEdited) {
  // A failure here means that an existing installation would refuse to start: add a migration instead.
  const auto checksum = [](const Schema& schema, std::size_t i) { return Digest::of(schema.migrations[i].sql).hex().substr(0, 16); };
  EXPECT_EQ(checksum(kMainSchema, 0), "780e6a4882944873");
  EXPECT_EQ(checksum(kMainSchema, 1), "218da4e34e43efb6");
  EXPECT_EQ(checksum(kCacheSchema, 0), "c47d42ff2a9b6309");
}

}  // namespace
}  // namespace bodega::catalog
