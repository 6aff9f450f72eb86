// The wire, client side: what an upstream is to us. The real one is libcurl (HTTP/2, TLS, proxies); tests script their own.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "async/file_source.h"
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

// Loopback, private, link-local and other addresses that are not of the public internet (client_address.h).
enum class PrivateAddresses {
  refuse,  // for URLs that a page names: no address of any hop may be private
  allow,   // for URLs that may be private: a redirect to another origin may lead to a private address only if the first address was one.
           // Never to an address where a cloud or a link answers for the machine itself (is_metadata_address)
  configured,  // for URLs the operator configured: as allow; those too if the URL itself is written with such an address
};

struct FetchRequest {
  Url url;
  std::string method = "GET";
  Headers headers;   // Host, User-Agent and Accept-Encoding are the client's; Authorization and Cookie stay at the first origin
  std::string body;  // for POST
  // The body goes on with the whole file and then `body_end`: for bodies too large to be held. The upstream thread reads the file as the
  // network takes it. A sent body counts for `stall_timeout`; `head_timeout` begins when it is out.
  std::shared_ptr<const FileSource> body_file;
  std::string body_end;
  bool decode = false;  // ask for gzip/zstd and hand out decoded bytes; files are fetched without
  std::optional<Credentials> credentials;
  PrivateAddresses private_addresses = PrivateAddresses::configured;
  std::uint64_t max_bytes = 0;  // of the decoded body; 0 = no limit. Over it: upstream_failed
  double max_ratio = 200;       // decoded bytes to bytes on the wire, once over 1 MiB; a page compresses 20:1, a bomb 1000:1
  Duration connect_timeout = std::chrono::seconds(5);
  Duration head_timeout = std::chrono::seconds(30);   // until the final response head
  Duration stall_timeout = std::chrono::seconds(30);  // less than 1 KiB/s for that long ends it
  Duration total_timeout = std::chrono::seconds(0);   // 0 = none; head and total count from fetch(), over all redirects
};

// Destroying it cancels the transfer.
class FetchBody {
 public:
  virtual ~FetchBody() = default;
  // What has arrived, up to 256 KiB a piece; empty at the clean end. Pieces that arrived before a failure come first, then the error:
  // upstream_failed (cut off, broken framing, unreadable encoding, too large), upstream_timeout, cancelled (the client went).
  // Home loop; one reader.
  virtual Task<Result<std::string>> read() = 0;
};

struct FetchResponse {
  int status = 0;
  Headers headers;                              // of the final response; names as the upstream spelt them
  Url final_url;                                // after redirects
  std::optional<std::uint64_t> content_length;  // of the body as sent; only meaningful without decode
  // False: neither a length nor chunks nor HTTP/2 frames mark the end of the body, the closing connection does. A cut is then not seen.
  bool end_is_marked = true;
  std::unique_ptr<FetchBody> body;
};

class Client {
 public:
  virtual ~Client() = default;
  // Resumes when the final response head is there. Follows at most 5 redirects, never from https to http. Any HTTP status is a success
  // here. upstream_failed, upstream_timeout, cancelled (client_error.h tells the kinds apart). io: body_file cannot be read. Home loop.
  // Dropping the task cancels.
  virtual Task<Result<FetchResponse>> fetch(FetchRequest request) = 0;
};

}  // namespace bodega::http
