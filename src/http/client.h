// The wire, client side: what an upstream is to us. The real one is libcurl (HTTP/2, TLS, proxies); tests script their own.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "async/task.h"
#include "base/result.h"
#include "base/time.h"
#include "base/url.h"
#include "http/message.h"

namespace bodega::http {

struct Credentials {
  std::string origin;  // Url::origin() they are bound to; never sent elsewhere, also not after a redirect
  std::string user;
  Secret password;
};

struct FetchRequest {
  Url url;
  std::string method = "GET";
  Headers headers;                 // Host, User-Agent and Accept-Encoding are the client's
  std::string body;                // for POST
  bool decode = false;             // ask for gzip/zstd and hand out decoded bytes; files are fetched without
  std::optional<Credentials> credentials;
  std::uint64_t max_bytes = 0;     // of the decoded body; 0 = no limit. Over it: too_large
  double max_ratio = 200;          // decoded bytes to bytes on the wire, once over 1 MiB; a page compresses 20:1, a bomb 1000:1
  Duration connect_timeout = std::chrono::seconds(5);
  Duration head_timeout = std::chrono::seconds(30);   // until the final response head
  Duration stall_timeout = std::chrono::seconds(30);  // less than 1 KiB/s for that long ends it
  Duration total_timeout = std::chrono::seconds(0);   // 0 = none
};

// Destroying it cancels the transfer.
class FetchBody {
 public:
  virtual ~FetchBody() = default;
  // The next piece as it arrives; empty at the clean end. upstream_failed (cut off, broken framing, bad TLS), upstream_timeout, too_large.
  // Home loop; one reader.
  virtual Task<Result<std::string>> read() = 0;
};

struct FetchResponse {
  int status = 0;
  Headers headers;                              // of the final response; names as the upstream spelt them
  Url final_url;                                // after redirects
  std::optional<std::uint64_t> content_length;  // of the body as sent; only meaningful without decode
  std::unique_ptr<FetchBody> body;
};

class Client {
 public:
  virtual ~Client() = default;
  // Resumes when the final response head is there. Follows at most 5 redirects, never from https to http. Any HTTP status is a success
  // here. upstream_failed, upstream_timeout. Home loop.
  virtual Task<Result<FetchResponse>> fetch(FetchRequest request) = 0;
};

}  // namespace bodega::http
