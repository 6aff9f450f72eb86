#include "web/search/name_list.h"

#include <unistd.h>

#include <algorithm>
#include <random>
#include <set>

#include <gtest/gtest.h>

namespace bodega::web {
namespace {

struct Lists : ::testing::Test {
  ~Lists() override { std::filesystem::remove(path); }

  std::shared_ptr<const NameList> list_of(const std::vector<std::string>& names) const {
    NameListBuilder builder;
    for (const auto& name : names) builder.add(name);
    Pace pace;
    EXPECT_TRUE(builder.write(path, Digest::of("list"), pace));
    auto list = NameList::load(path);
    EXPECT_TRUE(list) << list.error().describe();
    return list ? *list : nullptr;
  }
  // Much as names are: words of few letters, joined.
  static std::vector<std::string> many(std::size_t count) {
    std::mt19937 random(1);
    std::set<std::string> out;
    while (out.size() < count) {
      std::string name;
      for (auto words = random() % 3 + 1; words > 0; --words) {
        if (!name.empty()) name += '-';
        for (auto letters = random() % 5 + 1; letters > 0; --letters) name += static_cast<char>('a' + random() % 8);
      }
      out.insert(name);
    }
    return {out.begin(), out.end()};
  }

  const std::filesystem::path path = std::filesystem::path(::testing::TempDir()) / ("list-" + std::to_string(::getpid()));
};

TEST_F(Lists, GiveBackEachNameInAnyOrder) {
  const auto names = many(5'000);
  const auto list = list_of(names);
  ASSERT_EQ(list->size(), names.size());
  NameReader reader(*list);
  for (NameId id = 0; id < names.size(); ++id) {
    ASSERT_EQ(reader.padded(id), "-" + names[id] + "-");
    ASSERT_EQ(list->length(id), names[id].size());
  }
  std::mt19937 random(2);
  for (int i = 0; i < 20'000; ++i) {
    const auto id = static_cast<NameId>(random() % names.size());
    ASSERT_EQ(reader.name(id), names[id]);
  }
}

TEST_F(Lists, FindNamesAndBeginnings) {
  const auto names = many(3'000);
  const auto list = list_of(names);
  for (NameId id = 0; id < names.size(); ++id) {
    ASSERT_EQ(list->find(names[id]), id);
    ASSERT_FALSE(list->find(names[id] + "-zz"));
  }
  for (const std::string prefix : {"", "a", "ab", "h", "hhh", "b-", "zzz", "0"}) {
    const auto begins = std::partition_point(names.begin(), names.end(), [&](const auto& name) { return name < prefix; });
    const auto ends = std::find_if_not(begins, names.end(), [&](const auto& name) { return name.starts_with(prefix); });
    const auto range = list->starting_with(prefix);
    EXPECT_EQ(range.begin, begins - names.begin()) << prefix;
    EXPECT_EQ(range.end, ends - names.begin()) << prefix;
  }
}

TEST_F(Lists, TakeTheLongestNamesAndNone) {
  const std::string longest(200, 'a');
  const auto list = list_of({longest, longest.substr(0, 199) + "b", "b"});
  ASSERT_EQ(list->size(), 3U);
  EXPECT_EQ(list->name(0), longest);
  EXPECT_EQ(list->name(1), longest.substr(0, 199) + "b");
  EXPECT_EQ(list->find("b"), 2U);
  const auto none = list_of({});
  EXPECT_EQ(none->size(), 0U);
  EXPECT_FALSE(none->find("a"));
}

TEST_F(Lists, KeepOfEachNameOnlyWhatIsItsOwn) {
  const auto names = many(20'000);
  std::size_t letters = 0;
  for (const auto& name : names) letters += name.size();
  // A byte each for length, weight and what is shared; less than two thirds of the letters.
  EXPECT_LT(list_of(names)->bytes(), letters * 2 / 3 + 3 * names.size());
}

}  // namespace
}  // namespace bodega::web
