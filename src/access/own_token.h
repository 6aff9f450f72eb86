// The text of a token of our own: what a program uses instead of a password.
//
//   bodega_<id>_<secret>     bodega_[a-z2-7]{12}_[a-z2-7]{58}     78 characters
//
// The id is public: it names the token in lists. The secret is 52 random characters (260 bits) and a check of 6 made from all that stands
// before it, so that a scanner for leaked secrets can tell a token from a text that looks like one, without asking us. All of it is safe in
// URLs, headers, shells and netrc files, and a double click selects the whole.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/digest.h"
#include "base/secret.h"

namespace bodega::access {

struct NewOwnToken {
  std::string id;
  Digest hash;  // SHA-256 of the secret: what is stored. It is random, so a slow hash would add nothing
  Secret text;  // the whole token, to be shown once
};
NewOwnToken make_own_token();

struct OwnTokenParts {
  std::string_view id;  // view into the text
  Digest hash;          // of the secret
};
// nullopt: not of this form, or the check does not agree.
std::optional<OwnTokenParts> read_own_token(std::string_view text);
// Whether it could be nothing but a token, right or not: then no password is looked for in it.
bool looks_like_own_token(std::string_view text);

}  // namespace bodega::access
