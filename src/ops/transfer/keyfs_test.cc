#include "ops/transfer/keyfs.h"

#include "ops/transfer/serverdir_fixture_for_test.h"

namespace bodega::ops {
namespace {

struct KeyFsTest : ::testing::Test {
  testing::ScratchDirectory scratch;
  DevpiDirectory devpi{scratch.path()};

  std::unique_ptr<KeyFs> open(std::size_t cache_bytes = KeyFs::kCacheBytes) {
    auto keys = KeyFs::open(scratch.path() / ".sqlite", cache_bytes);
    EXPECT_TRUE(keys) << keys.error().describe();
    return std::move(*keys);
  }
  std::string value(KeyFs& keys, const std::string& key) {
    const auto got = keys.get(key);
    if (!got) return "! " + got.error().describe();
    return *got ? (*got)->compact() : "none";
  }
};

TEST_F(KeyFsTest, TheLastValueOfAKeyCounts) {
  devpi.set("a", "USER", R"({"n": 1})");
  devpi.set("b", "USER", "7");
  devpi.commit();
  devpi.set("a", "USER", R"({"n": 2})");
  devpi.commit();
  const auto keys = open();
  EXPECT_EQ(value(*keys, "a"), R"({"n":2})");
  EXPECT_EQ(value(*keys, "b"), "7");
  EXPECT_EQ(value(*keys, "c"), "none");
}

TEST_F(KeyFsTest, ADeletedKeyIsNone) {
  devpi.set("a", "USER", "1");
  devpi.commit();
  devpi.set("a", "USER", "null");
  devpi.commit();
  EXPECT_EQ(value(*open(), "a"), "none");
}

TEST_F(KeyFsTest, OneDamagedTransactionHidesItsOwnValuesOnly) {
  devpi.set("a", "USER", "1");
  devpi.commit();
  devpi.set("b", "USER", "2");
  devpi.commit();
  devpi.script("UPDATE changelog SET data = x'4e7fffffff' WHERE serial = 1; INSERT INTO kv VALUES('c', 'USER', 9), ('d', 'USER', 0)");
  const auto keys = open();
  EXPECT_EQ(value(*keys, "a"), "1");
  EXPECT_EQ(value(*keys, "b").substr(0, 2), "! ");
  EXPECT_NE(value(*keys, "c").find("a transaction of devpi is lost"), std::string::npos);
  EXPECT_NE(value(*keys, "d").find("a value of devpi is lost"), std::string::npos);
}

TEST_F(KeyFsTest, MemoryIsBounded) {
  const std::string large = dumped::text(std::string(10'000, 'x'));
  for (int i = 0; i < 50; ++i) {
    devpi.set("k" + std::to_string(i), "USER", large);
    devpi.commit();
  }
  constexpr std::size_t kSome = 35'000;
  const auto keys = open(kSome);
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 50; ++i) EXPECT_EQ(value(*keys, "k" + std::to_string(i)).size(), 10'002U);
  }
  EXPECT_LE(keys->cached_bytes(), kSome);
  // What alone is larger than all of it is still read.
  EXPECT_EQ(value(*open(10), "k3").size(), 10'002U);
}

TEST_F(KeyFsTest, RenamesAreThoseOfTheNewestTransaction) {
  devpi.set("a", "USER", "1");
  devpi.commit({"+files/old-tmp"});
  devpi.set("a", "USER", "2");
  devpi.commit({"+files/new-tmp", "+files/gone"});
  EXPECT_EQ(open()->renames().value(), (std::vector<std::string>{"+files/new-tmp", "+files/gone"}));
}

TEST_F(KeyFsTest, AnotherFileIsRefused) {
  store::write_file(scratch.path() / "text", "this is no database, and it is long enough to be read as the head of one");
  EXPECT_EQ(KeyFs::open(scratch.path() / "text").error().code, Code::corrupt);
  EXPECT_FALSE(KeyFs::open(scratch.path() / "none"));
  devpi.script("DROP TABLE kv");
  EXPECT_FALSE(KeyFs::open(scratch.path() / ".sqlite"));
}

}  // namespace
}  // namespace bodega::ops
