// Who asks.
#pragma once

#include <string>

namespace bodega::access {

enum class Proof { none, password, login_token };

struct Principal {
  std::string user;  // empty = anonymous
  Proof proof = Proof::none;
  bool anonymous() const { return user.empty(); }
};

}  // namespace bodega::access
