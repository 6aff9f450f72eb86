#include "ops/metrics.h"

#include <fstream>
#include <sstream>
#include <utility>
#include <vector>

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>
#include <unistd.h>

namespace bodega::ops {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

class Families {
 public:
  void counter(const std::string& name, const std::string& help, double value, Labels labels = {}) {
    ClientMetric metric;
    metric.label = std::move(labels);
    metric.counter.value = value;
    family(name, help, MetricType::Counter).metric.push_back(std::move(metric));
  }
  void gauge(const std::string& name, const std::string& help, double value, Labels labels = {}) {
    ClientMetric metric;
    metric.label = std::move(labels);
    metric.gauge.value = value;
    family(name, help, MetricType::Gauge).metric.push_back(std::move(metric));
  }
  void histogram(const std::string& name, const std::string& help, ClientMetric::Histogram values) {
    ClientMetric metric;
    metric.histogram = std::move(values);
    family(name, help, MetricType::Histogram).metric.push_back(std::move(metric));
  }
  std::string text() const { return prometheus::TextSerializer().Serialize(families_); }

 private:
  MetricFamily& family(const std::string& name, const std::string& help, MetricType type) {
    for (auto& known : families_) {
      if (known.name == name) return known;
    }
    MetricFamily fresh;
    fresh.name = name;
    fresh.help = help;
    fresh.type = type;
    families_.push_back(std::move(fresh));
    return families_.back();
  }
  std::vector<MetricFamily> families_;
};

double as_double(std::uint64_t value) { return static_cast<double>(value); }

void add_requests(Families& out, const http::ServerCounters& server) {
  for (const auto& route : server.routes) {
    const Labels labels = {
        {"route", route.route}, {"status", std::to_string(route.status)}, {"outcome", std::string(to_string(route.outcome))}};
    out.counter("bodega_http_requests_total", "Answered requests", as_double(route.requests), labels);
    out.counter("bodega_http_response_bytes_total", "Body bytes sent", as_double(route.bytes), labels);
  }
  ClientMetric::Histogram latency;
  std::uint64_t cumulative = 0;
  for (std::size_t i = 0; i < server.latency_counts.size(); ++i) {
    cumulative += server.latency_counts[i];
    const double bound = i < server.latency_bounds.size() ? server.latency_bounds[i] : std::numeric_limits<double>::infinity();
    latency.bucket.push_back({cumulative, bound});
  }
  latency.sample_count = cumulative;
  latency.sample_sum = server.latency_sum;
  out.histogram("bodega_http_request_duration_seconds", "From the first byte of a request to the last byte handed to the kernel",
                std::move(latency));
  out.counter("bodega_http_connections_accepted_total", "Accepted connections", as_double(server.accepted));
  out.counter("bodega_http_connections_refused_total", "Connections over the limit", as_double(server.refused));
  out.gauge("bodega_http_connections_open", "Open connections", as_double(server.open));
  out.gauge("bodega_hot_entries", "Answers the front loops give alone", as_double(server.hot_entries));
  out.gauge("bodega_hot_bytes", "Memory of those answers", as_double(server.hot_bytes));
}

void add_upstream(Families& out, const cache::UpstreamCounters& upstream) {
  out.counter("bodega_upstream_requests_total", "Requests to upstreams, retries included", as_double(upstream.requests));
  out.counter("bodega_upstream_retries_total", "Requests to upstreams made again", as_double(upstream.retries));
  out.counter("bodega_upstream_refused_total", "Requests not made because the breaker was open", as_double(upstream.refused_by_breaker));
  for (std::size_t i = 0; i < upstream.failures.size(); ++i) {
    const std::string kind(to_string(http::kFetchFailures[i]));
    out.counter("bodega_upstream_failures_total", "Failed requests to upstreams by kind", as_double(upstream.failures[i]),
                {{"kind", kind}});
  }
  out.counter("bodega_upstream_status_total", "Refusals and errors of upstreams", as_double(upstream.statuses_4xx), {{"class", "4xx"}});
  out.counter("bodega_upstream_status_total", "Refusals and errors of upstreams", as_double(upstream.statuses_5xx), {{"class", "5xx"}});
  for (const auto& [origin, state] : upstream.breakers) {
    out.gauge("bodega_upstream_breaker_open", "1 while an upstream is not asked, 0.5 while one probe is",
              state == cache::Breaker::State::open ? 1 : 0.5, {{"origin", origin}});
  }
}

}  // namespace

std::uint64_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::uint64_t total = 0;
  std::uint64_t resident = 0;
  if (!(statm >> total >> resident)) return 0;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

std::string to_prometheus(const Snapshot& s) {
  Families out;
  out.gauge("bodega_build_info", "The running version", 1, {{"version", s.version}});
  out.gauge("process_start_time_seconds", "When the process started", s.started_at);
  out.gauge("process_resident_memory_bytes", "Resident memory", as_double(resident_bytes()));
  add_requests(out, s.server);
  add_upstream(out, s.upstream);
  out.gauge("bodega_cache_files", "Cached files on disk", as_double(s.cached_files));
  out.gauge("bodega_cache_bytes", "Bytes of cached files on disk", as_double(s.cached_bytes));
  out.gauge("bodega_cache_documents", "Cached upstream pages, known absences included", as_double(s.documents));
  out.counter("bodega_cache_evicted_files_total", "Files evicted", as_double(s.evicted_files));
  out.counter("bodega_cache_evicted_bytes_total", "Bytes evicted", as_double(s.evicted_bytes));
  out.counter("bodega_prefetch_pages_total", "Pages fetched ahead of a resolver", as_double(s.prefetch.pages));
  out.counter("bodega_prefetch_metadata_total", "Metadata files fetched ahead of a resolver", as_double(s.prefetch.metadata));
  out.counter("bodega_prefetch_bytes_total", "Bytes of both, as kept", as_double(s.prefetch.bytes));
  out.counter("bodega_prefetch_used_total", "Of what was fetched ahead, asked for later", as_double(s.prefetch.used));
  out.counter("bodega_prefetch_used_bytes_total", "Bytes of these", as_double(s.prefetch.used_bytes));
  out.counter("bodega_prefetch_wasted_total", "Of what was fetched ahead, not asked for within ten minutes", as_double(s.prefetch.wasted));
  out.counter("bodega_prefetch_wasted_bytes_total", "Bytes of these", as_double(s.prefetch.wasted_bytes));
  out.gauge("bodega_search_documents", "Documents of the text index: projects and pages of documentation", as_double(s.search.documents));
  out.gauge("bodega_search_names", "Names of mirrors that can be searched", as_double(s.search.names));
  out.gauge("bodega_search_names_bytes", "Memory that they take", as_double(s.search.name_bytes));
  out.gauge("bodega_search_waiting", "Projects that wait to be indexed", as_double(s.search.waiting));
  out.counter("bodega_search_indexed_total", "Projects indexed", as_double(s.search.indexed));
  out.counter("bodega_search_name_builds_total", "Lists of names that were made into an index", as_double(s.search.name_builds));
  out.counter("bodega_search_rebuilds_total", "Times that a damaged index was thrown away", as_double(s.search.rebuilds));
  out.gauge("bodega_cache_filling", "Files on their way in", as_double(s.filling));
  out.counter("bodega_cache_passed_through_files_total", "Files passed through without being kept, for want of space",
              as_double(s.passed_files));
  out.counter("bodega_refused_for_memory_total", "Requests told to come back because memory was short", as_double(s.refused_for_memory));
  out.counter("bodega_store_adopted_files_total", "Whole files that had lost their record", as_double(s.care.adopted));
  out.counter("bodega_store_forgotten_files_total", "Records that had lost their file", as_double(s.care.forgotten));
  out.counter("bodega_scrub_files_total", "Files hashed from the disk by the scrub", as_double(s.care.scrubbed_files));
  out.counter("bodega_scrub_bytes_total", "Bytes of these", as_double(s.care.scrubbed_bytes));
  out.counter("bodega_scrub_healed_files_total", "Damaged cached files that were removed, to be fetched again", as_double(s.care.healed));
  out.gauge("bodega_damaged_hosted_files", "Hosted files that are damaged on the disk", as_double(s.care.damaged_hosted));
  out.gauge("bodega_queue_length", "Work that waits", as_double(s.pool_queued), {{"queue", "pool"}});
  out.gauge("bodega_queue_length", "Work that waits", as_double(s.catalog_queued), {{"queue", "catalog"}});
  out.gauge("bodega_serial", "Serial of the last durable commit", as_double(s.serial));
  out.gauge("bodega_disk_free_bytes", "Free space on the data directory's disk", as_double(s.free_bytes));
  out.counter("bodega_log_lines_dropped_total", "Log lines dropped because the target did not take them", as_double(s.log_lines_dropped));
  out.gauge("bodega_degraded", "1 when /+health/ready says so", s.degraded ? 1 : 0);
  return out.text();
}

}  // namespace bodega::ops
