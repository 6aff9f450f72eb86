#include "access/token_book.h"

#include <gtest/gtest.h>

#include "access/authenticator.h"
#include "async/loop.h"
#include "base/text.h"
#include "testing/fault_file_system.h"
#include "testing/manual_clock.h"
#include "testing/memory_log.h"
#include "testing/run_task.h"

namespace bodega::access {
namespace {

using bodega::testing::run;
using std::chrono::hours;
using std::chrono::seconds;

Task<bool> flushed(TokenBook& book) {
  co_await book.flush_uses();
  co_return true;
}

class Users final : public Accounts {
 public:
  std::optional<Account> account(std::string_view user) const override {
    const auto found = accounts.find(user);
    return found == accounts.end() ? std::nullopt : std::optional(found->second);
  }
  std::vector<std::string> reads_through(const std::string& index) const override { return {index, "root/pypi"}; }
  std::map<std::string, Account, std::less<>> accounts;
};

class TokenBookTest : public ::testing::Test {
 protected:
  TokenBookTest() {
    open(catalog::HadData::no);
    for (const std::string name : {"alice", "bob"}) {
      users.accounts[name] = {"", clock.wall()};
      EXPECT_TRUE(catalog->write_now([&](catalog::Transaction& t) { return t.insert_user({name, "", "{}", clock.wall(), std::nullopt}); }));
    }
  }
  void open(catalog::HadData had) {
    book.reset();
    catalog.reset();
    auto opened =
        catalog::open_catalog({.directory = scratch.path(), .threads = catalog::Threads::inline_writer, .clock = &clock}, *pool, had);
    ASSERT_TRUE(opened);
    catalog = std::move(*opened);
    book = std::make_unique<TokenBook>(*catalog, clock, log);
    ASSERT_TRUE(run(loop, book->load()));
    authenticator = std::make_unique<Authenticator>(users, hasher, clock, Authenticator::Options{});
    authenticator->use_tokens(*book);
  }
  CreatedToken make(std::string scope = "upload", std::string index = {}, std::optional<WallTime> expires = std::nullopt) {
    auto made = run(loop, book->create({"alice", std::move(scope), std::move(index), "for CI", expires}));
    EXPECT_TRUE(made) << made.error().describe();
    return made.value();
  }
  Code refused(TokenWish wish) {
    const auto made = run(loop, book->create(std::move(wish)));
    return made ? Code::io : made.error().code;
  }
  Authentication ask(std::string name, std::string value, http::Method method = http::Method::get) {
    http::Request request;
    request.method = method;
    request.peer.client = "10.0.0.1";
    request.headers.add(std::move(name), std::move(value));
    return run(loop, authenticator->authenticate(request)).value();
  }
  Authentication basic(std::string_view text, std::string user = "__token__", http::Method method = http::Method::get) {
    return ask("Authorization", "Basic " + base64_encode(user + ":" + std::string(text)), method);
  }
  std::optional<WallTime> stored_use(const std::string& id) {
    std::optional<WallTime> out;
    EXPECT_TRUE(catalog->read_now([&](catalog::Reader& reader) -> Result<void> {
      BODEGA_TRY(const auto rows, reader.tokens());
      for (const auto& row : rows) {
        if (row.id == id) out = row.last_used;
      }
      return {};
    }));
    return out;
  }

  Loop loop{"test"};
  std::unique_ptr<Pool> pool = make_inline_pool();
  bodega::testing::ManualClock clock;
  bodega::testing::MemoryLog log;
  bodega::testing::ScratchDirectory scratch;
  std::unique_ptr<catalog::Catalog> catalog;
  Users users;
  PasswordHasher hasher{*pool, {{8, 1, 1}, 2, 4}};
  std::unique_ptr<TokenBook> book;
  std::unique_ptr<Authenticator> authenticator;
};

TEST_F(TokenBookTest, ATokenIsItsUserByEveryWayAndUnderAnyName) {
  const auto made = make("upload", "alice/dev");
  const std::string text(made.text.reveal());
  for (const auto& who : {basic(text), basic(text, "alice"), basic(text, "bob"), basic(text, ""), ask("Authorization", "Bearer " + text),
                          ask("X-Devpi-Auth", base64_encode("alice:" + text))}) {
    EXPECT_EQ(who.outcome, Outcome::ok);
    EXPECT_EQ(who.principal.user, "alice");
    EXPECT_EQ(who.principal.proof, Proof::own_token);
    EXPECT_EQ(who.principal.bound.scope, Scope::upload);
    EXPECT_EQ(join(who.principal.bound.indexes, " "), "alice/dev root/pypi");
  }
  EXPECT_TRUE(basic(make("read").text.reveal()).principal.bound.indexes.empty());
  EXPECT_EQ(authenticator->counters().verified, 0U);
}

TEST_F(TokenBookTest, TokensOutliveARestartAndTheirSecretIsKeptNowhere) {
  const auto made = make();
  open(catalog::HadData::yes);
  EXPECT_EQ(basic(made.text.reveal()).outcome, Outcome::ok);
  const auto secret = made.text.reveal().substr(20);
  for (const auto& event : log.events()) {
    for (const auto& [name, value] : event.fields) EXPECT_EQ(value.find(secret), std::string::npos) << event.name;
  }
  for (const auto& row : book->list()) EXPECT_EQ(row.hash, Digest::of(secret));
}

TEST_F(TokenBookTest, RevokedIsRefusedAtOnceAndForGood) {
  const auto made = make();
  EXPECT_EQ(basic(made.text.reveal()).outcome, Outcome::ok);
  EXPECT_TRUE(run(loop, book->revoke(made.row.id)));
  EXPECT_EQ(basic(made.text.reveal()).outcome, Outcome::wrong);
  const auto twice = run(loop, book->revoke(made.row.id));
  ASSERT_FALSE(twice);
  EXPECT_EQ(twice.error().code, Code::not_found);
  open(catalog::HadData::yes);
  EXPECT_EQ(basic(made.text.reveal()).outcome, Outcome::wrong);
}

TEST_F(TokenBookTest, ExpiredIsRefusedAndStillListed) {
  const auto made = make("read", "", clock.wall() + hours(1));
  clock.advance(hours(1) - seconds(1));
  EXPECT_EQ(basic(made.text.reveal()).outcome, Outcome::ok);
  clock.advance(seconds(1));
  EXPECT_EQ(basic(made.text.reveal()).outcome, Outcome::wrong);
  EXPECT_EQ(book->list().size(), 1U);
}

TEST_F(TokenBookTest, ATokenDiesWithItsUserAndNotForTheNextOfThatName) {
  const auto made = make();
  clock.advance(seconds(5));
  const auto account = users.accounts["alice"];
  users.accounts.erase("alice");
  EXPECT_EQ(basic(made.text.reveal()).outcome, Outcome::wrong);
  users.accounts["alice"] = {"", clock.wall()};
  EXPECT_EQ(basic(made.text.reveal()).outcome, Outcome::wrong);
  users.accounts["alice"] = account;
  EXPECT_EQ(basic(made.text.reveal()).outcome, Outcome::ok);
  book->forget_user("alice");
  EXPECT_EQ(basic(made.text.reveal()).outcome, Outcome::wrong);
  EXPECT_TRUE(book->list().empty());
}

TEST_F(TokenBookTest, AnotherSecretUnderAKnownIdIsWrong) {
  const std::string right(make().text.reveal());
  const std::string other(make().text.reveal());
  EXPECT_EQ(basic(right.substr(0, 20) + other.substr(20)).outcome, Outcome::wrong);
}

TEST_F(TokenBookTest, WrongTokensCountOnWritesAndCostNoPasswordHash) {
  const std::string good(make().text.reveal());
  const std::string wrong(make_own_token().text.reveal());
  for (int i = 0; i < 100; ++i) EXPECT_EQ(basic(wrong).outcome, Outcome::wrong);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(basic(wrong, "x", http::Method::post).outcome, Outcome::wrong);
  const auto limited = basic(wrong, "x", http::Method::post);
  EXPECT_EQ(limited.outcome, Outcome::limited);
  EXPECT_EQ(limited.retry_after, seconds(300));
  EXPECT_EQ(basic(good, "x", http::Method::post).outcome, Outcome::ok);
  EXPECT_EQ(authenticator->counters().verified, 0U);
}

TEST_F(TokenBookTest, LoggingInWithATokenIsRefused) {
  const auto answer = run(loop, authenticator->login("alice", make().text, "10.0.0.1"));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->outcome, Outcome::wrong);
  EXPECT_EQ(authenticator->counters().verified, 0U);
}

TEST_F(TokenBookTest, UsesAreSeenAtOnceAndWrittenDownInOneGo) {
  const auto one = make();
  const auto other = make();
  clock.advance(seconds(7));
  const auto before = catalog->last_serial();
  basic(one.text.reveal());
  EXPECT_EQ(book->find(one.row.id)->last_used, clock.wall());
  EXPECT_EQ(stored_use(one.row.id), std::nullopt);
  run(loop, flushed(*book));
  EXPECT_EQ(stored_use(one.row.id), clock.wall());
  EXPECT_EQ(stored_use(other.row.id), std::nullopt);
  EXPECT_EQ(catalog->last_serial(), before);
}

TEST_F(TokenBookTest, NonsenseIsRefused) {
  EXPECT_EQ(refused({"alice", "admin", "", "", std::nullopt}), Code::invalid);
  EXPECT_EQ(refused({"alice", "all", "", "", std::nullopt}), Code::invalid);
  EXPECT_EQ(refused({"alice", "", "", "", std::nullopt}), Code::invalid);
  EXPECT_EQ(refused({"alice", "read", "", std::string(501, 'x'), std::nullopt}), Code::invalid);
  EXPECT_EQ(refused({"alice", "read", "", "", clock.wall()}), Code::invalid);
  EXPECT_EQ(refused({"nobody", "read", "", "", std::nullopt}), Code::not_found);
  EXPECT_TRUE(book->list().empty());
}

TEST_F(TokenBookTest, ListsInTheOrderTheyWereMade) {
  std::vector<std::string> ids;
  for (int i = 0; i < 5; ++i) {
    ids.push_back(make().row.id);
    clock.advance(seconds(1));
  }
  std::vector<std::string> listed;
  for (const auto& row : book->list()) listed.push_back(row.id);
  EXPECT_EQ(listed, ids);
}

TEST_F(TokenBookTest, TheAdministratorsSocketIsRootUnlessCredentialsCome) {
  http::Request request;
  request.peer.administrator = true;
  auto who = run(loop, authenticator->authenticate(request)).value();
  EXPECT_EQ(who.principal.user, "root");
  EXPECT_EQ(who.principal.proof, Proof::local);
  request.headers.add("Authorization", "Bearer " + std::string(make("read").text.reveal()));
  who = run(loop, authenticator->authenticate(request)).value();
  EXPECT_EQ(who.principal.user, "alice");
  EXPECT_EQ(who.principal.proof, Proof::own_token);
  request.headers.set("Authorization", "Bearer nonsense");
  EXPECT_EQ(run(loop, authenticator->authenticate(request)).value().outcome, Outcome::wrong);
}

TEST_F(TokenBookTest, ImportedLoginTokensAreTakenWhileTheirKeyIsThere) {
  // The vector of devpi_token_test.cc, issued a minute before the clock stands.
  const std::string token = R"(["alice", [], true].awEIaA.HJdmoGTD_Q6e8IMJSuG-K-3nf2U)";
  users.accounts["alice"].created = WallTime{};
  EXPECT_EQ(basic(token, "alice").outcome, Outcome::wrong);
  authenticator->set_devpi_token_key(Secret(from_hex("bf6fe4dafcdc624c7daa875e57ef7830").value()));
  const auto who = basic(token, "alice");
  EXPECT_EQ(who.outcome, Outcome::ok);
  EXPECT_EQ(who.principal.proof, Proof::login_token);
  EXPECT_EQ(basic(token, "bob").outcome, Outcome::wrong);
  EXPECT_EQ(ask("Authorization", "Bearer " + token).outcome, Outcome::wrong);
  users.accounts["alice"].created = clock.wall();
  EXPECT_EQ(basic(token, "alice").outcome, Outcome::wrong);  // somebody else has the name now
  EXPECT_EQ(authenticator->counters().verified, 0U);
}

}  // namespace
}  // namespace bodega::access
