#include "access/password.h"

#include <array>
#include <deque>

#include <argon2.h>
#include <gtest/gtest.h>

#include "async/loop.h"
#include "testing/run_task.h"

namespace bodega::access {
namespace {

constexpr Argon2Cost kCheap{8, 1, 1};  // the least there is: tests are about behaviour, not about cost

bool verifies(std::string_view password, std::string_view text) {
  const auto hash = Argon2Hash::parse(text);
  if (!hash) return false;
  return verify_password(password, *hash).value();
}

TEST(Argon2Hash, OfficialVectorsVerify) {
  // test.c of the reference implementation.
  EXPECT_TRUE(verifies("password", "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"));
  EXPECT_TRUE(verifies("password", "$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc"));
  EXPECT_FALSE(verifies("Password", "$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc"));
}

TEST(Argon2Hash, DevpiHashesVerify) {
  // Made as passlib makes them: by the library itself, eight lanes on eight threads; we compute the lanes one after the other.
  std::array<char, 256> text{};
  const std::string password = "s3cret \xC3\xA4";
  const std::string salt = "0123456789abcdef";
  ASSERT_EQ(argon2id_hash_encoded(2, 1024, 8, password.data(), password.size(), salt.data(), salt.size(), 16, text.data(), text.size()), 0);
  EXPECT_TRUE(verifies(password, text.data()));
  EXPECT_FALSE(verifies("s3cret", text.data()));
}

TEST(Argon2Hash, TextAndParsingAgree) {
  const auto text = hash_password("x", kCheap).value();
  const auto hash = Argon2Hash::parse(text);
  ASSERT_TRUE(hash);
  EXPECT_EQ(hash->text(), text);
  EXPECT_TRUE(text.starts_with("$argon2id$v=19$m=8,t=1,p=1$")) << text;
}

TEST(Argon2Hash, SaltsDiffer) { EXPECT_NE(hash_password("x", kCheap).value(), hash_password("x", kCheap).value()); }

TEST(Argon2Hash, TheShortestAndTheEmptyPasswordAreOnesToo) {
  EXPECT_TRUE(verifies("", hash_password("", kCheap).value()));
  EXPECT_FALSE(verifies("", hash_password("a", kCheap).value()));
}

TEST(Argon2Hash, OverlongPasswordsAreWrongWithoutWork) {
  const std::string huge(kMaxPasswordBytes + 1, 'a');
  EXPECT_FALSE(verifies(huge, hash_password(huge, kCheap).value()));
}

TEST(Argon2Hash, BrokenAndExpensiveStringsAreRefused) {
  const std::string tail = "$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA";
  EXPECT_TRUE(Argon2Hash::parse("$argon2id$v=19$m=8,t=1,p=1" + tail));
  EXPECT_TRUE(Argon2Hash::parse("$argon2id$v=19$m=102400,t=2,p=8" + tail));
  EXPECT_TRUE(Argon2Hash::parse("$argon2i$m=512,t=2,p=2" + tail));
  for (const std::string& bad : std::initializer_list<std::string>{
           "",
           "secret",
           "$",
           "$argon2id$v=19$m=8,t=1,p=1",
           "$argon2x$v=19$m=8,t=1,p=1" + tail,
           "$argon2id$v=18$m=8,t=1,p=1" + tail,
           "$argon2id$v=19$m=4194304,t=1,p=1" + tail,  // 4 GiB
           "$argon2id$v=19$m=8,t=1000000,p=1" + tail,
           "$argon2id$v=19$m=65536,t=1,p=4096" + tail,
           "$argon2id$v=19$m=0,t=1,p=1" + tail,
           "$argon2id$v=19$m=8,t=1,p=2" + tail,  // under 8 KiB a lane
           "$argon2id$v=19$m=-8,t=1,p=1" + tail,
           "$argon2id$v=19$t=1,m=8,p=1" + tail,
           "$argon2id$v=19$m=8,t=1,p=1$AA$AAAAAAAAAAAAAAAAAAAAAA",
           "$argon2id$v=19$m=8,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AA",
           "$argon2id$v=19$m=8,t=1,p=1$!!!!!!!!!!!!!!!!!!!!!!$AAAAAAAAAAAAAAAAAAAAAA",
           "$2b$12$abcdefghijklmnopqrstuuAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
       }) {
    EXPECT_FALSE(Argon2Hash::parse(bad)) << bad;
  }
}

TEST(Argon2Hash, OnlyWeakerHashesAreRenewed) {
  const std::string tail = "$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA";
  const auto weak = [&](const std::string& head) { return needs_rehash(*Argon2Hash::parse(head + tail), Argon2Cost{}); };
  EXPECT_FALSE(weak("$argon2id$v=19$m=65536,t=3,p=1"));
  EXPECT_FALSE(weak("$argon2id$v=19$m=102400,t=2,p=8"));  // devpi's
  EXPECT_TRUE(weak("$argon2id$v=19$m=8,t=1,p=1"));
  EXPECT_TRUE(weak("$argon2i$v=19$m=102400,t=2,p=8"));
  EXPECT_TRUE(weak("$argon2id$m=102400,t=2,p=8"));
}

// Jobs run when the test says so.
class StepPool final : public Pool {
 public:
  void post(std::function<void()> job) override { jobs_.push_back(std::move(job)); }
  std::size_t queued() const override { return jobs_.size(); }
  void step() {
    auto job = std::move(jobs_.front());
    jobs_.pop_front();
    job();
  }

 private:
  std::deque<std::function<void()>> jobs_;
};

using Answer = bodega::testing::Running<Result<Verdict>>;

TEST(PasswordHasher, TellsRightWeakAndWrong) {
  Loop loop("test");
  auto pool = make_inline_pool();
  PasswordHasher hasher(*pool, {Argon2Cost{16, 1, 1}, 2, 4});
  const auto good = bodega::testing::run(loop, hasher.hash(Secret("pw"))).value();
  EXPECT_EQ(bodega::testing::run(loop, hasher.verify(good, Secret("pw"))), Verdict::right);
  EXPECT_EQ(bodega::testing::run(loop, hasher.verify(good, Secret("no"))), Verdict::wrong);
  EXPECT_EQ(bodega::testing::run(loop, hasher.verify(hash_password("pw", kCheap).value(), Secret("pw"))), Verdict::right_but_weak);
}

TEST(PasswordHasher, NoHashIsAsMuchWorkAndNeverRight) {
  Loop loop("test");
  StepPool pool;
  PasswordHasher hasher(pool, {kCheap, 2, 4});
  for (const std::string stored : {"", "garbage", "$argon2id$v=19$m=4194304,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA"}) {
    Answer answer(loop, hasher.verify(stored, Secret("")));
    EXPECT_EQ(pool.queued(), 1U) << stored;
    pool.step();
    EXPECT_EQ(answer.get(), Verdict::wrong) << stored;
  }
}

TEST(PasswordHasher, TwoAtOnceTheRestInOrderThenBusy) {
  Loop loop("test");
  StepPool pool;
  PasswordHasher hasher(pool, {kCheap, 2, 2});
  const auto stored = hash_password("pw", kCheap).value();
  Answer first(loop, hasher.verify(stored, Secret("pw")));
  Answer second(loop, hasher.verify(stored, Secret("no")));
  Answer third(loop, hasher.verify(stored, Secret("pw")));
  Answer fourth(loop, hasher.verify(stored, Secret("no")));
  EXPECT_EQ(pool.queued(), 2U);
  EXPECT_EQ(hasher.waiting(), 2U);
  Answer fifth(loop, hasher.verify(stored, Secret("pw")));
  const auto refused = fifth.get();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::busy);
  EXPECT_TRUE(refused.error().retry_after);

  pool.step();
  EXPECT_EQ(first.get(), Verdict::right);
  EXPECT_EQ(pool.queued(), 2U);  // the second, and the third who took the place
  pool.step();
  EXPECT_EQ(second.get(), Verdict::wrong);
  pool.step();
  EXPECT_EQ(third.get(), Verdict::right);
  EXPECT_FALSE(fourth.done());
  pool.step();
  EXPECT_EQ(fourth.get(), Verdict::wrong);

  Answer later(loop, hasher.verify(stored, Secret("pw")));
  pool.step();
  EXPECT_EQ(later.get(), Verdict::right);
}

}  // namespace
}  // namespace bodega::access
