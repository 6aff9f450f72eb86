// What one front loop counts. Written by its loop for every request, read by whoever asks for counters(): one lock that is practically
// never contended, and never shared between loops.
#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "http/server.h"

namespace bodega::http {

// Seconds. From a page out of memory (tens of microseconds) to an upload of gigabytes.
inline constexpr std::array<double, 14> kLatencyBounds = {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01,
                                                          0.025,  0.1,     0.25,   1,     5,      30,    120};

class LoopCounters {
 public:
  LoopCounters();
  // Names a route once; the number is good for count(). On the loop.
  std::uint32_t route(std::string_view name);
  void count(std::uint32_t route, int status, CacheOutcome outcome, std::uint64_t bytes, double seconds);
  // Adds this loop's figures to `sum`, whose vectors have been prepared by prepare().
  void add_to(ServerCounters& sum) const;
  static void prepare(ServerCounters& sum);

 private:
  struct Cell {
    int status = 0;
    CacheOutcome outcome = CacheOutcome::none;
    std::uint64_t requests = 0;
    std::uint64_t bytes = 0;
  };
  struct Route {
    std::string name;
    std::vector<Cell> cells;  // few, the most frequent ones come early by themselves
  };

  mutable std::mutex mutex_;
  std::vector<Route> routes_;
  std::array<std::uint64_t, kLatencyBounds.size() + 1> latency_{};
  double latency_sum_ = 0;
};

}  // namespace bodega::http
