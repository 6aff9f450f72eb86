#include "http/loop_counters.h"

#include <algorithm>

namespace bodega::http {

namespace {

// Routes are constants of the code; a handler that makes them up from input must not make this grow.
constexpr std::size_t kMaxRoutes = 256;

}  // namespace

LoopCounters::LoopCounters() { routes_.push_back({"none", {}}); }

std::uint32_t LoopCounters::route(std::string_view name) {
  if (name.empty()) return 0;
  for (std::size_t i = 0; i < routes_.size(); ++i) {
    if (routes_[i].name == name) return static_cast<std::uint32_t>(i);
  }
  if (routes_.size() >= kMaxRoutes) return 0;
  const std::lock_guard lock(mutex_);
  routes_.push_back({std::string(name), {}});
  return static_cast<std::uint32_t>(routes_.size() - 1);
}

void LoopCounters::count(std::uint32_t route, int status, CacheOutcome outcome, std::uint64_t bytes, double seconds) {
  const std::lock_guard lock(mutex_);
  auto& cells = routes_[route].cells;
  auto cell = std::find_if(cells.begin(), cells.end(), [=](const Cell& c) { return c.status == status && c.outcome == outcome; });
  if (cell == cells.end()) cell = cells.insert(cells.end(), Cell{status, outcome, 0, 0});
  ++cell->requests;
  cell->bytes += bytes;
  const auto bound = std::upper_bound(kLatencyBounds.begin(), kLatencyBounds.end(), seconds);
  ++latency_[static_cast<std::size_t>(bound - kLatencyBounds.begin())];
  latency_sum_ += seconds;
}

void LoopCounters::prepare(ServerCounters& sum) {
  sum.latency_bounds.assign(kLatencyBounds.begin(), kLatencyBounds.end());
  sum.latency_counts.assign(kLatencyBounds.size() + 1, 0);
}

void LoopCounters::add_to(ServerCounters& sum) const {
  const std::lock_guard lock(mutex_);
  for (const auto& route : routes_) {
    for (const auto& cell : route.cells) {
      const auto same = [&](const ServerCounters::Route& r) {
        return r.status == cell.status && r.outcome == cell.outcome && r.route == route.name;
      };
      auto row = std::find_if(sum.routes.begin(), sum.routes.end(), same);
      if (row == sum.routes.end()) row = sum.routes.insert(sum.routes.end(), {route.name, cell.status, cell.outcome, 0, 0});
      row->requests += cell.requests;
      row->bytes += cell.bytes;
    }
  }
  for (std::size_t i = 0; i < latency_.size(); ++i) sum.latency_counts[i] += latency_[i];
  sum.latency_sum += latency_sum_;
}

}  // namespace bodega::http
