// One request over a Unix socket and its whole answer: how commands talk to the running server of their data directory. Blocking.
#pragma once

#include <string>

#include "base/result.h"
#include "http/message.h"

namespace bodega::http {

struct LocalCall {
  std::string method = "GET";
  std::string target = "/";  // path and query, encoded
  std::string body{};        // sent as application/json when not empty
};

struct LocalAnswer {
  int status = 0;
  Headers headers;
  std::string body;
};

// not_found: nobody listens there. forbidden: the socket is not for this user. io: it broke off, or gave no answer within ten minutes.
Result<LocalAnswer> call_local(const std::string& socket_path, const LocalCall& call);

}  // namespace bodega::http
