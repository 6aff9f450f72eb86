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

struct UpstreamLine {
  std::string origin;
  std::string state;                 // of the breaker: "closed", "open", "half open"
  std::uint64_t answers = 0;         // since it is known
  std::uint64_t median_micros = 0;   // of the last answers, from the question to the head
  std::uint64_t longest_micros = 0;  // likewise
};

// A file of ours whose bytes are not what was uploaded.
struct DamagedLine {
  std::string index;  // "user/name"
  std::string filename;
};

// How the server is, as its owner gathers it. Everybody may read it, but that `upstreams` and `damaged` are cut down to what the asker may
// know of.
struct StatusFacts {
  std::string version;
  std::vector<std::pair<std::string, std::string>> libraries{};  // name and version, as they run
  WallTime started{};
  WallTime now{};
  std::string condition;             // "ready", "degraded", "unavailable"
  std::vector<std::string> reasons;  // sentences
  std::vector<UpstreamLine> upstreams;
  std::vector<DamagedLine> damaged;

  std::uint64_t requests = 0;
  std::uint64_t failed_requests = 0;  // 5xx
  std::uint64_t cache_hits = 0;       // answered without waiting for an upstream
  std::uint64_t cache_misses = 0;
  std::uint64_t mean_micros = 0;  // of a request
  std::uint64_t connections = 0;
  std::uint64_t memory_bytes = 0;

  std::uint64_t hosted_files = 0;  // each once, wherever it lies
  std::uint64_t hosted_bytes = 0;
  std::uint64_t damaged_files = 0;   // of these, as far as scrub and readers know
  std::uint64_t replaced_files = 0;  // cached ones that were damaged, and went
  std::uint64_t scrubbed_files = 0;
  std::uint64_t scrubbed_bytes = 0;
  std::uint64_t serial = 0;  // of the last change of what is ours

  std::uint64_t cached_files = 0;
  std::uint64_t cached_bytes = 0;
  std::uint64_t cache_limit_bytes = 0;  // 0: none but the disk
  std::uint64_t cached_pages = 0;
  std::uint64_t evicted_files = 0;
  std::uint64_t evicted_bytes = 0;
  std::uint64_t filling = 0;
  std::uint64_t passed_files = 0;  // given out without being kept, for want of space
  std::uint64_t free_bytes = 0;

  std::uint64_t upstream_requests = 0;
  std::uint64_t upstream_retries = 0;
  std::uint64_t upstream_failures = 0;  // no answer, or a 5xx
  std::uint64_t upstream_refused = 0;   // by the breaker

  std::uint64_t pool_queued = 0;
  std::uint64_t catalog_queued = 0;
  std::uint64_t search_queued = 0;  // projects whose texts are to be read for the search
  std::uint64_t log_lines_dropped = 0;
};

http::Response status_page(const PageRequest& asked, const StatusFacts& facts);
http::Response status_json(const StatusFacts& facts);

}  // namespace bodega::web
