// The wire, server side: HTTP/1.1 (RFC 9112, strictly) and 1.0 over TCP and Unix sockets. Front loops own connections; everything that the
// hot table of the loop cannot answer hops to the handler on the home loop once.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "async/loop.h"
#include "base/log.h"
#include "base/result.h"
#include "base/time.h"
#include "http/hot.h"
#include "http/message.h"

namespace bodega::http {

class Handler {
 public:
  virtual ~Handler() = default;
  // On the home loop. The request lives until the returned task ends.
  virtual Task<Response> handle(Request& request) = 0;
};

// The pure questions a connection asks about a request's headers before anything else.
using Classify = std::function<int(std::string_view accept, std::string_view accept_encoding, std::string_view user_agent)>;

// Who comes through a listening socket. The administrator's is told to the handler with each request (Peer::administrator), and neither the
// rule for browsers' hosts nor the limit on connections holds it up.
enum class Door { everybody, administrator };

struct UnixSocket {
  std::string path;      // at most kMaxUnixPath bytes; a socket that nobody listens on is replaced
  unsigned mode = 0600;  // of the file, whatever the umask
  Door door = Door::everybody;
};
inline constexpr std::size_t kMaxUnixPath = 107;  // unix(7): sun_path, less its final NUL

struct ServerOptions {
  std::vector<std::string> listen;      // "127.0.0.1:3141", "[::1]:3141"; port 0 takes a free one
  std::vector<int> listen_fds;          // handed in by socket activation; used instead of `listen` when not empty
  std::vector<UnixSocket> listen_unix;  // besides them; their files go when the server stops
  std::size_t front_loops = 1;
  std::string public_host;                   // of public-url, with port if any; empty = none
  std::string public_path;                   // likewise, without a final slash; a trusted proxy's X-Outside-Url counts instead
  std::vector<std::string> allowed_hosts;    // without port; compared without case; "*.lab.example" matches subdomains
  std::vector<std::string> trusted_proxies;  // CIDRs whose X-Forwarded-*, Forwarded and X-Outside-Url count
  Classify classify;
  std::uint64_t max_body_bytes = 2ULL << 30;
  std::size_t max_head_bytes = 32 * 1024;  // as nginx: 4 buffers of 8 KiB
  std::size_t max_connections = 16 * 1024;
  Duration head_timeout = std::chrono::seconds(15);   // from the first byte of a request to its last header
  Duration idle_timeout = std::chrono::seconds(75);   // between requests, as nginx
  Duration stall_timeout = std::chrono::seconds(60);  // no progress while reading a body or writing an answer
  std::size_t hot_entries = 65'536;                   // for each loop
  std::uint64_t hot_bytes = 16ULL << 20;              // memory bodies and heads, over all loops
  std::size_t hot_files = 2'048;                      // open descriptors, over all loops
  bool access_log = true;
};

// Counted by each front loop for itself, summed when asked. Monotonic since start.
struct ServerCounters {
  struct Route {
    std::string route;
    int status = 0;
    CacheOutcome outcome = CacheOutcome::none;
    std::uint64_t requests = 0;
    std::uint64_t bytes = 0;
  };
  std::vector<Route> routes;
  // Latency from the first byte of the head to the last byte handed to the kernel; bucket i counts answers under kLatencyBounds[i] s.
  std::vector<double> latency_bounds;
  std::vector<std::uint64_t> latency_counts;  // one more than bounds: the last is +Inf
  double latency_sum = 0;
  std::uint64_t accepted = 0;
  std::uint64_t open = 0;
  std::uint64_t refused = 0;  // over max_connections
  std::uint64_t hot_entries = 0;
  std::uint64_t hot_bytes = 0;
};

class Server {
 public:
  virtual ~Server() = default;  // closes everything
  // Binds and listens; clear errors (port in use names the address and the way out).
  virtual Result<void> listen() = 0;
  virtual std::vector<std::string> addresses() const = 0;  // after listen(): "http://127.0.0.1:3141", "unix:/run/bodega.sock"
  // Starts the front loops.
  virtual void start() = 0;
  // Stops accepting, lets accepted requests finish, closes idle connections. Resumes when all are closed or `limit` passed. Home loop.
  virtual Task<void> drain(Duration limit) = 0;
  virtual ServerCounters counters() const = 0;  // any thread; takes a moment of each front loop
};

std::unique_ptr<Server> make_server(ServerOptions options, Handler& handler, Loop& home, const Clock& clock, Log& log);

}  // namespace bodega::http
