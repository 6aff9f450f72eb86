#include "access/password.h"

#include <array>

#include <argon2.h>

#include "access/random.h"
#include "base/text.h"

namespace bodega::access {
namespace {

constexpr std::uint32_t kMaxMemoryKib = 256 * 1024;
constexpr std::uint32_t kMaxPasses = 16;
constexpr std::uint32_t kMaxLanes = 16;
constexpr std::size_t kSaltBytes = 16;  // RFC 9106 section 3.1
constexpr std::size_t kHashBytes = 32;

std::string unpadded(std::string_view bytes) {
  std::string out = base64_encode(bytes);
  while (!out.empty() && out.back() == '=') out.pop_back();
  return out;
}

// "m=65536,t=3,p=1", in this order (PHC string format).
std::optional<Argon2Cost> parse_cost(std::string_view text) {
  const auto parts = split(text, ',');
  if (parts.size() != 3) return std::nullopt;
  constexpr std::array<std::string_view, 3> names{"m=", "t=", "p="};
  constexpr std::array<std::uint32_t, 3> bounds{kMaxMemoryKib, kMaxPasses, kMaxLanes};
  std::array<std::uint32_t, 3> values{};
  for (std::size_t i = 0; i < 3; ++i) {
    if (!parts[i].starts_with(names[i])) return std::nullopt;
    const auto value = parse_u64(parts[i].substr(2));
    if (!value || *value == 0 || *value > bounds[i]) return std::nullopt;
    values[i] = static_cast<std::uint32_t>(*value);
  }
  return Argon2Cost{values[0], values[1], values[2]};
}

std::optional<Argon2Hash::Variant> parse_variant(std::string_view name) {
  if (name == "argon2id") return Argon2Hash::Variant::id;
  if (name == "argon2i") return Argon2Hash::Variant::i;
  if (name == "argon2d") return Argon2Hash::Variant::d;
  return std::nullopt;
}

argon2_type library_type(Argon2Hash::Variant variant) {
  switch (variant) {
    case Argon2Hash::Variant::d: return Argon2_d;
    case Argon2Hash::Variant::i: return Argon2_i;
    case Argon2Hash::Variant::id: return Argon2_id;
  }
  return Argon2_id;
}

// The hash of `password` under the parameters and salt of `like`.
Result<std::string> compute(std::string_view password, const Argon2Hash& like, std::size_t length) {
  std::string out(length, '\0');
  std::string salt = like.salt;  // the C interface takes pointers to mutable bytes; it changes none without its clear flags
  std::string secret(password);
  argon2_context context{};
  context.out = reinterpret_cast<std::uint8_t*>(out.data());
  context.outlen = static_cast<std::uint32_t>(out.size());
  context.pwd = reinterpret_cast<std::uint8_t*>(secret.data());
  context.pwdlen = static_cast<std::uint32_t>(secret.size());
  context.salt = reinterpret_cast<std::uint8_t*>(salt.data());
  context.saltlen = static_cast<std::uint32_t>(salt.size());
  context.t_cost = like.cost.passes;
  context.m_cost = like.cost.memory_kib;
  context.lanes = like.cost.lanes;
  context.threads = 1;  // lanes are computed one after the other: the pool's threads are the only ones we use
  context.version = like.version;
  context.flags = ARGON2_FLAG_CLEAR_PASSWORD;
  const int status = argon2_ctx(&context, library_type(like.variant));
  if (status != ARGON2_OK) {
    Error error{Code::busy, "The server is busy; try again.", std::string("argon2: ") + argon2_error_message(status),
                std::chrono::seconds(1)};
    return fail(std::move(error));
  }
  return out;
}

}  // namespace

std::optional<Argon2Hash> Argon2Hash::parse(std::string_view text) {
  auto parts = split(text, '$');
  // "", variant, ["v=19"], cost, salt, hash
  if (parts.size() < 5 || parts.size() > 6 || !parts[0].empty()) return std::nullopt;
  Argon2Hash out;
  const auto variant = parse_variant(parts[1]);
  if (!variant) return std::nullopt;
  out.variant = *variant;
  out.version = 0x10;  // what a string without a version means
  if (parts.size() == 6) {
    if (parts[2] != "v=19" && parts[2] != "v=16") return std::nullopt;
    out.version = parts[2] == "v=19" ? 0x13 : 0x10;
    parts.erase(parts.begin() + 2);
  }
  const auto cost = parse_cost(parts[2]);
  auto salt = base64_decode(parts[3]);
  auto hash = base64_decode(parts[4]);
  if (!cost || !salt || !hash) return std::nullopt;
  if (salt->size() < 8 || salt->size() > 64 || hash->size() < 12 || hash->size() > 64) return std::nullopt;  // shorter ones guard nothing
  // RFC 9106: at least 8 KiB a lane.
  if (cost->memory_kib < 8 * cost->lanes) return std::nullopt;
  out.cost = *cost;
  out.salt = std::move(*salt);
  out.hash = std::move(*hash);
  return out;
}

std::string Argon2Hash::text() const {
  const char* name = variant == Variant::id ? "argon2id" : variant == Variant::i ? "argon2i" : "argon2d";
  return std::string("$") + name + "$v=" + std::to_string(version) + "$m=" + std::to_string(cost.memory_kib) +
         ",t=" + std::to_string(cost.passes) + ",p=" + std::to_string(cost.lanes) + "$" + unpadded(salt) + "$" + unpadded(hash);
}

Result<std::string> hash_password(std::string_view password, const Argon2Cost& cost) {
  Argon2Hash out;
  out.cost = cost;
  out.salt = random_bytes(kSaltBytes);
  BODEGA_TRY(out.hash, compute(password, out, kHashBytes));
  return out.text();
}

Result<bool> verify_password(std::string_view password, const Argon2Hash& hash) {
  if (password.size() > kMaxPasswordBytes) return false;
  BODEGA_TRY(const std::string computed, compute(password, hash, hash.hash.size()));
  return constant_time_equal(computed, hash.hash);
}

Result<std::string> derive_key(std::string_view secret, std::string_view salt, const Argon2Cost& cost, std::size_t length) {
  Argon2Hash like;
  like.cost = cost;
  like.salt = salt;
  return compute(secret, like, length);
}

std::string decoy_hash(const Argon2Cost& cost) {
  Argon2Hash out;
  out.cost = cost;
  out.salt = random_bytes(kSaltBytes);
  out.hash = random_bytes(kHashBytes);
  return out.text();
}

bool needs_rehash(const Argon2Hash& hash, const Argon2Cost& cost) {
  return hash.variant != Argon2Hash::Variant::id || hash.version != 0x13 || hash.cost.work() < cost.work();
}

PasswordHasher::PasswordHasher(Pool& pool, Options options) : pool_(pool), options_(options), gate_(options.parallel, options.max_waiting) {
  dummy_.cost = options_.cost;
  dummy_.salt = random_bytes(kSaltBytes);
  dummy_.hash = random_bytes(kHashBytes);
}

Task<Result<std::string>> PasswordHasher::hash(Secret password) {
  auto pass = co_await gate_.enter();
  if (!pass) co_return fail(std::move(pass).error());
  auto work = [&password, this] { return hash_password(password.reveal(), options_.cost); };
  auto out = co_await offload(pool_, std::move(work));
  co_return out;
}

Task<Result<Verdict>> PasswordHasher::verify(std::string stored, Secret password) {
  std::function<bool()> always = [] { return true; };
  auto verdict = co_await verify_if(std::move(always), std::move(stored), std::move(password));
  if (!verdict) co_return fail(std::move(verdict).error());
  co_return **verdict;
}

Task<Result<std::optional<Verdict>>> PasswordHasher::verify_if(std::function<bool()> wanted, std::string stored, Secret password) {
  auto pass = co_await gate_.enter();
  if (!pass) co_return fail(std::move(pass).error());
  if (!wanted()) co_return std::nullopt;
  const auto parsed = Argon2Hash::parse(stored);
  const Argon2Hash& hash = parsed ? *parsed : dummy_;
  work_ += hash.cost.work();
  auto work = [&password, &hash] { return verify_password(password.reveal(), hash); };
  auto done = co_await offload(pool_, std::move(work));
  BODEGA_CO_TRY(const bool right, done);
  if (!right || !parsed) co_return Verdict::wrong;
  co_return needs_rehash(*parsed, options_.cost) ? Verdict::right_but_weak : Verdict::right;
}

}  // namespace bodega::access
