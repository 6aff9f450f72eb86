#include "http/hot_table.h"

#include <gtest/gtest.h>

#include "testing/http_live_file.h"

namespace bodega::http {
namespace {

using testing::LiveFile;

const MonoTime kNow{std::chrono::seconds(100)};

std::shared_ptr<const HotEntry> entry(const std::string& path, int accept_class = kAnyClass, std::string body = "x",
                                      MonoTime until = MonoTime::max(), std::shared_ptr<const Validity> validity = nullptr) {
  Response response;
  response.body = std::move(body);
  return make_hot_entry(response, path, accept_class, std::move(validity), until);
}

struct Table {
  explicit Table(std::size_t entries = 100, std::uint64_t bytes = 1 << 20, std::size_t files = 10) : hot(entries, budget) {
    budget.max_bytes = bytes;
    budget.max_files = files;
  }
  const HotEntry* find(const std::string& path, int accept_class = 0, MonoTime now = kNow) {
    const auto* item = hot.find(path, now, [accept_class] { return accept_class; });
    return item == nullptr ? nullptr : item->entry.get();
  }
  HotBudget budget;
  HotTable hot;
};

TEST(HotTable, FindsByPathAndClass) {
  Table table;
  const auto any = entry("/any");
  const auto one = entry("/page", 1);
  const auto two = entry("/page", 2);
  for (const auto& each : {any, one, two}) table.hot.insert(each, 0);
  EXPECT_EQ(table.find("/any", 7), any.get());
  EXPECT_EQ(table.find("/page", 1), one.get());
  EXPECT_EQ(table.find("/page", 2), two.get());
  EXPECT_EQ(table.find("/page", 3), nullptr);
  EXPECT_EQ(table.find("/pag", 1), nullptr);
  const auto newer = entry("/page", 1);
  table.hot.insert(newer, 0);
  EXPECT_EQ(table.find("/page", 1), newer.get());
  EXPECT_EQ(table.hot.size(), 3U);
  table.hot.insert(entry("/page"), 0);  // of any class: replaces the others
  EXPECT_EQ(table.hot.size(), 2U);
  table.hot.insert(one, 0);
  EXPECT_EQ(table.hot.size(), 2U);
}

TEST(HotTable, TheClassIsAskedOnlyForAPathThatIsThere) {
  Table table;
  table.hot.insert(entry("/any"), 0);
  table.hot.insert(entry("/page", 1), 0);
  int asked = 0;
  const auto ask = [&asked] { return ++asked; };
  EXPECT_EQ(table.hot.find("/other", kNow, ask), nullptr);
  EXPECT_EQ(asked, 0);
  table.hot.find("/any", kNow, ask);
  table.hot.find("/page", kNow, ask);
  EXPECT_EQ(asked, 2);
}

TEST(HotTable, WhoGetsAnswersOfTheirOwnIsNeverAnsweredHot) {
  Table table;
  table.hot.insert(entry("/any"), 0);
  EXPECT_EQ(table.find("/any", kNeverHot), nullptr);
  EXPECT_NE(table.find("/any", 0), nullptr);
  table.hot.insert(entry("/any", kNeverHot), 0);  // would push the other out
  EXPECT_NE(table.find("/any", 0), nullptr);
  EXPECT_EQ(table.hot.size(), 1U);
}

TEST(HotTable, RevokedAndExpiredEntriesAreGone) {
  Table table;
  const auto validity = std::make_shared<Validity>();
  table.hot.insert(entry("/a", kAnyClass, "x", MonoTime::max(), validity), 0);
  table.hot.insert(entry("/b", kAnyClass, "x", kNow), 0);
  EXPECT_NE(table.find("/a"), nullptr);
  EXPECT_NE(table.find("/b", 0, kNow - std::chrono::nanoseconds(1)), nullptr);
  EXPECT_EQ(table.find("/b"), nullptr);
  validity->revoke();
  EXPECT_EQ(table.find("/a"), nullptr);
  EXPECT_EQ(table.hot.size(), 0U);
  EXPECT_EQ(table.budget.bytes, 0U);
}

TEST(HotTable, TheLeastRecentlyUsedMakesRoom) {
  Table table(3);
  for (const char* path : {"/a", "/b", "/c"}) table.hot.insert(entry(path), 0);
  EXPECT_NE(table.find("/a"), nullptr);
  table.hot.insert(entry("/d"), 0);
  EXPECT_EQ(table.find("/b"), nullptr);
  for (const char* path : {"/a", "/c", "/d"}) EXPECT_NE(table.find(path), nullptr) << path;
}

TEST(HotTable, BytesAndFilesAreBoundedOverAllTables) {
  Table table(100, 100'000, 2);
  HotTable other(100, table.budget);
  other.insert(entry("/o", kAnyClass, std::string(60'000, 'x')), 0);
  table.hot.insert(entry("/big", kAnyClass, std::string(60'000, 'x')), 0);
  EXPECT_EQ(table.find("/big"), nullptr);  // the other loop's entries are not ours to drop
  table.hot.insert(entry("/small", kAnyClass, std::string(30'000, 'x')), 0);
  EXPECT_NE(table.find("/small"), nullptr);
  EXPECT_LE(table.budget.bytes, 100'000U);
  for (const char* path : {"/1", "/2", "/3"}) {
    Response response;
    response.body = FileBody{std::make_shared<LiveFile>(0)};
    table.hot.insert(make_hot_entry(response, path, kAnyClass, nullptr, MonoTime::max()), 0);
  }
  EXPECT_EQ(table.budget.files, 2U);
  EXPECT_NE(table.find("/3"), nullptr);
}

TEST(HotTable, ADamagedFileIsNotServed) {
  Table table;
  const auto file = std::make_shared<LiveFile>(0);
  Response response;
  response.body = FileBody{file};
  table.hot.insert(make_hot_entry(response, "/f", kAnyClass, nullptr, MonoTime::max()), 0);
  EXPECT_NE(table.find("/f"), nullptr);
  file->set_intact(false);
  EXPECT_EQ(table.find("/f"), nullptr);
  EXPECT_EQ(table.budget.files, 0U);
}

TEST(HotTable, SweepingForgetsWhatNobodyAsksFor) {
  Table table;
  const auto validity = std::make_shared<Validity>();
  for (int i = 0; i < 10; ++i)
    table.hot.insert(entry("/" + std::to_string(i), kAnyClass, "x", MonoTime::max(), i % 2 == 0 ? validity : nullptr), 0);
  validity->revoke();
  table.hot.sweep(kNow, 4);
  EXPECT_EQ(table.hot.size(), 8U);
  table.hot.sweep(kNow, 100);
  EXPECT_EQ(table.hot.size(), 5U);
}

}  // namespace
}  // namespace bodega::http
