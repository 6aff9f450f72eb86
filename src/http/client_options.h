// The real upstream client: libcurl's multi interface on one thread of its own.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "async/loop.h"
#include "base/log.h"
#include "http/client.h"
#include "http/client_proxy.h"

namespace bodega::http {

struct CurlOptions {
  std::string user_agent = "bodega";     // the caller adds "/<version>"
  std::string extra_ca_file;             // PEM; trusted beside the system's store. Empty = none
  std::optional<ProxySettings> proxies;  // nullopt: from the environment (http_proxy, HTTPS_PROXY, ALL_PROXY, NO_PROXY)
  // HTTP/2 needs one connection. For HTTP/1.1 upstreams: as many as a cold `pip install` of a big project set over several clients asks for
  // at once; further requests wait for a free one.
  std::size_t connections_per_host = 64;
  std::size_t connections = 256;      // in all
  std::size_t idle_connections = 64;  // kept alive for the next request
  // Received and not yet read, for each transfer; reading stops at it and goes on below half. Four pieces of read().
  std::size_t buffer_bytes = 1024 * 1024;
  std::size_t head_bytes = 64 * 1024;  // of a response; the public index sends 2 KiB
};

// invalid when extra_ca_file cannot be read or holds no certificate. The client must be destroyed before `home`; bodies may outlive the
// client, their reads then fail with cancelled. fetch() and read() on `home` only. The destructor stops the thread within milliseconds.
Result<std::unique_ptr<Client>> make_curl_client(CurlOptions options, Loop& home, Log& log);

}  // namespace bodega::http
