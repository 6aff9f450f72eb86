// Mutable answers of an upstream (project pages): looked up, revalidated, fetched once for all who ask, served stale when the upstream
// fails, remembered as absent for a short while. What the bytes mean is the caller's: it reads what the upstream sent into a content, which
// knows the form that is kept. Home loop only.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include "async/allowance.h"
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

// What is told of an upstream's bytes.
struct UpstreamAnswer {
  std::string content_type;
  std::uint64_t last_serial = 0;  // of X-PyPI-Last-Serial; 0 = not told
  Url final_url;
  bool replaces = false;  // there is a document, which this one would take the place of
};

// What an upstream's bytes mean. Immutable; shared with all who asked for it.
class Content {
 public:
  virtual ~Content() = default;
  // What is kept. Blocks; runs in the pool. Equal contents give equal bytes.
  virtual std::string kept() const = 0;
  // The memory that it and the work with it take, roughly.
  virtual std::uint64_t bytes() const = 0;

  Allowance::Share share;  // of that memory; goes with the last holder
};

// Makes a content of what an upstream sends, while it arrives. In the pool, one call at a time. An error means the answer is broken:
// nothing is kept.
class ContentReader {
 public:
  virtual ~ContentReader() = default;
  virtual Result<void> feed(std::string bytes) = 0;  // decoded; not empty
  virtual Result<std::shared_ptr<Content>> finish() = 0;
};

struct DocumentRequest {
  std::string index;  // "user/name" of the mirror
  std::string name;   // normalised project
  Url url;
  std::string accept;
  std::uint64_t max_bytes = 0;
  ClientWish wish = ClientWish::cached_is_fine;
  std::optional<Duration> ttl_max;  // of this index, instead of the general one
  std::function<std::unique_ptr<ContentReader>(UpstreamAnswer)> reader;
};

// A document without its body, which is read when it is needed: a hundred askers of a large page take no more memory than one.
struct DocumentHead : catalog::DocumentRow {
  std::uint64_t body_bytes = 0;  // of what is kept; of what was sent, when it was just fetched
};

struct DocumentAnswer {
  std::shared_ptr<const DocumentHead> row;  // present ones only
  std::shared_ptr<const Content> content;   // only of what was just fetched; else body() has it
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
    Allowance& allowance;
    Timers& timers;
    const Clock& clock;
    Log& log;
    Loop& home;
  };
  Documents(Dependencies use, FreshnessRules rules);

  // not_found: the upstream said so (404, 410), now or within the negative lifetime. upstream_*: it failed and there is no copy. busy: no
  // memory to read it. A page that was never here is given out before it is kept: who asks meanwhile gets the same.
  Task<Result<DocumentAnswer>> get(DocumentRequest request);
  // What is kept, with its body, which may have changed since get(). not_found.
  Task<Result<catalog::DocumentRow>> body(std::string index, std::string name);
  // Drops what is kept (a refresh, an upload of that name); the next get() asks the upstream.
  Task<Result<void>> forget(std::string index, std::string name);
  // The same when all that is kept is an absence.
  Task<Result<void>> forget_absence(std::string index, std::string name);
  // Called after a document's body changed, appeared or vanished.
  void on_change(std::function<void(const std::string& index, const std::string& name)> changed) { changed_ = std::move(changed); }
  // Somebody else removed the rows of an index.
  void rows_gone(const std::string& index);
  const FreshnessRules& rules() const { return rules_; }
  void set_rules(const FreshnessRules& rules) { rules_ = rules; }
  Task<void> close() { return tasks_.close(); }

 private:
  using RowRef = std::shared_ptr<const DocumentHead>;
  struct Landed {
    RowRef row;  // null = absent
    std::shared_ptr<const Content> content;
    http::CacheOutcome outcome = http::CacheOutcome::miss;
  };
  struct Fetched;  // a page that was just read
  struct Reading;
  using Flight = Flights<Landed>::Flight;

  WallTime until(const DocumentRequest& request, WallTime now, const std::string& cache_control) const;
  Task<Result<RowRef>> kept(const std::string& index, const std::string& name);
  void remember(const std::string& key, RowRef head);
  void written(catalog::DocumentRow row, std::uint64_t body_bytes, const Result<void>& outcome);
  std::shared_ptr<Flight> begin(const DocumentRequest& request, const RowRef& old, const std::string& key, std::uint64_t looked_at);
  Task<void> fly(DocumentRequest request, RowRef old, std::string key, std::shared_ptr<Flight> flight, std::uint64_t looked_at);
  Task<void> look_again(const DocumentRequest& request, std::shared_ptr<Flight> flight);
  Task<void> ask_upstream(const DocumentRequest& request, RowRef old, std::shared_ptr<Flight> flight);
  Task<Result<Reading>> read_body(http::FetchResponse& response, std::unique_ptr<ContentReader> reader);
  Task<Result<Fetched>> read_page(const DocumentRequest& request, http::FetchResponse response, const RowRef& old);
  Task<Result<Landed>> keep_present(const DocumentRequest& request, http::FetchResponse response, RowRef old,
                                    std::shared_ptr<Flight> flight);
  Task<void> keep(catalog::DocumentRow row);
  Task<Result<Landed>> keep_absent(const DocumentRequest& request, RowRef old);
  Task<Result<Landed>> keep_unchanged(const DocumentRequest& request, const http::FetchResponse& response, RowRef old);
  void not_kept(const catalog::DocumentRow& row, const Error& why);
  Result<DocumentAnswer> answer(const Result<Landed>& landed, const RowRef& old, http::CacheOutcome joined, const std::string& key);

  Dependencies use_;
  FreshnessRules rules_;
  Flights<Landed> flights_;
  std::uint64_t landings_ = 0;                      // so far: whether what was looked up may be out of date
  std::unordered_map<std::string, RowRef> old_of_;  // the copy a flight set out with, for those who join it
  std::unordered_map<std::string, RowRef> heads_;   // as cache.db has them, absences too: a file's page is looked at for each request of it
  std::uint64_t writes_ = 0;                        // so far: whether what was read may be out of date
  std::function<void(const std::string&, const std::string&)> changed_;
  TaskGroup tasks_;
};

}  // namespace bodega::cache
