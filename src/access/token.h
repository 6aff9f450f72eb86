// Login tokens: what `POST /+login` gives for a password. Stateless and signed, so that any node with the secret can check one:
//   bl1.<base64url user>.<issued, Unix seconds>.<base64url HMAC-SHA256 of what is before it>
// A token of a user who was deleted and made again does not come back to life: it must not be older than the account.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/secret.h"
#include "base/time.h"

namespace bodega::access {

// devpi's: ten hours. Clients show "credentials valid for".
inline constexpr std::chrono::seconds kLoginTokenLife{36000};

// Bytes of a new secret; the catalog keeps it as hex under the setting "token-secret".
inline constexpr std::size_t kTokenSecretBytes = 32;

std::string make_login_token(const Secret& key, std::string_view user, WallTime now);

struct LoginToken {
  std::string user;
  WallTime issued{};
};

// Whether a text has a token's form; says nothing about its worth.
bool looks_like_login_token(std::string_view text);
// nullopt: not a token, not signed by `key`, older than its life, or from the future by more than a minute (clocks of several nodes).
std::optional<LoginToken> check_login_token(const Secret& key, std::string_view token, WallTime now);

}  // namespace bodega::access
