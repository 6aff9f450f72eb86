// The numbers of the running server as Prometheus text (docs/metrics.md). Pure but for the process's own memory.
#pragma once

#include <cstdint>
#include <string>

#include "cache/upstream.h"
#include "http/server.h"

namespace bodega::ops {

struct Snapshot {
  std::string version;
  http::ServerCounters server;
  cache::UpstreamCounters upstream;
  std::uint64_t cached_files = 0;
  std::uint64_t cached_bytes = 0;
  std::uint64_t documents = 0;
  std::uint64_t evicted_files = 0;
  std::uint64_t evicted_bytes = 0;
  struct {
    std::uint64_t pages = 0;
    std::uint64_t metadata = 0;
    std::uint64_t bytes = 0;
    std::uint64_t used = 0;
    std::uint64_t used_bytes = 0;
    std::uint64_t wasted = 0;
    std::uint64_t wasted_bytes = 0;
  } prefetch;
  std::uint64_t filling = 0;       // files on their way in
  std::uint64_t passed_files = 0;  // given out without being kept, for want of space
  struct {
    std::uint64_t adopted = 0;
    std::uint64_t forgotten = 0;
    std::uint64_t scrubbed_files = 0;
    std::uint64_t scrubbed_bytes = 0;
    std::uint64_t healed = 0;
    std::uint64_t damaged_hosted = 0;
  } care;
  std::uint64_t refused_for_memory = 0;
  struct {
    std::uint64_t documents = 0;
    std::uint64_t names = 0;
    std::uint64_t name_bytes = 0;
    std::uint64_t waiting = 0;
    std::uint64_t indexed = 0;
    std::uint64_t name_builds = 0;
    std::uint64_t rebuilds = 0;
  } search;
  std::uint64_t pool_queued = 0;     // jobs waiting for a thread
  std::uint64_t catalog_queued = 0;  // writes waiting for a commit
  std::uint64_t serial = 0;
  std::uint64_t free_bytes = 0;  // of the data directory's disk
  std::uint64_t log_lines_dropped = 0;
  bool degraded = false;  // as /+health/ready sees it
  double started_at = 0;  // Unix seconds
};

std::string to_prometheus(const Snapshot& snapshot);

// Of this process, from /proc/self/statm; 0 where there is none.
std::uint64_t resident_bytes();

}  // namespace bodega::ops
