#include "access/devpi_token.h"

#include <algorithm>
#include <set>

#include "access/password.h"
#include "base/digest.h"
#include "base/text.h"

namespace bodega::access {
namespace {

// devpi-server 6: --argon2-time-cost, --argon2-memory-cost (KiB), --argon2-parallelism.
constexpr Argon2Cost kDevpiCost{524'288, 16, 8};
constexpr std::string_view kDevpiSalt = "devpi-server-auth";
constexpr std::size_t kKeyBytes = 16;
constexpr std::size_t kSignatureSize = 27;  // of 20 bytes, without padding
constexpr std::size_t kMaxTimestampSize = 11;
constexpr std::size_t kMaxTokenBytes = 8192;

bool is_base64url(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    const char lower = ascii_lower(c);
    return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

std::optional<std::string> decode(std::string_view text) {
  std::string plain(text);
  std::replace(plain.begin(), plain.end(), '-', '+');
  std::replace(plain.begin(), plain.end(), '_', '/');
  return base64_decode(plain);
}

struct Parts {
  std::string_view payload;
  std::string_view timestamp;
  std::string_view signature;
  std::string_view signed_text;  // payload and timestamp
};

std::optional<Parts> take_apart(std::string_view token) {
  const auto second = token.rfind('.');
  if (second == std::string_view::npos || second == 0) return std::nullopt;
  const auto first = token.rfind('.', second - 1);
  if (first == std::string_view::npos) return std::nullopt;
  Parts out{token.substr(0, first), token.substr(first + 1, second - first - 1), token.substr(second + 1), token.substr(0, second)};
  const bool fits = out.payload.starts_with('[') && out.payload.ends_with(']') && out.signature.size() == kSignatureSize &&
                    !out.timestamp.empty() && out.timestamp.size() <= kMaxTimestampSize && is_base64url(out.timestamp) &&
                    is_base64url(out.signature);
  return fits ? std::optional(out) : std::nullopt;
}

// Seconds since the epoch, big-endian, without leading zeros.
std::optional<WallTime> time_of(std::string_view timestamp) {
  const auto bytes = decode(timestamp);
  if (!bytes || bytes->size() > 5) return std::nullopt;  // enough until the year 36812
  std::int64_t seconds = 0;
  for (const char c : *bytes) seconds = seconds * 256 + static_cast<unsigned char>(c);
  return from_unix_micros(seconds * 1'000'000);
}

void append_escape(std::string& out, unsigned unit) {
  constexpr std::string_view kHex = "0123456789abcdef";
  out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) out += kHex[(unit >> shift) & 0xF];
}

// As Python's json.dumps writes a user name (valid UTF-8 without quotes and control characters: those are in no name).
std::string python_json(std::string_view name) {
  std::string out = "\"";
  for (std::size_t i = 0; i < name.size();) {
    const auto lead = static_cast<unsigned char>(name[i]);
    const std::size_t size = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    if (size == 1) {
      out += name[i++];
      continue;
    }
    unsigned point = lead & (0xFFU >> (size + 1));
    for (std::size_t k = 1; k < size; ++k) point = point << 6 | (static_cast<unsigned char>(name[i + k]) & 0x3FU);
    if (point < 0x10000) {
      append_escape(out, point);
    } else {
      append_escape(out, 0xD800 + ((point - 0x10000) >> 10));
      append_escape(out, 0xDC00 + ((point - 0x10000) & 0x3FF));
    }
    i += size;
  }
  return out + '"';
}

bool is_for(std::string_view payload, std::string_view user) {
  if (user.empty() || !is_utf8(user) || user.find_first_of("\"\\") != std::string_view::npos) return false;
  const std::string begin = "[" + python_json(user) + ",";
  return payload.starts_with(begin);
}

}  // namespace

Result<Secret> derive_devpi_token_key(std::string_view secret_file) {
  const std::set<char> different(secret_file.begin(), secret_file.end());
  if (secret_file.size() < 32 || different.size() < 6) {
    return fail(Code::invalid, "the secret is none of devpi's: it has under 32 bytes, or under 6 different ones");
  }
  BODEGA_TRY(auto key, derive_key(secret_file, kDevpiSalt, kDevpiCost, kKeyBytes));
  return Secret(std::move(key));
}

bool looks_like_devpi_token(std::string_view text) { return text.size() <= kMaxTokenBytes && take_apart(text).has_value(); }

std::optional<WallTime> check_devpi_token(const Secret& key, std::string_view user, std::string_view token, WallTime now) {
  if (key.empty() || token.size() > kMaxTokenBytes) return std::nullopt;
  const auto parts = take_apart(token);
  if (!parts) return std::nullopt;
  // itsdangerous' derivation "django-concat": SHA-1 of salt, "signer", key.
  auto hasher = Hasher::make("sha1");
  if (!hasher) return std::nullopt;
  hasher->update("itsdangerous");
  hasher->update("signer");
  hasher->update(key.reveal());
  const std::string derived = hasher->finish();
  const auto signature = decode(parts->signature);
  if (!signature || !constant_time_equal(hmac_sha1(derived, parts->signed_text), *signature)) return std::nullopt;
  const auto issued = time_of(parts->timestamp);
  if (!issued || *issued > now || now > *issued + kLoginTokenLife || !is_for(parts->payload, user)) return std::nullopt;
  return issued;
}

}  // namespace bodega::access
