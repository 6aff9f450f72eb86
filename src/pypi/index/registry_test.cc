#include "pypi/index/registry.h"

#include "pypi/api/api_fixture_for_test.h"

namespace bodega::pypi {
namespace {

class RegistryTest : public ApiTest {
 protected:
  IndexRef add_index(const std::string& name, const std::string& bases) {
    auto options = [bases]() -> Result<Json> {
      Json out = Json::object();
      out.set("type", "stage");
      out.set("bases", Json::parse(bases).value());
      return out;
    };
    return bodega::testing::run(loop_, registry_->create_index("root", name, options)).value();
  }
  Result<IndexRef> set_title(const std::string& key, const std::string& title) {
    return bodega::testing::run(loop_, registry_->change_index(key, [title](const IndexConfig& now) -> Result<Json> {
      Json options = now.options;
      options.set("title", title);
      return options;
    }));
  }
};

TEST_F(RegistryTest, AChangeDropsTheAnswersOfEveryIndexThatInherits) {
  add_index("a", R"(["root/pypi"])");
  add_index("b", R"(["root/a"])");
  add_index("c", "[]");
  const auto on_mirror = facts_->stand_on({"index:root/pypi"});
  const auto on_b = facts_->stand_on({"index:root/b"});
  const auto on_c = facts_->stand_on({"index:root/c"});
  ASSERT_TRUE(set_title("root/a", "x"));
  EXPECT_TRUE(on_mirror->stands());
  EXPECT_FALSE(on_b->stands());
  EXPECT_TRUE(on_c->stands());

  const auto again_on_b = facts_->stand_on({"index:root/b"});
  auto check = [](const IndexConfig&) { return Result<void>(); };
  ASSERT_TRUE(bodega::testing::run(loop_, registry_->delete_index("root/a", check)));
  EXPECT_FALSE(again_on_b->stands());
  EXPECT_TRUE(on_c->stands());
}

TEST_F(RegistryTest, AnIndexThatAppearsIsABaseAtOnce) {
  add_index("b", R"(["root/later"])");
  const auto on_b = facts_->stand_on({"index:root/b"});
  add_index("later", "[]");
  EXPECT_FALSE(on_b->stands());
}

TEST_F(RegistryTest, CyclesOfBasesEnd) {
  add_index("a", R"(["root/b"])");
  add_index("b", R"(["root/a"])");
  EXPECT_EQ(registry_->affected_by("root/a"), (std::vector<std::string>{"root/a", "root/b"}));
}

TEST_F(RegistryTest, AnotherUpstreamForgetsItsDocuments) {
  const auto put = [this] {
    ASSERT_TRUE(catalog_->write_cache_now([](catalog::CacheTransaction& t) -> Result<void> {
      catalog::DocumentRow row;
      row.index = "root/pypi";
      row.name = "flask";
      return t.put_document(row);
    }));
  };
  const auto has = [this] {
    bool there = false;
    EXPECT_TRUE(catalog_->read_cache_now([&](catalog::CacheReader& r) -> Result<void> {
      there = r.document("root/pypi", "flask").has_value();
      return {};
    }));
    return there;
  };
  put();
  ASSERT_TRUE(set_title("root/pypi", "x"));
  EXPECT_TRUE(has());
  auto change = [](const IndexConfig& now) -> Result<Json> {
    Json options = now.options;
    options.set("mirror_url", "https://example.org/simple/");
    return options;
  };
  ASSERT_TRUE(bodega::testing::run(loop_, registry_->change_index("root/pypi", change)));
  EXPECT_FALSE(has());
}

TEST_F(RegistryTest, ARefusedChangeLeavesEverything) {
  const auto serial = registry_->serial();
  const auto before = registry_->find_index("root/pypi");
  auto refuse = [](const IndexConfig&) -> Result<Json> { return fail(Code::invalid, "no"); };
  EXPECT_EQ(bodega::testing::run(loop_, registry_->change_index("root/pypi", refuse)).error().message, "no");
  EXPECT_EQ(bodega::testing::run(loop_, registry_->change_index("root/none", refuse)).error().code, Code::not_found);
  EXPECT_EQ(registry_->find_index("root/pypi"), before);
  EXPECT_EQ(registry_->serial(), serial);
}

TEST_F(RegistryTest, TheOldViewStaysWholeForWhoeverHoldsIt) {
  const auto before = registry_->find_user("root");
  const auto index = registry_->find_index("root/pypi");
  add_index("a", "[]");
  ASSERT_TRUE(set_title("root/pypi", "new"));
  EXPECT_EQ(before->indexes, std::vector<std::string>{"pypi"});
  EXPECT_EQ(registry_->find_user("root")->indexes.size(), 2U);
  EXPECT_EQ(index->title, "PyPI");
}

// Imported passwords have devpi's cost; an unknown name costs as much as most.
TEST_F(RegistryTest, TheUsualCostIsThatOfMostUsers) {
  const access::Argon2Cost imported{128, 2, 1};
  const auto add = [this](const std::string& name, const access::Argon2Cost& cost) {
    const catalog::UserRow row{name, access::hash_password("pw", cost).value(), "{}", {}, std::nullopt};
    ASSERT_TRUE(bodega::testing::run(loop_, registry_->create_user(row)));
  };
  for (const char* name : {"a", "b", "c"}) add(name, {8, 1, 1});
  EXPECT_EQ(registry_->usual_cost()->memory_kib, 8U);
  for (const char* name : {"d", "e", "f", "g"}) add(name, imported);
  EXPECT_EQ(registry_->usual_cost(), imported);
  for (const char* name : {"h", "i", "j", "k", "l"}) add(name, {8, 1, 1});
  EXPECT_EQ(registry_->usual_cost()->memory_kib, 8U);
  auto any = [](const User&) { return Result<void>(); };
  for (const char* name : {"h", "i", "j", "k", "l"}) ASSERT_TRUE(bodega::testing::run(loop_, registry_->delete_user(name, any)));
  EXPECT_EQ(registry_->usual_cost(), imported);
}

TEST_F(RegistryTest, ANamedUpstreamWinsOverTheStoredOne) {
  close();
  StartOptions options;
  options.explicit_upstream = Url::parse("http://user:pw@127.0.0.1:9/simple/").value();
  open(std::move(options));
  EXPECT_EQ(registry_->find_index("root/pypi")->mirror_url->text(), "http://127.0.0.1:9/simple/");
  EXPECT_EQ(registry_->find_index("root/pypi")->mirror_url->password.reveal(), "pw");
  close();
  open();
  EXPECT_EQ(registry_->find_index("root/pypi")->mirror_url->host, "pypi_host.example");
}

TEST(RegistryFirstStart, AGeneratedPasswordIsKeptBeforeRootExists) {
  std::string pattern = (std::filesystem::temp_directory_path() / "bodega-registry-XXXXXX").string();
  const std::filesystem::path directory = ::mkdtemp(pattern.data());
  auto pool = make_inline_pool();
  bodega::testing::ManualClock clock;
  NullLog log;
  Loop loop("home");
  cache::Dependencies facts;
  access::PasswordHasher hasher(*pool, {{8, 1, 1}, 2, 8});
  {
    auto catalog = catalog::open_catalog({.directory = directory, .threads = catalog::Threads::inline_writer, .clock = &clock}, *pool,
                                         catalog::HadData::no)
                       .value();
    const auto start = [&](const std::function<Result<void>(const Secret&)>& keep) {
      Registry registry({*catalog, facts, hasher, clock, log});
      StartOptions options;
      options.upstream = Url::parse("https://example.com/simple/").value();
      options.keep_generated = keep;
      const auto done = bodega::testing::run(loop, registry.first_start(std::move(options)));
      return std::pair(done.has_value(), registry.find_user("root"));
    };
    // The disk is full: no root without a password that somebody knows.
    const auto failed = start([](const Secret&) -> Result<void> { return fail(Code::no_space, "full"); });
    EXPECT_FALSE(failed.first);
    EXPECT_EQ(failed.second, nullptr);
    std::string kept;
    const auto first = start([&](const Secret& password) -> Result<void> {
      kept = password.reveal();
      return {};
    });
    ASSERT_TRUE(first.first);
    EXPECT_EQ(kept.size(), 24U);
    const auto hash = access::Argon2Hash::parse(first.second->row.password_hash);
    ASSERT_TRUE(hash);
    EXPECT_TRUE(access::verify_password(kept, *hash).value());
    EXPECT_LT(hash->cost.memory_kib, 1024U) << "the first start must not wait for a hash that slows nobody down";
    // Never again.
    const auto second = start([](const Secret&) -> Result<void> {
      ADD_FAILURE() << "a second password";
      return {};
    });
    EXPECT_TRUE(second.first);
  }
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace bodega::pypi
