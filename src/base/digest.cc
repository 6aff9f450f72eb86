#include "base/digest.h"

#include <blake2.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/check.h"
#include "base/text.h"

namespace bodega {
namespace {

constexpr unsigned kBlake2b256Size = 32;

std::string hmac(const EVP_MD* algorithm, std::string_view key, std::string_view message) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
  unsigned size = 0;
  const auto* data = reinterpret_cast<const unsigned char*>(message.data());
  const auto* made = HMAC(algorithm, key.data(), static_cast<int>(key.size()), data, message.size(), out.data(), &size);
  BODEGA_CHECK(made != nullptr, "HMAC");
  return {reinterpret_cast<const char*>(out.data()), size};
}

}  // namespace

std::optional<Digest> Digest::from_bytes(std::string_view bytes) {
  Digest digest;
  if (bytes.size() != digest.value_.size()) return std::nullopt;
  std::copy(bytes.begin(), bytes.end(), digest.value_.begin());
  return digest;
}

std::optional<Digest> Digest::from_hex(std::string_view hex) {
  const auto bytes = hex.size() == 64 ? bodega::from_hex(hex) : std::nullopt;
  return bytes ? from_bytes(*bytes) : std::nullopt;
}

Digest Digest::of(std::string_view bytes) {
  auto hasher = Hasher::sha256();
  hasher.update(bytes);
  return hasher.finish_digest();
}

std::string Digest::hex() const { return to_hex(bytes()); }

struct Hasher::State {
  struct Free {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
    void operator()(EVP_MD* algorithm) const { EVP_MD_free(algorithm); }
  };
  std::unique_ptr<EVP_MD, Free> algorithm;
  std::unique_ptr<EVP_MD_CTX, Free> context;
  // Set instead of the two above for blake2b_256: OpenSSL 3.0 has BLAKE2b with 64 bytes only, and the length is part of the function.
  std::unique_ptr<blake2b_state> blake2b_256;
};

Hasher::Hasher(std::unique_ptr<State> state) : state_(std::move(state)) {}
Hasher::Hasher(Hasher&&) noexcept = default;
Hasher& Hasher::operator=(Hasher&&) noexcept = default;
Hasher::~Hasher() = default;

std::optional<Hasher> Hasher::make(std::string_view algorithm) {
  static constexpr std::pair<std::string_view, const char*> kNames[] = {
      {"sha256", "SHA256"}, {"sha512", "SHA512"}, {"sha384", "SHA384"},     {"sha224", "SHA224"},
      {"sha1", "SHA1"},     {"md5", "MD5"},       {"blake2b", "BLAKE2B512"}};
  auto state = std::make_unique<State>();
  if (algorithm == "blake2b_256") {
    state->blake2b_256 = std::make_unique<blake2b_state>();
    if (blake2b_init(state->blake2b_256.get(), kBlake2b256Size) != 0) return std::nullopt;
    return Hasher(std::move(state));
  }
  for (const auto& [name, openssl_name] : kNames) {
    if (name != algorithm) continue;
    state->algorithm.reset(EVP_MD_fetch(nullptr, openssl_name, nullptr));
    state->context.reset(EVP_MD_CTX_new());
    if (!state->algorithm || !state->context) return std::nullopt;
    if (EVP_DigestInit_ex2(state->context.get(), state->algorithm.get(), nullptr) != 1) return std::nullopt;
    return Hasher(std::move(state));
  }
  return std::nullopt;
}

Hasher Hasher::sha256() {
  auto hasher = make("sha256");
  BODEGA_CHECK(hasher, "OpenSSL without SHA-256");
  return std::move(*hasher);
}

void Hasher::update(std::string_view bytes) {
  if (state_->blake2b_256) {
    blake2b_update(state_->blake2b_256.get(), reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
    return;
  }
  BODEGA_CHECK(EVP_DigestUpdate(state_->context.get(), bytes.data(), bytes.size()) == 1, "EVP_DigestUpdate");
}

std::string Hasher::finish() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
  unsigned size = kBlake2b256Size;
  if (state_->blake2b_256) {
    blake2b_final(state_->blake2b_256.get(), out.data(), size);
    return {reinterpret_cast<const char*>(out.data()), size};
  }
  BODEGA_CHECK(EVP_DigestFinal_ex(state_->context.get(), out.data(), &size) == 1, "EVP_DigestFinal_ex");
  return {reinterpret_cast<const char*>(out.data()), size};
}

std::string Hasher::finish_hex() { return to_hex(finish()); }

Digest Hasher::finish_digest() {
  const auto digest = Digest::from_bytes(finish());
  BODEGA_CHECK(digest, "finish_digest on a hasher that is not sha256");
  return *digest;
}

std::string hmac_sha256(std::string_view key, std::string_view message) { return hmac(EVP_sha256(), key, message); }
std::string hmac_sha1(std::string_view key, std::string_view message) { return hmac(EVP_sha1(), key, message); }

}  // namespace bodega
