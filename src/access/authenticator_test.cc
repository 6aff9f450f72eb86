#include "access/authenticator.h"

#include <map>

#include <gtest/gtest.h>

#include "async/loop.h"
#include "base/text.h"
#include "testing/manual_clock.h"
#include "testing/run_task.h"

namespace bodega::access {
namespace {

using std::chrono::seconds;

class Book final : public Accounts {
 public:
  std::optional<Account> account(std::string_view user) const override {
    const auto found = accounts.find(user);
    return found == accounts.end() ? std::nullopt : std::optional(found->second);
  }
  std::optional<Argon2Cost> usual_cost() const override { return usual; }
  std::map<std::string, Account, std::less<>> accounts;
  std::optional<Argon2Cost> usual;
};

http::Request request_with(std::string header, std::string value, http::Method method = http::Method::get) {
  http::Request request;
  request.method = method;
  request.peer.client = "10.0.0.1";
  if (!header.empty()) request.headers.add(std::move(header), std::move(value));
  return request;
}

http::Request basic(const std::string& user, const std::string& secret, http::Method method = http::Method::get) {
  return request_with("Authorization", "Basic " + base64_encode(user + ":" + secret), method);
}

class AuthenticatorTest : public ::testing::Test {
 protected:
  AuthenticatorTest() {
    book.accounts["alice"] = {hash_password("123", cost).value(), clock.wall()};
    book.accounts["\xC3\xBCser"] = {hash_password("\xC3\xA4", cost).value(), clock.wall()};
    book.accounts["locked"] = {"", clock.wall()};
    authenticator.set_token_key(Secret("key"));
  }
  Result<Authentication> ask(const http::Request& request) { return bodega::testing::run(loop, authenticator.authenticate(request)); }
  Outcome outcome(const http::Request& request) { return ask(request).value().outcome; }
  Outcome login(std::string user, std::string password, std::string address = "10.0.0.1") {
    return bodega::testing::run(loop, authenticator.login(std::move(user), Secret(std::move(password)), std::move(address)))
        .value()
        .outcome;
  }

  Argon2Cost cost{8, 1, 1};
  Loop loop{"test"};
  std::unique_ptr<Pool> pool = make_inline_pool();
  bodega::testing::ManualClock clock;
  Book book;
  PasswordHasher hasher{*pool, {cost, 2, 4}};
  Authenticator authenticator{book, hasher, clock, {}};
};

TEST(ReadCredentials, FormsAndTheirDefects) {
  const auto presence = [](std::string name, std::string value) {
    return read_credentials(request_with(std::move(name), std::move(value)).headers).presence;
  };
  EXPECT_EQ(presence("", ""), Presence::none);
  EXPECT_EQ(presence("Authorization", "Negotiate YII="), Presence::none);
  EXPECT_EQ(presence("Authorization", "Basic " + base64_encode(":")), Presence::none);
  EXPECT_EQ(presence("Authorization", "bAsIc " + base64_encode("a:b:c")), Presence::given);
  EXPECT_EQ(presence("Authorization", "Basic !!!"), Presence::broken);
  EXPECT_EQ(presence("Authorization", "Basic " + base64_encode("nocolon")), Presence::broken);
  EXPECT_EQ(presence("Authorization", "Basic"), Presence::none);
  EXPECT_EQ(presence("X-Devpi-Auth", ""), Presence::broken);

  const auto pair = read_credentials(request_with("authorization", "Basic " + base64_encode("a:b:c")).headers).credentials;
  EXPECT_EQ(pair.user, "a");
  EXPECT_EQ(pair.secret.reveal(), "b:c");
  const auto latin1 = read_credentials(request_with("X-Devpi-Auth", base64_encode("\xFCser:\xE4")).headers).credentials;
  EXPECT_EQ(latin1.user, "\xC3\xBCser");
  EXPECT_EQ(latin1.secret.reveal(), "\xC3\xA4");
}

TEST(ReadCredentials, DevpisOwnHeaderWins) {
  auto request = basic("bob", "x");
  request.headers.add("X-Devpi-Auth", base64_encode("alice:123"));
  EXPECT_EQ(read_credentials(request.headers).credentials.user, "alice");
}

TEST_F(AuthenticatorTest, PasswordsByEveryWay) {
  EXPECT_EQ(outcome(request_with("", "")), Outcome::anonymous);
  const auto answer = ask(basic("alice", "123")).value();
  EXPECT_EQ(answer.outcome, Outcome::ok);
  EXPECT_EQ(answer.principal.user, "alice");
  EXPECT_EQ(answer.principal.proof, Proof::password);
  EXPECT_EQ(outcome(request_with("X-Devpi-Auth", base64_encode("alice:123"))), Outcome::ok);
  EXPECT_EQ(outcome(request_with("Authorization", "Basic " + base64_encode("\xFCser:\xE4"))), Outcome::ok);
  EXPECT_EQ(outcome(basic("alice", "124")), Outcome::wrong);
  EXPECT_EQ(outcome(basic("nobody", "123")), Outcome::wrong);
  EXPECT_EQ(outcome(basic("locked", "")), Outcome::wrong);
  EXPECT_EQ(outcome(request_with("Authorization", "Basic !!!")), Outcome::wrong);
  EXPECT_TRUE(ask(basic("alice", "124")).value().principal.anonymous());
}

TEST_F(AuthenticatorTest, TokensByEveryWay) {
  const auto token = authenticator.new_login_token("alice");
  EXPECT_EQ(outcome(basic("alice", token)), Outcome::ok);
  EXPECT_EQ(outcome(request_with("X-Devpi-Auth", base64_encode("alice:" + token))), Outcome::ok);
  const auto bearer = ask(request_with("Authorization", "Bearer " + token)).value();
  EXPECT_EQ(bearer.outcome, Outcome::ok);
  EXPECT_EQ(bearer.principal.user, "alice");
  EXPECT_EQ(bearer.principal.proof, Proof::login_token);
  EXPECT_EQ(outcome(basic("root", token)), Outcome::wrong);  // a token of another user
  EXPECT_EQ(outcome(request_with("Authorization", "Bearer 123")), Outcome::wrong);
  EXPECT_EQ(authenticator.counters().verified, 0U);
  clock.advance(kLoginTokenLife);
  EXPECT_EQ(outcome(basic("alice", token)), Outcome::wrong);
}

// Imported passwords keep devpi's cost, which is not ours.
TEST_F(AuthenticatorTest, AnUnknownNameCostsWhatMostNamesDo) {
  const Argon2Cost imported{16, 2, 1};
  const auto work_of = [this](const std::string& user) {
    const auto before = hasher.work();
    EXPECT_EQ(login(user, "wrong", "10.0.0." + user), Outcome::wrong);
    return hasher.work() - before;
  };
  EXPECT_EQ(work_of("nobody"), work_of("alice"));
  book.accounts["moved"] = {hash_password("123", imported).value(), clock.wall()};
  book.usual = imported;
  const auto known = work_of("moved");
  EXPECT_EQ(known, imported.work());
  EXPECT_EQ(work_of("someone"), known);
  EXPECT_EQ(work_of("locked"), known);
}

TEST_F(AuthenticatorTest, ATokenDiesWithItsUser) {
  const auto token = authenticator.new_login_token("alice");
  clock.advance(seconds(5));
  const auto account = book.accounts["alice"];
  book.accounts.erase("alice");
  EXPECT_EQ(outcome(basic("alice", token)), Outcome::wrong);
  book.accounts["alice"] = {account.password_hash, clock.wall()};
  EXPECT_EQ(outcome(basic("alice", token)), Outcome::wrong);
  EXPECT_EQ(outcome(basic("alice", authenticator.new_login_token("alice"))), Outcome::ok);
}

TEST_F(AuthenticatorTest, ATokenDoesNotRenewItself) { EXPECT_EQ(login("alice", authenticator.new_login_token("alice")), Outcome::wrong); }

TEST_F(AuthenticatorTest, SaysWhichHashesAreWeak) {
  PasswordHasher strong(*pool, {{16, 1, 1}, 2, 4});
  Authenticator strict(book, strong, clock, {});
  EXPECT_TRUE(bodega::testing::run(loop, strict.login("alice", Secret("123"), "a")).value().weak_hash);
  EXPECT_FALSE(bodega::testing::run(loop, authenticator.login("alice", Secret("123"), "a")).value().weak_hash);
}

TEST_F(AuthenticatorTest, AVerifiedPasswordIsRememberedForAMinute) {
  for (int i = 0; i < 5; ++i) EXPECT_EQ(outcome(basic("alice", "123")), Outcome::ok);
  EXPECT_EQ(authenticator.counters().verified, 1U);
  clock.advance(seconds(59));
  EXPECT_EQ(outcome(basic("alice", "123")), Outcome::ok);
  EXPECT_EQ(authenticator.counters().verified, 1U);
  clock.advance(seconds(1));
  EXPECT_EQ(outcome(basic("alice", "123")), Outcome::ok);
  EXPECT_EQ(authenticator.counters().verified, 2U);
}

TEST_F(AuthenticatorTest, AChangedPasswordIsForgottenAtOnce) {
  EXPECT_EQ(outcome(basic("alice", "123")), Outcome::ok);
  EXPECT_EQ(outcome(basic("alice", "456")), Outcome::wrong);
  book.accounts["alice"].password_hash = hash_password("456", cost).value();
  authenticator.forget("alice");
  EXPECT_EQ(outcome(basic("alice", "123")), Outcome::wrong);
  EXPECT_EQ(outcome(basic("alice", "456")), Outcome::ok);
}

TEST_F(AuthenticatorTest, TenFailuresLockTheUserForEveryAddressAndTheAddressForEveryUser) {
  for (int i = 0; i < 10; ++i) EXPECT_EQ(login("alice", "bad"), Outcome::wrong);
  EXPECT_EQ(login("alice", "123"), Outcome::limited);
  EXPECT_EQ(login("alice", "123", "10.0.0.2"), Outcome::limited);
  EXPECT_EQ(login("\xC3\xBCser", "\xC3\xA4"), Outcome::limited);
  EXPECT_EQ(login("\xC3\xBCser", "\xC3\xA4", "10.0.0.2"), Outcome::ok);
  const auto answer = bodega::testing::run(loop, authenticator.login("alice", Secret("123"), "10.0.0.1")).value();
  EXPECT_EQ(answer.retry_after, seconds(300));
  clock.advance(seconds(300));
  EXPECT_EQ(login("alice", "123"), Outcome::ok);
}

TEST_F(AuthenticatorTest, GuessingLocksNeitherTokensNorWhoIsKnown) {
  EXPECT_EQ(outcome(basic("alice", "123")), Outcome::ok);
  const auto token = authenticator.new_login_token("alice");
  for (int i = 0; i < 12; ++i) login("alice", "bad" + std::to_string(i));
  EXPECT_EQ(outcome(basic("alice", "123")), Outcome::ok);
  EXPECT_EQ(outcome(basic("alice", token)), Outcome::ok);
  clock.advance(seconds(60));
  EXPECT_EQ(outcome(basic("alice", "123")), Outcome::limited);
}

TEST_F(AuthenticatorTest, OneWrongPasswordRepeatedOnReadsIsOneFailure) {
  for (int i = 0; i < 100; ++i) EXPECT_EQ(outcome(basic("alice", "old")), Outcome::wrong);
  EXPECT_EQ(authenticator.counters().verified, 1U);
  EXPECT_EQ(login("alice", "123"), Outcome::ok);
  // On writes each one counts.
  for (int i = 0; i < 9; ++i) EXPECT_EQ(outcome(basic("alice", "old", http::Method::post)), Outcome::wrong);
  EXPECT_EQ(outcome(basic("alice", "old", http::Method::post)), Outcome::limited);
}

TEST_F(AuthenticatorTest, WhatIsRememberedIsBounded) {
  Authenticator small(book, hasher, clock, {.attempts = {.max_failures = 1'000'000}, .remember = seconds(60), .max_remembered = 8});
  for (int i = 0; i < 50; ++i) bodega::testing::run(loop, small.login("u" + std::to_string(i), Secret("x"), "a")).value();
  EXPECT_EQ(small.counters().verified, 50U);
  bodega::testing::run(loop, small.login("u49", Secret("x"), "a")).value();
  EXPECT_EQ(small.counters().verified, 50U);
  bodega::testing::run(loop, small.login("u0", Secret("x"), "a")).value();
  EXPECT_EQ(small.counters().verified, 51U);
}

TEST_F(AuthenticatorTest, ACrowdWithOnePasswordVerifiesItOnce) {
  // A pool whose one job is run by hand, so that all of them wait at the same time.
  struct HeldPool final : Pool {
    void post(std::function<void()> job) override { jobs.push_back(std::move(job)); }
    std::size_t queued() const override { return jobs.size(); }
    std::vector<std::function<void()>> jobs;
  } held;
  PasswordHasher held_hasher(held, {cost, 2, 4});
  Authenticator crowded(book, held_hasher, clock, {});
  const auto request = basic("alice", "123");
  std::vector<std::unique_ptr<bodega::testing::Running<Result<Authentication>>>> answers;
  for (int i = 0; i < 100; ++i) {
    answers.push_back(std::make_unique<bodega::testing::Running<Result<Authentication>>>(loop, crowded.authenticate(request)));
  }
  ASSERT_EQ(held.jobs.size(), 1U);
  held.jobs[0]();
  for (auto& answer : answers) EXPECT_EQ(answer->get().value().outcome, Outcome::ok);
  EXPECT_EQ(crowded.counters().verified, 1U);
}

// Those that wait were let in before the others had failed.
TEST_F(AuthenticatorTest, AFloodOfGuessesStopsAtTheLimitHoweverManyWait) {
  struct HeldPool final : Pool {
    void post(std::function<void()> job) override { jobs.push_back(std::move(job)); }
    std::size_t queued() const override { return jobs.size(); }
    std::vector<std::function<void()>> jobs;
  } held;
  PasswordHasher held_hasher(held, {cost, 2, 64});
  Authenticator flooded(book, held_hasher, clock, {});
  std::vector<std::unique_ptr<bodega::testing::Running<Result<Authentication>>>> answers;
  for (int i = 0; i < 60; ++i) {
    answers.push_back(std::make_unique<bodega::testing::Running<Result<Authentication>>>(
        loop, flooded.login("guess" + std::to_string(i), Secret("x"), "10.0.0.1")));
  }
  for (std::size_t done = 0; done < held.jobs.size(); ++done) {
    held.jobs[done]();
    loop.poll();
  }
  std::size_t wrong = 0;
  for (auto& answer : answers) wrong += answer->get().value().outcome == Outcome::wrong ? 1 : 0;
  EXPECT_EQ(wrong, 11U);  // one more was under way when the tenth failed
  EXPECT_EQ(flooded.counters().verified, 11U);
  EXPECT_EQ(flooded.counters().limited, 49U);
}

TEST_F(AuthenticatorTest, APasswordChangedWhileItIsVerifiedIsNotRemembered) {
  struct HeldPool final : Pool {
    void post(std::function<void()> job) override { jobs.push_back(std::move(job)); }
    std::size_t queued() const override { return jobs.size(); }
    std::vector<std::function<void()>> jobs;
  } held;
  PasswordHasher held_hasher(held, {cost, 2, 4});
  Authenticator slow(book, held_hasher, clock, {});
  const auto request = basic("alice", "123");
  bodega::testing::Running<Result<Authentication>> first(loop, slow.authenticate(request));
  book.accounts["alice"].password_hash = hash_password("456", cost).value();
  slow.forget("alice");
  held.jobs[0]();
  EXPECT_EQ(first.get().value().outcome, Outcome::ok);
  bodega::testing::Running<Result<Authentication>> second(loop, slow.authenticate(request));
  ASSERT_EQ(held.jobs.size(), 2U);
  held.jobs[1]();
  EXPECT_EQ(second.get().value().outcome, Outcome::wrong);
}

}  // namespace
}  // namespace bodega::access
