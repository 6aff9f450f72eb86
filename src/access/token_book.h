// Tokens of our own, in memory, so that a request is judged without I/O and a revoked one is refused from the next request on. The catalog
// is the truth: a change is durable first and then counts. Home loop only.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "access/own_token.h"
#include "access/principal.h"
#include "base/log.h"
#include "base/time.h"
#include "catalog/catalog.h"

namespace bodega::access {

// What the catalog stores for a scope: "read" or "upload". nullopt: another text; tokens have no scope `all`.
std::optional<Scope> scope_of(std::string_view text);

struct TokenWish {
  std::string user;
  std::string scope;  // as scope_of() knows it
  std::string index;  // "user/name"; empty: every index
  std::string comment;
  std::optional<WallTime> expires;
};

struct CreatedToken {
  catalog::TokenRow row;
  Secret text;  // the only time it can be seen
};

class TokenBook {
 public:
  // One user's programs; past it something makes tokens and never revokes them.
  static constexpr std::size_t kMaxForEachUser = 1000;
  static constexpr std::size_t kMaxCommentBytes = 500;

  TokenBook(catalog::Catalog& catalog, const Clock& clock, Log& log) : catalog_(catalog), clock_(clock), log_(log) {}

  Task<Result<void>> load();
  // invalid (scope, comment, time of expiry), not_found (user), conflict (too many). That the index exists is for the caller to know.
  Task<Result<CreatedToken>> create(TokenWish wish);
  Task<Result<void>> revoke(std::string id);  // not_found
  // The user was deleted, and the tokens with it.
  void forget_user(std::string_view user);

  // The token that a text is, which then counts as used now; nullptr: none, or expired. Good until the next suspension.
  const catalog::TokenRow* check(std::string_view text);

  const catalog::TokenRow* find(std::string_view id) const;
  std::vector<catalog::TokenRow> list() const;  // in the order they were made, uses included that are not written down yet

  // Writes down when tokens were last used: to be called about once a minute, and at the end.
  Task<void> flush_uses();

 private:
  std::optional<Error> fault_of(const TokenWish& wish) const;

  catalog::Catalog& catalog_;
  const Clock& clock_;
  Log& log_;
  std::map<std::string, catalog::TokenRow, std::less<>> tokens_;  // by id
  std::map<std::string, WallTime, std::less<>> used_;             // not written down yet
};

}  // namespace bodega::access
