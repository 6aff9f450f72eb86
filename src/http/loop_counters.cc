#include "http/loop_counters.h"

#include <algorithm>

namespace bodega::http {

namespace {

// Routes are constants of the code; a handler that makes them up from input must not make this grow.
constexpr std::size_t kMaxRoutes = 256;

// By the only writer: no other thread can come between the load and the store.
template <class T>
void add(std::atomic<T>& figure, T more) {
  figure.store(figure.load(std::memory_order_relaxed) + more, std::memory_order_relaxed);
}

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

LoopCounters::Cell& LoopCounters::cell(Route& route, int status, CacheOutcome outcome) {
  for (const auto& known : route.cells) {
    if (known->status == status && known->outcome == outcome) return *known;
  }
  auto made = std::make_unique<Cell>();
  made->status = status;
  made->outcome = outcome;
  const std::lock_guard lock(mutex_);
  return *route.cells.emplace_back(std::move(made));
}

void LoopCounters::count(std::uint32_t route, int status, CacheOutcome outcome, std::uint64_t bytes, double seconds) {
  auto& counted = cell(routes_[route], status, outcome);
  add<std::uint64_t>(counted.requests, 1);
  add(counted.bytes, bytes);
  const auto bound = std::upper_bound(kLatencyBounds.begin(), kLatencyBounds.end(), seconds);
  add<std::uint64_t>(latency_[static_cast<std::size_t>(bound - kLatencyBounds.begin())], 1);
  add(latency_sum_, seconds);
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
        return r.status == cell->status && r.outcome == cell->outcome && r.route == route.name;
      };
      auto row = std::find_if(sum.routes.begin(), sum.routes.end(), same);
      if (row == sum.routes.end()) row = sum.routes.insert(sum.routes.end(), {route.name, cell->status, cell->outcome, 0, 0});
      row->requests += cell->requests.load(std::memory_order_relaxed);
      row->bytes += cell->bytes.load(std::memory_order_relaxed);
    }
  }
  for (std::size_t i = 0; i < latency_.size(); ++i) sum.latency_counts[i] += latency_[i].load(std::memory_order_relaxed);
  sum.latency_sum += latency_sum_.load(std::memory_order_relaxed);
}

}  // namespace bodega::http
