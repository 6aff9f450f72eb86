// What front loops may answer alone: finished answers, made on the home loop, immutable, dropped as soon as their validity is revoked.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/time.h"
#include "http/message.h"

namespace bodega::http {

// One revocable permission to answer from memory. The home loop revokes; every loop sees it at its next look. Never stands again.
class Validity {
 public:
  void revoke() { stands_.store(false, std::memory_order_release); }
  bool stands() const { return stands_.load(std::memory_order_acquire); }

 private:
  std::atomic<bool> stands_{true};
};

// Requests whose Accept, Accept-Encoding and User-Agent lead to the same answer share a class (ServerOptions::classify).
inline constexpr int kAnyClass = -1;
// Requests of this class get answers of their own, made by the home loop each time: they never see or make an entry, one of any class
// least.
inline constexpr int kNeverHot = -2;

struct HotEntry {
  std::string path;  // as received, without query
  int accept_class = kAnyClass;
  std::string route;
  // Status line and all header lines but Date, Connection, X-Cache and X-Request-Id, each ended by CRLF; no blank line.
  std::string head;
  std::string head_not_modified;  // the same for 304; empty when the answer has no validator
  std::string etag;               // with its quotes; empty = none
  std::optional<WallTime> last_modified;
  std::uint64_t length = 0;
  bool ranges = false;  // Accept-Ranges: bytes; head then ends with Content-Length as its last line
  Body body;            // string parts are shared_ptr<const string>
  std::shared_ptr<const Validity> validity;
  MonoTime valid_until{};  // after it the home loop decides again
  // When a front loop last answered from it (mono clock, ns); relaxed. The home loop reads it for the cache's least-recently-used order.
  mutable std::atomic<std::int64_t> last_hit_ns{0};
};

// Makes an entry of a whole 200 (or 301, 404) answer, so that hot and cold bytes agree by construction. `response.body` must not be a file
// that is still growing.
std::shared_ptr<const HotEntry> make_hot_entry(const Response& response, std::string path, int accept_class,
                                               std::shared_ptr<const Validity> validity, MonoTime valid_until);

}  // namespace bodega::http
