// Digests of bytes. Sha256 names artifacts; the others only check what an upstream page or an upload form claims.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace bodega {

// A SHA-256 value. Ordered and hashable, so that it can be a key.
class Digest {
 public:
  Digest() = default;
  static std::optional<Digest> from_hex(std::string_view hex);      // exactly 64 hex digits, either case
  static std::optional<Digest> from_bytes(std::string_view bytes);  // exactly 32
  static Digest of(std::string_view bytes);

  std::string hex() const;  // lower case
  std::string_view bytes() const { return {reinterpret_cast<const char*>(value_.data()), value_.size()}; }
  auto operator<=>(const Digest&) const = default;

 private:
  std::array<std::uint8_t, 32> value_{};
};

// A running digest by the name Python's hashlib gives it: sha256, sha512, sha384, sha224, sha1, md5, blake2b (64 bytes),
// blake2b_256 (32 bytes; the upload form's blake2_256_digest). Not thread-safe; may be handed from thread to thread.
class Hasher {
 public:
  static std::optional<Hasher> make(std::string_view algorithm);  // nullopt: unknown algorithm
  static Hasher sha256();
  Hasher(Hasher&&) noexcept;
  Hasher& operator=(Hasher&&) noexcept;
  ~Hasher();

  void update(std::string_view bytes);
  std::string finish();      // raw bytes; call once
  std::string finish_hex();  // likewise
  Digest finish_digest();    // sha256 only; checked

 private:
  struct State;
  explicit Hasher(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// HMAC-SHA256, 32 raw bytes.
std::string hmac_sha256(std::string_view key, std::string_view message);
// HMAC-SHA1, 20 raw bytes. Only for what others signed.
std::string hmac_sha1(std::string_view key, std::string_view message);

}  // namespace bodega

template <>
struct std::hash<bodega::Digest> {
  std::size_t operator()(const bodega::Digest& digest) const noexcept {
    std::size_t value = 0;  // the first bytes of a cryptographic hash are as good a hash as any
    __builtin_memcpy(&value, digest.bytes().data(), sizeof value);
    return value;
  }
};
