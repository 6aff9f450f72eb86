// What /+status shows to people.
#include "app/application.h"
#include "app/command_line.h"
#include "web/status_page.h"

namespace bodega::app {
namespace {

std::string_view word_of(ops::Condition condition) {
  switch (condition) {
    case ops::Condition::ready: return "ready";
    case ops::Condition::degraded: return "degraded";
    case ops::Condition::unavailable: return "unavailable";
  }
  return "unavailable";
}

void add_requests(web::StatusFacts& facts, const http::ServerCounters& server) {
  using http::CacheOutcome;
  for (const auto& route : server.routes) {
    facts.requests += route.requests;
    if (route.status >= 500) facts.failed_requests += route.requests;
    switch (route.outcome) {
      case CacheOutcome::hit:
      case CacheOutcome::stale:
      case CacheOutcome::negative: facts.cache_hits += route.requests; break;
      case CacheOutcome::miss:
      case CacheOutcome::joined:
      case CacheOutcome::revalidated:
      case CacheOutcome::bypass: facts.cache_misses += route.requests; break;
      case CacheOutcome::none: break;
    }
  }
  if (facts.requests > 0) facts.mean_micros = static_cast<std::uint64_t>(1e6 * server.latency_sum / static_cast<double>(facts.requests));
  facts.connections = server.open;
}

void add_upstreams(web::StatusFacts& facts, const cache::UpstreamCounters& upstream) {
  facts.upstream_requests = upstream.requests;
  facts.upstream_retries = upstream.retries;
  facts.upstream_refused = upstream.refused_by_breaker;
  facts.upstream_failures = upstream.statuses_5xx;
  for (const auto failures : upstream.failures) facts.upstream_failures += failures;
  for (const auto& [origin, state] : upstream.breakers) {
    facts.upstreams_in_trouble.emplace_back(origin, state == cache::Breaker::State::open ? "open" : "half open");
  }
}

}  // namespace

Task<web::StatusFacts> Application::facts_for_people() {
  const auto snapshot = co_await measure();
  const auto health = co_await judge();
  web::StatusFacts facts;
  facts.version = version();
  facts.started = started_at_;
  facts.now = parts_.clock.wall();
  facts.condition = word_of(health.condition);
  facts.reasons = health.reasons;
  add_requests(facts, snapshot.server);
  add_upstreams(facts, snapshot.upstream);
  facts.memory_bytes = ops::resident_bytes();
  facts.cached_files = snapshot.cached_files;
  facts.cached_bytes = snapshot.cached_bytes;
  facts.cached_pages = snapshot.documents;
  facts.evicted_files = snapshot.evicted_files;
  facts.evicted_bytes = snapshot.evicted_bytes;
  facts.filling = snapshot.filling;
  facts.free_bytes = snapshot.free_bytes;
  facts.pool_queued = snapshot.pool_queued;
  facts.catalog_queued = snapshot.catalog_queued;
  facts.log_lines_dropped = snapshot.log_lines_dropped;
  co_return facts;
}

}  // namespace bodega::app
