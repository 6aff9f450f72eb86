#include "pypi/index/bases.h"

#include <map>
#include <set>

#include <gtest/gtest.h>

namespace bodega::pypi {
namespace {

// A small world of indexes: "key: bases | whitelist | mode"; a name that begins with "m" is a mirror.
class World {
 public:
  World& add(const std::string& key, std::vector<std::string> bases, std::vector<std::string> whitelist = {},
             WhitelistMode mode = WhitelistMode::intersection) {
    auto config = std::make_shared<IndexConfig>();
    config->user = "u";
    config->name = key.substr(2);
    config->type = config->name.front() == 'm' ? IndexType::mirror : IndexType::stage;
    config->bases = std::move(bases);
    config->mirror_whitelist = std::move(whitelist);
    config->whitelist_mode = mode;
    indexes_[key] = std::move(config);
    return *this;
  }
  IndexRef find(const std::string& key) const {
    const auto found = indexes_.find(key);
    return found == indexes_.end() ? nullptr : found->second;
  }
  SearchOrder order(const std::string& key) const {
    return search_order(find(key), [this](const std::string& base) { return find(base); });
  }
  std::string keys(const std::string& key) const {
    const auto found = order(key);
    return text(found.stages) + " > " + text(found.mirrors);
  }
  std::string blocked(const std::string& key, const std::set<std::string>& hosting, const std::string& project = "p") const {
    const auto walk = walk_whitelist(order(key), project, [&](const std::string& stage) { return hosting.contains(stage); });
    return walk.mirrors_blocked ? "blocked" : "open";
  }

 private:
  static std::string text(const std::vector<IndexRef>& indexes) {
    std::string out;
    for (const auto& index : indexes) out += (out.empty() ? "" : " ") + index->name;
    return out;
  }
  std::map<std::string, IndexRef> indexes_;
};

TEST(SearchOrder, BreadthFirstMirrorsLastEachOnce) {
  World world;
  world.add("u/a", {"u/m1", "u/b", "u/c"})
      .add("u/b", {"u/d", "u/m2"})
      .add("u/c", {"u/d", "u/m1"})
      .add("u/d", {})
      .add("u/m1", {})
      .add("u/m2", {});
  EXPECT_EQ(world.keys("u/a"), "a b c d > m1 m2");
  EXPECT_EQ(world.keys("u/d"), "d > ");
  EXPECT_EQ(world.keys("u/m1"), " > m1");
}

TEST(SearchOrder, CyclesEnd) {
  World world;
  world.add("u/a", {"u/b", "u/a"}).add("u/b", {"u/c"}).add("u/c", {"u/a", "u/b"});
  EXPECT_EQ(world.keys("u/a"), "a b c > ");
  EXPECT_EQ(world.keys("u/c"), "c a b > ");
}

TEST(SearchOrder, MissingBasesAreSkippedAndNamed) {
  World world;
  world.add("u/a", {"u/gone", "u/b"}).add("u/b", {"u/gone"});
  const auto order = world.order("u/a");
  EXPECT_EQ(order.missing, std::vector<std::string>{"u/gone"});
  EXPECT_EQ(world.keys("u/a"), "a b > ");
  EXPECT_TRUE(search_order(nullptr, [](const std::string&) { return IndexRef(); }).stages.empty());
}

TEST(WhitelistWalk, AnUnknownNameComesFromTheMirrors) {
  World world;
  world.add("u/a", {"u/b", "u/m"}).add("u/b", {}).add("u/m", {});
  EXPECT_EQ(world.blocked("u/a", {}), "open");
  EXPECT_EQ(world.blocked("u/m", {}), "open");
}

TEST(WhitelistWalk, APrivateNameNeverReachesAMirror) {
  World world;
  world.add("u/a", {"u/b", "u/m"}).add("u/b", {}).add("u/m", {});
  EXPECT_EQ(world.blocked("u/a", {"u/a"}), "blocked");
  EXPECT_EQ(world.blocked("u/a", {"u/b"}), "blocked");
  EXPECT_EQ(world.blocked("u/a", {"u/a", "u/b"}), "blocked");
}

TEST(WhitelistWalk, AWhitelistedNameMixes) {
  World world;
  world.add("u/a", {"u/b", "u/m"}, {"p"}).add("u/b", {}).add("u/m", {});
  EXPECT_EQ(world.blocked("u/a", {"u/a"}), "open");
  EXPECT_EQ(world.blocked("u/a", {"u/a"}, "q"), "blocked");
  world.add("u/a", {"u/b", "u/m"}, {"*"});
  EXPECT_EQ(world.blocked("u/a", {"u/a"}, "q"), "open");
}

TEST(WhitelistWalk, WithIntersectionTheFirstStageDecides) {
  World world;
  // The first stage lists it: enough, even where a base does not.
  world.add("u/a", {"u/b", "u/m"}, {"p"}).add("u/b", {}, {}).add("u/m", {});
  EXPECT_EQ(world.blocked("u/a", {"u/b"}), "open");
  // Not the other way round (devpi #825, #680, #725): the child's empty list empties the combination.
  world.add("u/a", {"u/b", "u/m"}, {}).add("u/b", {}, {"*"});
  EXPECT_EQ(world.blocked("u/a", {"u/b"}), "blocked");
}

TEST(WhitelistWalk, WithUnionAnyStageDecides) {
  World world;
  world.add("u/a", {"u/b", "u/m"}, {}, WhitelistMode::unite).add("u/b", {}, {"p"}).add("u/m", {});
  EXPECT_EQ(world.blocked("u/a", {"u/a"}), "open");
  EXPECT_EQ(world.blocked("u/a", {"u/b"}), "open");
  // The mode is the requested index's, not the base's.
  world.add("u/a", {"u/b", "u/m"}, {}, WhitelistMode::intersection).add("u/b", {}, {"p"}, WhitelistMode::unite);
  EXPECT_EQ(world.blocked("u/a", {"u/b"}), "blocked");
}

TEST(WhitelistWalk, NothingComesOfNothing) {
  EXPECT_FALSE(walk_whitelist({}, "p", [](const std::string&) { return true; }).mirrors_blocked);
}

}  // namespace
}  // namespace bodega::pypi
