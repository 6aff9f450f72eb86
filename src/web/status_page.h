// /+status for people, and the same facts as JSON at /+status?facts. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"
#include "http/message.h"
#include "web/page_request.h"

namespace bodega::web {

// How the server is, as its owner gathers it. Nothing here depends on what is private: everybody may read it.
struct StatusFacts {
  std::string version;
  WallTime started{};
  WallTime now{};
  std::string condition;                                                  // "ready", "degraded", "unavailable"
  std::vector<std::string> reasons;                                       // sentences
  std::vector<std::pair<std::string, std::string>> upstreams_in_trouble;  // origin, "open" or "half open"

  std::uint64_t requests = 0;
  std::uint64_t failed_requests = 0;  // 5xx
  std::uint64_t cache_hits = 0;       // answered without waiting for an upstream
  std::uint64_t cache_misses = 0;
  std::uint64_t mean_micros = 0;  // of a request
  std::uint64_t connections = 0;
  std::uint64_t memory_bytes = 0;

  std::uint64_t cached_files = 0;
  std::uint64_t cached_bytes = 0;
  std::uint64_t cached_pages = 0;
  std::uint64_t evicted_files = 0;
  std::uint64_t evicted_bytes = 0;
  std::uint64_t filling = 0;
  std::uint64_t free_bytes = 0;

  std::uint64_t upstream_requests = 0;
  std::uint64_t upstream_retries = 0;
  std::uint64_t upstream_failures = 0;  // no answer, or a 5xx
  std::uint64_t upstream_refused = 0;   // by the breaker

  std::uint64_t pool_queued = 0;
  std::uint64_t catalog_queued = 0;
  std::uint64_t log_lines_dropped = 0;
};

http::Response status_page(const PageRequest& asked, const StatusFacts& facts);
http::Response status_json(const StatusFacts& facts);

}  // namespace bodega::web
