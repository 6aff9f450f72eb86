// Password hashes: Argon2 (RFC 9106) as PHC strings, "$argon2id$v=19$m=65536,t=3,p=1$salt$hash". Hashes of devpi (passlib) verify as they
// are, whatever their parameters, up to the bounds below.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "access/gate.h"
#include "async/offload.h"
#include "base/result.h"
#include "base/secret.h"

namespace bodega::access {

// Cost of one hash. Every concurrent verification takes `memory_kib`.
struct Argon2Cost {
  std::uint64_t work() const { return std::uint64_t{memory_kib} * passes; }
  bool operator==(const Argon2Cost&) const = default;

  std::uint32_t memory_kib = 64 * 1024;  // RFC 9106 section 4, second recommended option: 64 MiB, three passes
  std::uint32_t passes = 3;
  std::uint32_t lanes = 1;  // the second option has 4; more lanes only help whoever computes them in parallel, and we do not
};

// For secrets that nobody can guess, such as a made-up password of 120 random bits: a hash is slow to slow guessing, and here it would only
// slow us. A server with such a password answers its first request 150 ms earlier, and needs no 64 MiB for it.
inline constexpr Argon2Cost kUnguessable{64, 1, 1};

// A parsed PHC string.
struct Argon2Hash {
  enum class Variant { d, i, id } variant = Variant::id;
  std::uint32_t version = 0x13;
  Argon2Cost cost;
  std::string salt;
  std::string hash;

  // nullopt: not an Argon2 string, or over the bounds: 256 MiB (two at once stay under half a GiB), 16 passes, 16 lanes (devpi's own hashes
  // have 100 MiB, 2, 8). A user may set a hash of the own account, so that a hash is input like any other.
  static std::optional<Argon2Hash> parse(std::string_view text);
  std::string text() const;
};

// Longer passwords never verify; argon2 itself would hash 4 GiB.
inline constexpr std::size_t kMaxPasswordBytes = 4096;

// These two take the whole cost on the calling thread.
// busy: no memory for it.
Result<std::string> hash_password(std::string_view password, const Argon2Cost& cost);
Result<bool> verify_password(std::string_view password, const Argon2Hash& hash);
// A hash of this cost that no password has.
std::string decoy_hash(const Argon2Cost& cost);
// Argon2id as a key derivation: `length` raw bytes. Blocks. busy: no memory for it.
Result<std::string> derive_key(std::string_view secret, std::string_view salt, const Argon2Cost& cost, std::size_t length);
// Weaker than what hash_password makes now: another variant, or less memory times passes.
bool needs_rehash(const Argon2Hash& hash, const Argon2Cost& cost);

enum class Verdict { wrong, right, right_but_weak };

// Hashing and verifying off the loop, with bounded memory: `parallel` at once, the rest waits in order. Home loop only.
class PasswordHasher {
 public:
  struct Options {
    Argon2Cost cost;
    std::size_t parallel = 2;      // 128 MiB at the default cost; logins are rare
    std::size_t max_waiting = 64;  // about five seconds of work: 150 ms each (measured on one core), two at a time
  };
  PasswordHasher(Pool& pool, Options options);

  // busy. cancelled.
  Task<Result<std::string>> hash(Secret password);
  // `stored` empty or unreadable: as much work as for a real hash, then `wrong`. busy. cancelled.
  Task<Result<Verdict>> verify(std::string stored, Secret password);
  // The same, if `wanted` still says so when its turn has come; else nullopt, without work.
  Task<Result<std::optional<Verdict>>> verify_if(std::function<bool()> wanted, std::string stored, Secret password);

  std::size_t waiting() const { return gate_.waiting(); }
  const Argon2Cost& cost() const { return options_.cost; }
  // Of all verifications so far: KiB times passes.
  std::uint64_t work() const { return work_; }

 private:
  Pool& pool_;
  Options options_;
  Argon2Hash dummy_;
  Gate gate_;
  std::uint64_t work_ = 0;
};

}  // namespace bodega::access
