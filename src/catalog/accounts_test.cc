// Settings, users, indexes, serials and the changelog.
#include "catalog/fixture_for_test.h"
#include "catalog/sqlite/database.h"

namespace bodega::catalog {
namespace {

class AccountsTest : public CatalogTest {
 protected:
  // What the changelog says of a serial.
  std::string change(Serial serial) {
    const auto database = need(sqlite::Database::open({.file = dir_ / "catalog.db", .access = sqlite::Access::reader}));
    auto row = need(database->query("SELECT what, at_micros FROM changelog WHERE serial = ?", static_cast<std::int64_t>(serial)));
    if (!need(row.step())) return "";
    EXPECT_EQ(row.integer(1), to_unix_micros(clock_.wall()));
    return row.text(0);
  }
};

TEST_F(AccountsTest, ANewCatalogIsEmpty) {
  EXPECT_EQ(catalog_->last_serial(), 0U);
  EXPECT_TRUE(catalog_->healthy());
  EXPECT_EQ(need(read([](Reader& r) { return r.serial(); })), 0U);
  EXPECT_TRUE(need(read([](Reader& r) { return r.users(); })).empty());
  EXPECT_TRUE(need(read([](Reader& r) { return r.indexes(); })).empty());
}

TEST_F(AccountsTest, SettingsAreKeptAndReplaced) {
  EXPECT_EQ(code_of(read([](Reader& r) { return r.setting("uuid"); })), Code::not_found);
  need(write([](Transaction& t) { return t.set_setting("uuid", "one"); }));
  need(write([](Transaction& t) { return t.set_setting("uuid", "two"); }));
  need(write([](Transaction& t) { return t.set_setting("token-secret", std::string_view("a\0b\xff", 4)); }));
  reopen();
  EXPECT_EQ(need(read([](Reader& r) { return r.setting("uuid"); })), "two");
  EXPECT_EQ(need(read([](Reader& r) { return r.setting("token-secret"); })), std::string("a\0b\xff", 4));
}

TEST_F(AccountsTest, AUserComesBackAsItWasWritten) {
  UserRow user{"ann", "", R"({"b":1,"a":2})", at(-5), at(1'700'000'000'000'001)};
  need(write([&](Transaction& t) { return t.insert_user(user); }));
  reopen();
  const auto back = need(read([](Reader& r) { return r.user("ann"); }));
  EXPECT_EQ(back.name, "ann");
  EXPECT_EQ(back.password_hash, "");
  EXPECT_EQ(back.profile_json, R"({"b":1,"a":2})");
  EXPECT_EQ(back.created, at(-5));
  EXPECT_EQ(back.modified, at(1'700'000'000'000'001));
}

TEST_F(AccountsTest, UsersConflictByNameAndAreListedByName) {
  for (const char* name : {"zoe", "ann", "Ann"}) need(write([&](Transaction& t) { return t.insert_user(some_user(name)); }));
  const auto twice = write([](Transaction& t) { return t.insert_user(some_user("ann")); });
  EXPECT_EQ(code_of(twice), Code::conflict);
  EXPECT_EQ(twice.error().message, "user ann exists already");
  const auto users = need(read([](Reader& r) { return r.users(); }));
  ASSERT_EQ(users.size(), 3U);
  EXPECT_EQ(users[0].name + users[1].name + users[2].name, "Annannzoe");
}

TEST_F(AccountsTest, UpdatingAUserReplacesAllOfIt) {
  need(write([](Transaction& t) { return t.insert_user(some_user("ann")); }));
  UserRow changed = some_user("ann");
  changed.password_hash = "new";
  changed.modified = at(9);
  need(write([&](Transaction& t) { return t.update_user(changed); }));
  EXPECT_EQ(need(read([](Reader& r) { return r.user("ann"); })).password_hash, "new");
  EXPECT_EQ(catalog_->last_serial(), 2U);
  need(write([&](Transaction& t) { return t.update_user(changed); }));  // the same again
  EXPECT_EQ(catalog_->last_serial(), 2U);
  EXPECT_EQ(code_of(write([](Transaction& t) { return t.update_user(some_user("bob")); })), Code::not_found);
  EXPECT_EQ(code_of(read([](Reader& r) { return r.user("bob"); })), Code::not_found);
}

TEST_F(AccountsTest, IndexesBelongToUsers) {
  EXPECT_EQ(code_of(write([](Transaction& t) { return t.insert_index({"ann", "dev", "{}"}); })), Code::not_found);
  add_index("ann", "dev");
  add_index("ann", "prod");
  const auto twice = write([](Transaction& t) { return t.insert_index({"ann", "dev", "{}"}); });
  EXPECT_EQ(code_of(twice), Code::conflict);
  EXPECT_EQ(twice.error().message, "index ann/dev exists already");
  const auto indexes = need(read([](Reader& r) { return r.indexes(); }));
  ASSERT_EQ(indexes.size(), 2U);
  EXPECT_EQ(indexes[1].key(), "ann/prod");
}

TEST_F(AccountsTest, IndexOptionsKeepTheirText) {
  add_index("ann", "dev");
  const std::string options = R"({"type":"stage","bases":["root/pypi"],"unknown":{"ü":1}})";
  need(write([&](Transaction& t) { return t.update_index({"ann", "dev", options}); }));
  EXPECT_EQ(need(read([](Reader& r) { return r.indexes(); }))[0].options_json, options);
  const auto serial = catalog_->last_serial();
  need(write([&](Transaction& t) { return t.update_index({"ann", "dev", options}); }));
  EXPECT_EQ(catalog_->last_serial(), serial);
  EXPECT_EQ(code_of(write([](Transaction& t) { return t.update_index({"ann", "no", "{}"}); })), Code::not_found);
}

TEST_F(AccountsTest, DeletingAnIndexTakesEverythingInIt) {
  add_index("ann", "dev");
  add_index("ann", "prod");
  auto file = some_file("ann/dev", "pkg", "1.0", "pkg-1.0.tar.gz", "bytes");
  file.metadata = "Name: pkg";
  put(file);
  put(some_file("ann/dev", "pkg", "1.1", "pkg-1.1.tar.gz", "other"));
  need(write([](Transaction& t) { return t.delete_file("ann/dev", "pkg-1.1.tar.gz"); }));
  put(some_file("ann/prod", "pkg", "1.0", "pkg-1.0.tar.gz", "kept"));
  need(write([](Transaction& t) { return t.delete_index("ann/dev"); }));
  EXPECT_EQ(code_of(write([](Transaction& t) { return t.delete_index("ann/dev"); })), Code::not_found);
  add_index("ann", "dev");
  EXPECT_TRUE(need(read([](Reader& r) { return r.projects("ann/dev"); })).empty());
  EXPECT_EQ(code_of(read([](Reader& r) { return r.file("ann/dev", "pkg-1.0.tar.gz"); })), Code::not_found);
  EXPECT_FALSE(need(read([](Reader& r) { return r.was_deleted("ann/dev", "pkg-1.1.tar.gz"); })));
  EXPECT_FALSE(need(read([](Reader& r) { return r.is_hosted(Digest::of("bytes")); })));
  EXPECT_TRUE(need(read([](Reader& r) { return r.is_hosted(Digest::of("kept")); })));
  EXPECT_EQ(need(read([](Reader& r) { return r.files("ann/prod", "pkg"); })).size(), 1U);
}

TEST_F(AccountsTest, DeletingAUserTakesItsIndexes) {
  add_index("ann", "dev");
  add_index("bob", "dev");
  put(some_file("ann/dev", "pkg", "1.0", "pkg-1.0.tar.gz", "bytes"));
  need(write([](Transaction& t) { return t.delete_user("ann"); }));
  EXPECT_EQ(code_of(write([](Transaction& t) { return t.delete_user("ann"); })), Code::not_found);
  const auto indexes = need(read([](Reader& r) { return r.indexes(); }));
  ASSERT_EQ(indexes.size(), 1U);
  EXPECT_EQ(indexes[0].key(), "bob/dev");
  EXPECT_FALSE(need(read([](Reader& r) { return r.is_hosted(Digest::of("bytes")); })));
}

TEST_F(AccountsTest, EveryChangeMovesTheSerialByOne) {
  need(write([](Transaction& t) { return t.insert_user(some_user("ann")); }));
  EXPECT_EQ(catalog_->last_serial(), 1U);
  need(write([](Transaction& t) -> Result<void> {
    EXPECT_EQ(need(t.serial()), 1U);
    BODEGA_TRY_VOID(t.insert_index({"ann", "dev", "{}"}));
    return t.insert_index({"ann", "prod", "{}"});
  }));
  EXPECT_EQ(catalog_->last_serial(), 2U);
  EXPECT_EQ(need(read([](Reader& r) { return r.serial(); })), 2U);
  EXPECT_EQ(change(1), "add user ann");
  EXPECT_EQ(change(2), "add index ann/dev; add index ann/prod");
  reopen();
  EXPECT_EQ(catalog_->last_serial(), 2U);
}

TEST_F(AccountsTest, AWriteThatChangesNothingOrFailsHasNoSerial) {
  need(write([](Transaction& t) { return t.set_setting("a", "1"); }));
  need(write([](Transaction& t) { return t.set_setting("a", "1"); }));
  need(write([](Transaction& t) { return t.users(); }));
  write([](Transaction& t) -> Result<void> {
    need(t.set_setting("a", "2"));
    return fail(Code::forbidden, "no");
  });
  EXPECT_EQ(catalog_->last_serial(), 1U);
  EXPECT_EQ(catalog_->commits(), 1U);
  EXPECT_EQ(need(read([](Reader& r) { return r.setting("a"); })), "1");
}

TEST_F(AccountsTest, AnErrorUndoesAllOfAWrite) {
  const auto refused = write([](Transaction& t) -> Result<void> {
    BODEGA_TRY_VOID(t.insert_user(some_user("ann")));
    EXPECT_TRUE(t.user("ann").has_value());  // it sees its own changes
    return fail(Code::forbidden, "no");
  });
  EXPECT_EQ(code_of(refused), Code::forbidden);
  EXPECT_EQ(code_of(read([](Reader& r) { return r.user("ann"); })), Code::not_found);
}

TEST_F(AccountsTest, AWriteMayGoOnAfterAConflict) {
  need(write([](Transaction& t) -> Result<void> {
    BODEGA_TRY_VOID(t.insert_user(some_user("ann")));
    EXPECT_EQ(code_of(t.insert_user(some_user("ann"))), Code::conflict);
    return t.insert_user(some_user("bob"));
  }));
  EXPECT_EQ(need(read([](Reader& r) { return r.users(); })).size(), 2U);
}

TEST_F(AccountsTest, TheChangelogStaysShort) {
  need(write([](Transaction& t) -> Result<void> {
    for (int i = 0; i < 1000; ++i) BODEGA_TRY_VOID(t.insert_user(some_user("user" + std::to_string(i))));
    return {};
  }));
  EXPECT_LT(change(1).size(), 300U);
  EXPECT_NE(change(1).find(" more"), std::string::npos);
  need(write([](Transaction& t) { return t.insert_user(some_user(std::string(100'000, 'x'))); }));
  EXPECT_LT(change(2).size(), 300U);
}

TEST_F(AccountsTest, HostileKeysFindNothing) {
  add_index("ann", "dev");
  for (const std::string& key :
       {std::string(), std::string("ann"), std::string("/"), std::string("ann/"), std::string("/dev"), std::string("ann/dev/x"),
        std::string("ann\0/dev", 8), std::string("ann/dev' OR 1=1 --"), std::string("\xff/\xfe")}) {
    EXPECT_TRUE(need(read([&](Reader& r) { return r.projects(key); })).empty()) << key;
    EXPECT_EQ(code_of(write([&](Transaction& t) { return t.delete_index(key); })), Code::not_found) << key;
  }
  EXPECT_EQ(code_of(write([](Transaction& t) { return t.insert_index({"ann", "", "{}"}); })), Code::invalid);
}

}  // namespace
}  // namespace bodega::catalog
