// Whether this server should get requests. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace bodega::ops {

struct Vitals {
  bool catalog_healthy = true;
  bool sync_trusted = true;  // false after a failed fsync
  bool draining = false;
  std::uint64_t free_bytes = 0;
  std::uint64_t free_inodes = 0;
  bool space_known = true;
};

enum class Condition { ready, degraded, unavailable };

struct Health {
  Condition condition = Condition::ready;
  std::vector<std::string> reasons;  // sentences; empty when ready
};

// degraded: reads are right, writes may fail. unavailable: send requests elsewhere. Never looks at the upstream: what is cached is served
// without it.
Health judge(const Vitals& vitals);
// {"status": "ready", "reasons": []}
std::string to_json(const Health& health);

}  // namespace bodega::ops
