// What /+status shows to people.
#include "app/application.h"
#include "app/command_line.h"
#include "catalog/sqlite/version.h"
#include "http/client_version.h"
#include "web/markdown.h"
#include "web/search/xapian_version.h"
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
}

std::string_view word_of(cache::Breaker::State state) {
  switch (state) {
    case cache::Breaker::State::closed: return "closed";
    case cache::Breaker::State::open: return "open";
    case cache::Breaker::State::half_open: return "half open";
  }
  return "open";
}

void add_origins(web::StatusFacts& facts, const std::map<std::string, cache::OriginFacts>& origins) {
  const auto micros = [](Duration time) {
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(time).count());
  };
  for (const auto& [origin, seen] : origins) {
    const auto& times = seen.times;
    facts.upstreams.push_back({origin, std::string(word_of(seen.state)), times.answers(), micros(times.median()), micros(times.longest())});
  }
}

void add_cache(web::StatusFacts& facts, const ops::Snapshot& snapshot) {
  facts.cached_files = snapshot.cached_files;
  facts.cached_bytes = snapshot.cached_bytes;
  facts.cached_pages = snapshot.documents;
  facts.evicted_files = snapshot.evicted_files;
  facts.evicted_bytes = snapshot.evicted_bytes;
  facts.filling = snapshot.filling;
  facts.passed_files = snapshot.passed_files;
  facts.damaged_files = snapshot.care.damaged_hosted;
  facts.replaced_files = snapshot.care.healed;
  facts.scrubbed_files = snapshot.care.scrubbed_files;
  facts.scrubbed_bytes = snapshot.care.scrubbed_bytes;
}

std::vector<std::pair<std::string, std::string>> libraries() {
  auto out = http::client_libraries();
  out.insert(out.begin(), {"SQLite", catalog::sqlite::library_version()});
  out.emplace_back("Xapian", web::xapian_version());
  out.emplace_back("cmark-gfm", web::markdown_version());
  return out;
}

// Names of what is damaged: more of them than a page should show are a disk to be replaced.
Result<std::vector<web::DamagedLine>> damaged_lines(catalog::Catalog& catalog) {
  constexpr std::size_t kMost = 100;
  std::vector<Digest> digests;
  BODEGA_TRY_VOID(catalog.read_cache_now([&digests](catalog::CacheReader& reader) -> Result<void> {
    BODEGA_TRY(digests, reader.damaged());
    return {};
  }));
  std::vector<web::DamagedLine> lines;
  BODEGA_TRY_VOID(catalog.read_now([&digests, &lines](catalog::Reader& reader) -> Result<void> {
    for (const auto& digest : digests) {
      if (lines.size() >= kMost) break;
      BODEGA_TRY(const auto files, reader.files_with(digest));
      for (const auto& file : files) lines.push_back({file.index, file.filename});
      BODEGA_TRY(const auto attachments, reader.attachments_with(digest));
      for (const auto& attachment : attachments) lines.push_back({attachment.index, attachment.filename});
    }
    return {};
  }));
  return lines;
}

}  // namespace

Task<web::StatusFacts> Application::facts_for_people() {
  const auto snapshot = co_await measure();
  const auto health = co_await judge();
  web::StatusFacts facts;
  facts.version = version();
  facts.libraries = libraries();
  facts.started = started_at_;
  facts.now = parts_.clock.wall();
  facts.condition = word_of(health.condition);
  facts.reasons = health.reasons;
  add_requests(facts, snapshot.server);
  add_upstreams(facts, snapshot.upstream);
  facts.memory_bytes = ops::resident_bytes();
  add_cache(facts, snapshot);
  add_origins(facts, upstream_.origins());
  facts.cache_limit_bytes = space_.rules().cap_bytes;
  const auto hosted = co_await count_hosted();
  facts.hosted_files = hosted.files;
  facts.hosted_bytes = hosted.bytes;
  if (facts.damaged_files > 0) {
    auto name = [this] { return damaged_lines(*catalog_); };
    auto named = co_await offload(parts_.pool, name);
    if (named) facts.damaged = std::move(*named);
  }
  facts.free_bytes = snapshot.free_bytes;
  facts.pool_queued = snapshot.pool_queued;
  facts.catalog_queued = snapshot.catalog_queued;
  facts.search_queued = snapshot.search.waiting;
  facts.serial = snapshot.serial;
  facts.log_lines_dropped = snapshot.log_lines_dropped;
  co_return facts;
}

// Counted anew when something has changed, and no more than once a minute: it looks at every row.
Task<Application::Hosted> Application::count_hosted() {
  constexpr auto kGood = std::chrono::minutes(1);
  const auto serial = catalog_->last_serial();
  const auto now = parts_.clock.mono();
  if (hosted_.counted_at && (hosted_.serial == serial || now - *hosted_.counted_at < kGood)) co_return hosted_;
  Hosted counted{0, 0, serial, now};
  auto count = [&counted](catalog::Reader& reader) {
    return reader.each_hosted([&counted](const Digest&, std::uint64_t size) {
      ++counted.files;
      counted.bytes += size;
    });
  };
  const auto done = co_await catalog_->read(count);
  if (done) hosted_ = counted;
  co_return hosted_;
}

}  // namespace bodega::app
