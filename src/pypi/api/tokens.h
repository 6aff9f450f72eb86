// Tokens of our own over HTTP (docs/tokens.md): everybody's own below /+token, all of them below /+admin for the administrator of the
// machine. Home loop only.
#pragma once

#include "access/authenticator.h"
#include "access/token_book.h"
#include "base/log.h"
#include "http/message.h"
#include "pypi/format/json_value.h"
#include "pypi/index/registry.h"
#include "pypi/route.h"

namespace bodega::pypi {

class Tokens {
 public:
  struct Dependencies {
    Registry& registry;
    access::Authenticator& authenticator;
    access::TokenBook& book;
    const Clock& clock;
  };
  explicit Tokens(Dependencies use) : use_(use) {}

  // /+token: GET lists, POST makes. /+token/{id}: DELETE. For who proves to be a user by password or login.
  Task<http::Response> own(http::Request& request, Route route);
  // /+admin/tokens: GET lists everybody's, POST makes one for the user it names. /+admin/tokens/{id}: DELETE. /+admin/rotate-secret: POST.
  // Only through the administrator's socket: the caller looks after that.
  Task<http::Response> all(http::Request& request, Route route);

 private:
  Task<http::Response> create(http::Request& request, std::string user, Json body);
  Task<http::Response> revoke(http::Request& request, std::string id);
  http::Response list(std::string_view user) const;  // "" = everybody's
  Result<access::TokenWish> read_wish(const Json& body, std::string user) const;
  Task<http::Response> rotate(http::Request& request);

  Dependencies use_;
};

}  // namespace bodega::pypi
