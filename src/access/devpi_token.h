// The login tokens of a devpi-server, so that whoever was logged in before an import still is after it: itsdangerous' TimedSerializer over
// JSON, `["alice", ["group"], true].<timestamp>.<signature>`, signed with HMAC-SHA1. They are only checked here, never made.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "access/token.h"
#include "base/result.h"
#include "base/secret.h"
#include "base/time.h"

namespace bodega::access {

// The setting of the catalog that holds the derived key as hex, 32 digits. The importer writes it; rotating our own secret takes it away.
inline constexpr std::string_view kDevpiTokenKeySetting = "devpi-token-key";

// The key from the bytes of devpi's secret file as they are, line end included: Argon2id with devpi's default cost, 16 bytes. Blocks for
// some seconds and takes 512 MiB. invalid: a secret that devpi itself would refuse (under 32 bytes, under 6 different ones). busy: no
// memory.
Result<Secret> derive_devpi_token_key(std::string_view secret_file);

// Whether a text has the form; says nothing about its worth.
bool looks_like_devpi_token(std::string_view text);

// When it was issued; nullopt: not a token for `user`, not signed with `key`, older than devpi's ten hours, or from the future. Groups are
// not looked at: they came from devpi's plugins. As with our own login tokens it is for the caller to refuse one older than the account (an
// importer keeps devpi's time of creation, and takes the epoch where devpi has none).
std::optional<WallTime> check_devpi_token(const Secret& key, std::string_view user, std::string_view token, WallTime now);

}  // namespace bodega::access
