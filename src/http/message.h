// Requests and responses as values (RFC 9110), independent of how they travel.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "async/file_source.h"
#include "base/result.h"
#include "base/time.h"

namespace bodega::http {

enum class Method { get, head, post, put, patch, del, options, push, other };  // push: the devpi client's PUSH

struct Header {
  std::string name;
  std::string value;
};

// Field lines in their order. Names compare without case.
class Headers {
 public:
  Headers() = default;
  Headers(std::initializer_list<Header> fields) : fields_(fields) {}
  const std::string* find(std::string_view name) const;  // the first; nullptr when absent
  std::string_view get(std::string_view name) const;     // the first, "" when absent
  std::string joined(std::string_view name) const;       // all of that name, joined by ", "
  bool has(std::string_view name) const { return find(name) != nullptr; }
  void add(std::string name, std::string value) { fields_.push_back({std::move(name), std::move(value)}); }
  void set(std::string_view name, std::string value);  // replaces all of that name
  void remove(std::string_view name);
  const std::vector<Header>& all() const { return fields_; }

 private:
  std::vector<Header> fields_;
};

// The body of a request, read where the handler runs (home loop), piece by piece; nothing is buffered beyond one piece. The first read()
// sends "100 Continue" when the client waits for it, so a handler that refuses early never takes the bytes.
class RequestBody {
 public:
  virtual ~RequestBody() = default;
  virtual std::optional<std::uint64_t> length() const = 0;  // Content-Length; nullopt when chunked
  // The next piece, up to 256 KiB; empty at the end. invalid (broken framing), too_large, cancelled (client left, too slow, stopping).
  virtual Task<Result<std::string>> read() = 0;
};

struct Peer {
  std::string address;  // numeric, of the connection
  std::string client;   // of the client, by the trusted proxies' word, else the same
  bool loopback = false;
  bool administrator = false;  // came through the administrator's socket; nothing that is sent can say so
};

struct Request {
  std::string id;  // for logs and the X-Request-Id header
  Method method = Method::get;
  std::string method_text;
  std::string target;  // origin-form as received
  std::string path;    // still percent-encoded, without query
  std::string query;   // still encoded, without '?'
  // The path decoded once and split: "/a//b/" is {"a","","b",""}... never: empty, ".", "..", and segments with '/', '\', NUL or control
  // bytes after decoding are refused with 400 before a handler sees them. A final slash is `trailing_slash`.
  std::vector<std::string> segments;
  bool trailing_slash = false;
  Headers headers;
  Peer peer;
  std::string scheme = "http";  // of the outside URL, as far as trusted
  std::string host;             // of the outside URL: Host, or the trusted proxy's word
  std::string mount;     // its path, "/pypi" or empty: links begin with it; `segments` are without it, whether the proxy cut it or not
  int accept_class = 0;  // ServerOptions::classify of Accept, Accept-Encoding and User-Agent
  MonoTime received{};
  RequestBody* body = nullptr;  // null when the request has none; lives as long as the handler runs
};

// Lower-cased User-Agent product tests, by devpi's rule: pip, uv, setuptools, distribute, pex.
bool is_installer(const Headers& headers);
// A program that runs foreign scripts: any Sec-Fetch-* or Origin header, or a User-Agent that begins with "Mozilla/".
bool is_browser(const Headers& headers);

struct FileBody {
  std::shared_ptr<const FileSource> source;  // shared with the hot table and the flight that fills it
};
using Body = std::variant<std::monostate, std::string, std::shared_ptr<const std::string>, FileBody>;

// What the cache did; the X-Cache header and the log field, in lower case.
enum class CacheOutcome { none, hit, miss, joined, stale, revalidated, negative, bypass };
std::string_view to_string(CacheOutcome outcome);

struct HotEntry;

// The full representation. The connection makes it fit the request: HEAD has no body, If-None-Match and If-Modified-Since against ETag and
// Last-Modified give 304, Range gives 206 or 416 when `Accept-Ranges: bytes` is among the headers (http/conditional.h). Content-Length,
// Date, Connection, X-Cache and X-Request-Id are the connection's.
struct Response {
  int status = 200;
  std::string reason;  // empty = the standard phrase; control bytes are dropped on the wire
  Headers headers;
  Body body;
  CacheOutcome outcome = CacheOutcome::none;
  std::string route;       // a short constant name for metrics and logs: "simple.project", "file", "upload" ...
  std::string log_detail;  // why, for the access event; may hold internals, never secrets
  // The front loop may keep it and answer alone from now on, whoever asks and whatever credentials come with it.
  std::shared_ptr<const HotEntry> hot;
  bool close = false;  // end the connection after it
};

std::string_view standard_reason(int status);

}  // namespace bodega::http
