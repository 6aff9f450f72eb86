// Mutable answers of an upstream (project pages, project lists): looked up, revalidated, fetched once for all who ask, served stale when
// the upstream fails, remembered as absent for a short while. What the bytes mean is the caller's: it gives a conversion from what the
// upstream sent to what is kept. Home loop only.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include "async/offload.h"
#include "async/task_group.h"
#include "base/log.h"
#include "cache/flights.h"
#include "cache/freshness.h"
#include "cache/upstream.h"
#include "catalog/catalog.h"
#include "http/client.h"
#include "http/message.h"

namespace bodega::cache {

struct UpstreamAnswer {
  std::string body;  // decoded
  std::string content_type;
  std::uint64_t last_serial = 0;  // of X-PyPI-Last-Serial; 0 = not told
  Url final_url;
  bool replaces = false;  // there is a document, which this one would take the place of
};

struct DocumentRequest {
  std::string index;  // "user/name" of the mirror
  std::string name;   // normalised project
  Url url;
  std::string accept;
  std::uint64_t max_bytes = 0;
  ClientWish wish = ClientWish::cached_is_fine;
  std::optional<Duration> ttl_max;  // of this index, instead of the general one
  // Turns the upstream's bytes into what is kept; runs in the pool. An error means the answer is broken: nothing is kept.
  std::function<Result<std::string>(const UpstreamAnswer&)> convert;
};

struct DocumentAnswer {
  std::shared_ptr<const catalog::DocumentRow> row;  // present ones only
  http::CacheOutcome outcome = http::CacheOutcome::hit;
  bool stale = false;   // stands in for a failing upstream
  std::string problem;  // why it is stale, for the log
};

class Documents {
 public:
  struct Dependencies {
    catalog::Catalog& catalog;
    Upstream& upstream;
    Pool& pool;
    Timers& timers;
    const Clock& clock;
    Log& log;
    Loop& home;
  };
  Documents(Dependencies use, FreshnessRules rules);

  // not_found: the upstream said so (404, 410), now or within the negative lifetime. upstream_*: it failed and there is no copy.
  Task<Result<DocumentAnswer>> get(DocumentRequest request);
  // Drops what is kept (a refresh, an upload of that name); the next get() asks the upstream.
  Task<Result<void>> forget(std::string index, std::string name);
  // The same when all that is kept is an absence.
  Task<Result<void>> forget_absence(std::string index, std::string name);
  // Called after a document's body changed, appeared or vanished.
  void on_change(std::function<void(const std::string& index, const std::string& name)> changed) { changed_ = std::move(changed); }
  const FreshnessRules& rules() const { return rules_; }
  void set_rules(const FreshnessRules& rules) { rules_ = rules; }
  Task<void> close() { return tasks_.close(); }

 private:
  using RowRef = std::shared_ptr<const catalog::DocumentRow>;
  struct Landed {
    RowRef row;  // null = absent
    http::CacheOutcome outcome = http::CacheOutcome::miss;
  };
  using Flight = Flights<Landed>::Flight;

  WallTime until(const DocumentRequest& request, WallTime now, const std::string& cache_control) const;
  Task<Result<RowRef>> kept(const std::string& index, const std::string& name);
  std::shared_ptr<Flight> begin(const DocumentRequest& request, const RowRef& old, const std::string& key);
  Task<void> fly(DocumentRequest request, RowRef old, std::string key, std::shared_ptr<Flight> flight);
  Task<Result<Landed>> ask_upstream(const DocumentRequest& request, RowRef old);
  Task<Result<Landed>> keep_present(const DocumentRequest& request, http::FetchResponse response, RowRef old);
  Task<Result<Landed>> keep_absent(const DocumentRequest& request, RowRef old);
  Task<Result<Landed>> keep_unchanged(const DocumentRequest& request, const http::FetchResponse& response, RowRef old);
  Result<DocumentAnswer> answer(const Result<Landed>& landed, const RowRef& old, http::CacheOutcome joined, const std::string& key);

  Dependencies use_;
  FreshnessRules rules_;
  Flights<Landed> flights_;
  std::unordered_map<std::string, RowRef> old_of_;  // the copy a flight set out with, for those who join it
  std::function<void(const std::string&, const std::string&)> changed_;
  TaskGroup tasks_;
};

}  // namespace bodega::cache
