// Who asks.
#pragma once

#include <string>
#include <vector>

namespace bodega::access {

// local: the administrator of the machine, through the administrator's socket; always the user root.
enum class Proof { none, password, login_token, own_token, local };

// What of its user's rights a token has.
enum class Scope { all, read, upload };

struct Bound {
  Scope scope = Scope::all;
  // "user/name": the index a token is for, behind it those that it reads through. Empty: every index.
  std::vector<std::string> indexes{};
};

struct Principal {
  std::string user{};  // empty = anonymous
  Proof proof = Proof::none;
  Bound bound{};
  bool anonymous() const { return user.empty(); }
};

}  // namespace bodega::access
