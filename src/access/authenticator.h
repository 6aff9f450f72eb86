// From the headers of a request to a principal. Accepted: `X-Devpi-Auth: base64(user:secret)`, `Authorization: Basic` (secret = password,
// login token or token of our own, the last under any user name) and `Authorization: Bearer` (a token of either kind). Who comes through
// the administrator's socket without credentials is root.
//
// A password costs 150 milliseconds and 64 MiB to verify, so what it proved is remembered for a minute under a keyed hash, and a crowd
// with one password verifies it once. Wrong passwords are remembered too; that only saves work, they count as failures all the same,
// except on reads, where a badly configured installer repeats one wrong password hundreds of times.
#pragma once

#include <chrono>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "access/attempts.h"
#include "access/password.h"
#include "access/principal.h"
#include "access/token.h"
#include "access/token_book.h"
#include "async/signal.h"
#include "http/message.h"

namespace bodega::access {

struct Account {
  std::string password_hash;  // empty: no login by password
  WallTime created{};
};

// What the authenticator asks about users. Home loop.
class Accounts {
 public:
  virtual ~Accounts() = default;
  virtual std::optional<Account> account(std::string_view user) const = 0;  // nullopt: no such user
  // The index and, behind it, every index it reads through.
  virtual std::vector<std::string> reads_through(const std::string& index) const { return {index}; }
  // What looking at a password costs for most users; at least what a new hash costs. nullopt: that.
  virtual std::optional<Argon2Cost> usual_cost() const { return std::nullopt; }
};

enum class Outcome {
  anonymous,  // no credentials were sent
  ok,
  wrong,    // credentials that prove nothing. On reads: treat as anonymous
  limited,  // too many failures; the credentials were not looked at. On reads: treat as anonymous, else 429
};

struct Authentication {
  Outcome outcome = Outcome::anonymous;
  Principal principal;                 // anonymous unless ok
  std::string attempted;               // the user name that was sent, also when wrong; for messages and the log
  std::chrono::seconds retry_after{};  // of limited
  bool weak_hash = false;              // ok by a password whose stored hash should be made anew
};

// Credentials as sent. Pure.
struct Credentials {
  std::string user;  // empty with `bearer`
  Secret secret;
  enum class Form { basic, bearer } form = Form::basic;
};
enum class Presence { none, broken, given };
struct SentCredentials {
  Presence presence = Presence::none;
  Credentials credentials;
};
// X-Devpi-Auth wins over Authorization. User and secret are UTF-8; other bytes are taken as Latin-1, as devpi does. broken: a header of
// ours that cannot be decoded. Other schemes count as none.
SentCredentials read_credentials(const http::Headers& headers);

// Home loop only.
class Authenticator {
 public:
  struct Options {
    Attempts::Options attempts;
    std::chrono::seconds remember{60};  // how long a revoked password may still open something if forget() were missed
    std::size_t max_remembered = 4096;  // about 1 MiB
  };
  Authenticator(const Accounts& accounts, PasswordHasher& hasher, const Clock& clock, Options options);
  ~Authenticator();

  // Key of login tokens; without one no token is accepted.
  void set_token_key(Secret key) { token_key_ = std::move(key); }
  // Key of the login tokens of the devpi-server this one was imported from (access/devpi_token.h); empty: there is none.
  void set_devpi_token_key(Secret key) { devpi_token_key_ = std::move(key); }
  // Tokens of our own; outlives the authenticator. Without one none is accepted.
  void use_tokens(TokenBook& book) { tokens_ = &book; }
  std::string new_login_token(std::string_view user) const;

  // busy: too many passwords are being verified.
  Task<Result<Authentication>> authenticate(const http::Request& request);
  // The same for a user and password out of a body; every failure counts. A token is no password here.
  Task<Result<Authentication>> login(std::string user, Secret password, std::string client_address);

  // The password of the user changed, or the user is gone.
  void forget(const std::string& user);

  struct Counters {
    std::uint64_t verified = 0;    // argon2 computations
    std::uint64_t remembered = 0;  // answers without one
    std::uint64_t failed = 0;
    std::uint64_t limited = 0;
  };
  const Counters& counters() const { return counters_; }

 private:
  enum class Repeat { counts, is_free };
  struct Memory {
    std::string user;
    Verdict verdict = Verdict::wrong;
    MonoTime until{};
    std::list<std::string>::iterator place;
  };

  Authentication by_login_token(const Credentials& credentials) const;
  Authentication by_own_token(const Credentials& credentials, const std::string& address, Repeat repeat);
  Authentication fail_without_work(std::string user, const std::string& address, Repeat repeat);
  Task<Result<Authentication>> by_password(Credentials credentials, std::string address, Repeat repeat);
  // nullopt: so many others failed while it waited that it may not be tried any more.
  Task<Result<std::optional<Verdict>>> verify(const Credentials& credentials, const std::string& address, const std::string& key);
  Authentication conclude(const Credentials& credentials, const std::string& address, Verdict verdict, Repeat repeat);
  std::optional<std::chrono::seconds> must_wait(const std::string& user, const std::string& address) const;
  std::string memory_key(const Credentials& credentials) const;
  std::optional<Verdict> recall(const std::string& key);
  void remember(const std::string& key, const std::string& user, Verdict verdict);

  const Accounts& accounts_;
  PasswordHasher& hasher_;
  const Clock& clock_;
  Options options_;
  Secret token_key_;
  Secret devpi_token_key_;
  TokenBook* tokens_ = nullptr;
  std::string process_key_;  // of the remembered hashes: they mean nothing outside this process
  Attempts attempts_;
  Counters counters_;
  std::unordered_map<std::string, Memory> memory_;
  std::list<std::string> memory_order_;                       // oldest first
  std::map<std::string, std::shared_ptr<Signal>> verifying_;  // shared with those who wait for the same answer
};

}  // namespace bodega::access
