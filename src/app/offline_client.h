// The upstream of a server that was told to stay offline.
#pragma once

#include "http/client.h"

namespace bodega::app {

class OfflineClient final : public http::Client {
 public:
  Task<Result<http::FetchResponse>> fetch(http::FetchRequest) override {
    co_return fail(Code::upstream_failed, "this server is offline and has no copy of it (option offline)", "policy: offline");
  }
};

}  // namespace bodega::app
