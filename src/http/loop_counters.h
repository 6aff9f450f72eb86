// What one front loop counts. Written by its loop for every request, read by whoever asks for counters(). The figures are atomic and have
// one writer, so that counting is plain loads and stores; the lock is for the shape of the table, which hardly ever changes.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
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
    std::atomic<std::uint64_t> requests{0};
    std::atomic<std::uint64_t> bytes{0};
  };
  struct Route {
    std::string name;
    std::vector<std::unique_ptr<Cell>> cells;  // few, the most frequent ones come early by themselves
  };
  Cell& cell(Route& route, int status, CacheOutcome outcome);

  mutable std::mutex mutex_;  // held by the loop to make a route or cell, by others to read
  std::vector<Route> routes_;
  std::array<std::atomic<std::uint64_t>, kLatencyBounds.size() + 1> latency_{};
  std::atomic<double> latency_sum_{0};
};

}  // namespace bodega::http
