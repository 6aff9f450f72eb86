#include "access/token.h"

#include <algorithm>

#include "base/digest.h"
#include "base/text.h"

namespace bodega::access {
namespace {

constexpr std::string_view kPrefix = "bl1.";
constexpr std::chrono::seconds kSkew{60};
// A user name is bounded by the request head (32 KiB); a token is carried in one too.
constexpr std::size_t kMaxTokenBytes = 8192;

std::string base64url(std::string_view bytes) {
  std::string out = base64_encode(bytes);
  std::replace(out.begin(), out.end(), '+', '-');
  std::replace(out.begin(), out.end(), '/', '_');
  while (!out.empty() && out.back() == '=') out.pop_back();
  return out;
}

std::optional<std::string> from_base64url(std::string_view text) {
  if (text.find_first_of("+/=") != std::string_view::npos) return std::nullopt;
  std::string plain(text);
  std::replace(plain.begin(), plain.end(), '-', '+');
  std::replace(plain.begin(), plain.end(), '_', '/');
  return base64_decode(plain);
}

std::string signature(const Secret& key, std::string_view payload) { return base64url(hmac_sha256(key.reveal(), payload)); }

}  // namespace

std::string make_login_token(const Secret& key, std::string_view user, WallTime now) {
  std::string out(kPrefix);
  out += base64url(user);
  out += '.';
  out += std::to_string(to_unix_micros(now) / 1'000'000);
  const std::string mac = signature(key, out);
  out += '.';
  out += mac;
  return out;
}

bool looks_like_login_token(std::string_view text) {
  return text.starts_with(kPrefix) && text.size() <= kMaxTokenBytes && std::count(text.begin(), text.end(), '.') == 3;
}

std::optional<LoginToken> check_login_token(const Secret& key, std::string_view token, WallTime now) {
  if (key.empty() || !looks_like_login_token(token)) return std::nullopt;
  const auto last = token.rfind('.');
  if (!constant_time_equal(signature(key, token.substr(0, last)), token.substr(last + 1))) return std::nullopt;
  const auto parts = split(token, '.');
  auto user = from_base64url(parts[1]);
  const auto seconds = parse_u64(parts[2]);
  // A year-9999 bound keeps the arithmetic below from overflowing; only the holder of the key could get here with more.
  if (!user || !seconds || *seconds > 253'402'300'799ULL) return std::nullopt;
  const WallTime issued = from_unix_micros(static_cast<std::int64_t>(*seconds) * 1'000'000);
  if (issued > now + kSkew || now >= issued + kLoginTokenLife) return std::nullopt;
  return LoginToken{std::move(*user), issued};
}

}  // namespace bodega::access
