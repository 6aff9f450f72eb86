#include "cache/documents.h"

#include <string>
#include <utility>
#include <vector>

#include "async/loop.h"
#include "async/waker.h"
#include "base/check.h"
#include "base/text.h"

namespace bodega::cache {

using catalog::DocumentRow;
using catalog::DocumentState;
using http::CacheOutcome;

namespace {

// A body is counted in steps of this size; one that is smaller is not counted while it comes.
constexpr std::uint64_t kStep = 4ULL << 20;
constexpr std::uint64_t kUncounted = 256 * 1024;
// Reading takes the text, or what was made of it so far, a parser's index and strings, and what is made of all.
constexpr std::uint64_t kReadingTakes = 4;
// A body is read in parts of this size or more while the next one arrives: enough that the way to the pool and back does not count, and so
// little that no piece of the client has to wait for another and be copied behind it.
constexpr std::size_t kPart = 64 * 1024;
// What is read in less time than the way to the pool and back takes: ordinary pages.
constexpr std::size_t kReadHere = 64 * 1024;
// Heads that need not be read again, 400 bytes each.
constexpr std::size_t kHeads = 2048;

// Of flights and of heads.
std::string key_of(const std::string& index, const std::string& name) { return index + "/" + name; }

Kept kept_of(const DocumentRow& row) { return {row.state, row.fetched_at, row.expires_at}; }

std::optional<Kept> kept_of(const std::shared_ptr<const DocumentHead>& row) {
  return row ? std::optional<Kept>(kept_of(*row)) : std::nullopt;
}

http::FetchRequest to_fetch(const DocumentRequest& request, const std::shared_ptr<const DocumentHead>& old) {
  http::FetchRequest fetch;
  fetch.url = request.url;
  fetch.headers.add("Accept", request.accept);
  if (old && old->state == DocumentState::present) {
    if (!old->etag.empty()) {
      fetch.headers.add("If-None-Match", old->etag);
    } else if (!old->last_modified.empty()) {
      fetch.headers.add("If-Modified-Since", old->last_modified);
    }
  }
  fetch.decode = true;
  fetch.max_bytes = request.max_bytes;
  return fetch;
}

Error no_such(const DocumentRequest& request) {
  return Error{Code::not_found, "The project " + request.name + " does not exist.", "known absent upstream", std::nullopt};
}

// Lands a flight when its work has ended, also in an exception: nobody waits for ever on a bug.
template <class Table, class Ref>
class Lander {
 public:
  Lander(Table& table, std::string key, Ref flight) : table_(table), key_(std::move(key)), flight_(std::move(flight)) {}
  ~Lander() {
    if (!flight_->result) table_.publish(flight_, fail(Code::io, "the request ended in an unexpected way"));
    table_.land(key_, flight_);
  }
  Lander(const Lander&) = delete;
  Lander& operator=(const Lander&) = delete;

 private:
  Table& table_;
  std::string key_;
  Ref flight_;
};

}  // namespace

Documents::Documents(Dependencies use, FreshnessRules rules)
    : use_(use), rules_(rules), tasks_(use.home, [log = &use.log](const std::string& what) {
        log->error("bug", {{"in", "documents"}, {"what", what}});
      }) {}

Task<Result<DocumentAnswer>> Documents::get(DocumentRequest request) {
  BODEGA_CHECK(use_.home.here(), "Documents is home-loop state");
  const std::string key = key_of(request.index, request.name);
  auto flight = flights_.find(key);
  RowRef old = flight ? old_of_[key] : nullptr;
  const std::uint64_t looked_at = landings_;
  if (!flight) {
    auto looked = co_await kept(request.index, request.name);
    BODEGA_CO_TRY(old, std::move(looked));
    flight = flights_.find(key);  // somebody may have begun while we looked
  }
  if (decide_use(kept_of(old), use_.clock.wall(), request.wish, rules_) == Use::as_is) {
    if (old->state == DocumentState::absent) co_return fail(no_such(request));
    if (!flight && use_.clock.wall() >= refresh_from(kept_of(*old))) begin(request, old, key, looked_at);
    co_return DocumentAnswer{old, nullptr, CacheOutcome::hit, false, {}};
  }
  const CacheOutcome joined = flight ? CacheOutcome::joined : CacheOutcome::none;
  if (!flight) flight = begin(request, old, key, looked_at);
  if (old && may_serve_stale(kept_of(*old), use_.clock.wall(), rules_)) {
    const MonoTime deadline = use_.clock.mono() + rules_.patience;
    auto in_time = co_await wait_landed_until<Landed>(flight, use_.timers, use_.clock, deadline);
    if (!in_time) co_return DocumentAnswer{old, nullptr, CacheOutcome::stale, true, "the upstream is slow"};
    co_return answer(*in_time, old, joined, key);
  }
  auto landed = co_await wait_landed<Landed>(flight);
  co_return answer(landed, old, joined, key);
}

std::shared_ptr<Documents::Flight> Documents::begin(const DocumentRequest& request, const RowRef& old, const std::string& key,
                                                    std::uint64_t looked_at) {
  auto flight = flights_.begin(key);
  old_of_[key] = old;
  auto work = fly(request, old, key, flight, looked_at);
  tasks_.spawn(std::move(work));
  return flight;
}

Result<DocumentAnswer> Documents::answer(const Result<Landed>& landed, const RowRef& old, CacheOutcome joined, const std::string& key) {
  if (!landed) {
    if (old && may_serve_stale(kept_of(*old), use_.clock.wall(), rules_)) {
      return DocumentAnswer{old, nullptr, CacheOutcome::stale, true, landed.error().describe()};
    }
    return fail(landed.error());
  }
  if (!landed->row)
    return fail(Code::not_found, "The project " + key.substr(key.rfind('/') + 1) + " does not exist.", "the upstream says 404");
  return DocumentAnswer{landed->row, landed->content, joined == CacheOutcome::joined ? joined : landed->outcome, false, {}};
}

Task<Result<Documents::RowRef>> Documents::kept(const std::string& index, const std::string& name) {
  const std::string key = key_of(index, name);
  if (const auto known = heads_.find(key); known != heads_.end()) co_return known->second;
  const std::uint64_t looked_at = writes_;
  auto question = [&index, &name](catalog::CacheReader& reader) -> Result<DocumentHead> {
    BODEGA_TRY(auto row, reader.document(index, name));
    const std::uint64_t bytes = row.body.size();
    row.body = {};
    return DocumentHead{std::move(row), bytes};
  };
  auto row = co_await use_.catalog.read_cache(question);
  if (row) {
    auto head = std::make_shared<const DocumentHead>(std::move(*row));
    if (writes_ == looked_at) remember(key, head);
    co_return head;
  }
  if (row.error().code == Code::not_found) co_return RowRef();
  // A copy that cannot be read is no copy: it can be fetched again.
  use_.log.warning("document.unreadable", {{"index", index}, {"name", name}, {"why", row.error().describe()}});
  co_return RowRef();
}

void Documents::remember(const std::string& key, RowRef head) {
  if (heads_.size() >= kHeads) heads_.clear();
  heads_[key] = std::move(head);
}

// After each write, also one that failed: who knows what it left.
void Documents::written(DocumentRow row, std::uint64_t body_bytes, const Result<void>& outcome) {
  const std::string key = key_of(row.index, row.name);
  ++writes_;
  heads_.erase(key);
  if (!outcome) return not_kept(row, outcome.error());
  remember(key, std::make_shared<const DocumentHead>(DocumentHead{std::move(row), body_bytes}));
}

void Documents::rows_gone(const std::string& index) {
  ++writes_;
  std::erase_if(heads_, [&index](const auto& entry) { return entry.second->index == index; });
}

WallTime Documents::until(const DocumentRequest& request, WallTime now, const std::string& cache_control) const {
  FreshnessRules rules = rules_;
  if (request.ttl_max) rules.ttl_max = *request.ttl_max;
  return fresh_until(now, cache_control, DocumentState::present, rules);
}

Task<Result<DocumentRow>> Documents::body(std::string index, std::string name) {
  auto question = [&index, &name](catalog::CacheReader& reader) { return reader.document(index, name); };
  co_return co_await use_.catalog.read_cache(question);
}

Task<void> Documents::fly(DocumentRequest request, RowRef old, std::string key, std::shared_ptr<Flight> flight, std::uint64_t looked_at) {
  const Lander<Flights<Landed>, std::shared_ptr<Flight>> lander(flights_, key, flight);
  // The asker looked before the flight began; another flight may have landed in between.
  if (!old && landings_ != looked_at) co_await look_again(request, flight);
  if (!flight->result) co_await ask_upstream(request, old, flight);
  if (!flight->result->has_value()) {
    use_.log.warning("document.failed",
                     {{"index", request.index}, {"name", request.name}, {"url", request.url}, {"why", flight->result->error().describe()}});
  }
  old_of_.erase(key);
  ++landings_;
}

Task<void> Documents::look_again(const DocumentRequest& request, std::shared_ptr<Flight> flight) {
  auto looked = co_await kept(request.index, request.name);
  if (!looked || !*looked || decide_use(kept_of(*looked), use_.clock.wall(), ClientWish::cached_is_fine, rules_) != Use::as_is) co_return;
  const RowRef row = (*looked)->state == DocumentState::present ? *looked : nullptr;
  flights_.publish(flight, Landed{row, nullptr, CacheOutcome::hit});
}

Task<void> Documents::ask_upstream(const DocumentRequest& request, RowRef old, std::shared_ptr<Flight> flight) {
  auto fetch = to_fetch(request, old);
  auto response = co_await use_.upstream.fetch(std::move(fetch));
  Result<Landed> landed = Landed{};
  if (!response) {
    landed = fail(std::move(response).error());
  } else if (response->status == 404 || response->status == 410) {
    landed = co_await keep_absent(request, old);
  } else if (response->status == 304 && old) {
    landed = co_await keep_unchanged(request, *response, old);
  } else if (response->status == 200) {
    auto keeping = keep_present(request, std::move(*response), old, flight);
    landed = co_await std::move(keeping);
  } else {
    auto status = check_status(*response);
    landed = status ? fail(Code::upstream_failed, "the upstream answered " + std::to_string(response->status) + " for a page")
                    : fail(std::move(status).error());
  }
  if (!flight->result) flights_.publish(flight, std::move(landed));
}

struct Documents::Reading {
  std::shared_ptr<Content> content;
  std::size_t size = 0;  // of the body
};

struct Documents::Fetched {
  std::shared_ptr<DocumentHead> row;
  std::shared_ptr<Content> content;
};

Task<Result<Documents::Reading>> Documents::read_body(http::FetchResponse& response, std::unique_ptr<ContentReader> reader) {
  Reading reading;
  Allowance::Share share;
  std::string part;
  for (bool whole = false; !whole;) {
    auto piece = co_await response.body->read();
    BODEGA_CO_TRY(std::string bytes, std::move(piece));
    whole = bytes.empty();
    reading.size += bytes.size();
    part = part.empty() ? std::move(bytes) : std::move(part) + bytes;
    std::uint64_t needed = whole ? reading.size * kReadingTakes : 0;
    if (!whole && reading.size > kUncounted) needed = (reading.size / kStep + 1) * kStep;
    if (needed > share.bytes()) {
      auto growing = use_.allowance.grow(std::move(share), needed);
      auto grown = co_await std::move(growing);
      BODEGA_CO_TRY(share, std::move(grown));
    }
    if (whole || part.size() < kPart) continue;
    auto feed = [&reader, &part] { return reader->feed(std::exchange(part, {})); };
    auto fed = co_await offload(use_.pool, feed);
    if (!fed) co_return fail(std::move(fed).error());
  }
  auto finish = [&reader, &part]() -> Result<std::shared_ptr<Content>> {
    if (!part.empty()) BODEGA_TRY_VOID(reader->feed(std::exchange(part, {})));
    auto content = reader->finish();
    reader.reset();  // here rather than on the home loop
    return content;
  };
  Result<std::shared_ptr<Content>> content;
  if (reading.size <= kReadHere) {
    content = finish();
  } else {
    content = co_await offload(use_.pool, finish);
  }
  BODEGA_CO_TRY(reading.content, std::move(content));
  share.shrink(reading.content->bytes());
  reading.content->share = std::move(share);
  co_return reading;
}

Task<Result<Documents::Fetched>> Documents::read_page(const DocumentRequest& request, http::FetchResponse response, const RowRef& old) {
  UpstreamAnswer got;
  got.content_type = std::string(response.headers.get("Content-Type"));
  got.last_serial = parse_u64(response.headers.get("X-PyPI-Last-Serial")).value_or(0);
  got.final_url = response.final_url;
  got.replaces = old && old->state == DocumentState::present;
  auto read = read_body(response, request.reader(std::move(got)));
  auto reading = co_await std::move(read);
  if (!reading) co_return fail(std::move(reading).error());

  Fetched fetched{std::make_shared<DocumentHead>(), std::move(reading->content)};
  auto& row = *fetched.row;
  row.index = request.index;
  row.name = request.name;
  row.fetched_at = use_.clock.wall();
  // A page of no bytes may be meant, and may be an upstream's bad moment: it is believed as long as an absence.
  row.expires_at = reading->size == 0 ? fresh_until(row.fetched_at, {}, DocumentState::absent, rules_)
                                      : until(request, row.fetched_at, response.headers.joined("Cache-Control"));
  row.etag = std::string(response.headers.get("ETag"));
  row.last_modified = std::string(response.headers.get("Last-Modified"));
  row.changed_at = row.fetched_at;
  row.body_bytes = reading->size;
  co_return fetched;
}

Task<Result<Documents::Landed>> Documents::keep_present(const DocumentRequest& request, http::FetchResponse response, RowRef old,
                                                        std::shared_ptr<Flight> flight) {
  auto reading = read_page(request, std::move(response), old);
  auto fetched = co_await std::move(reading);
  if (!fetched) co_return fail(std::move(fetched).error());
  const bool first = !old || old->state == DocumentState::absent;
  Landed landed{fetched->row, fetched->content, CacheOutcome::miss};
  if (first) {
    // Nobody needs to wait until it is kept. Who asks until then joins this flight.
    if (changed_) changed_(request.index, request.name);
    flights_.publish(flight, landed);
    // Those who wait are on this loop and have their turn now: keeping the page would take the processor from their answers.
    auto turn = [this](const Waker& waker) { use_.home.post([waker] { waker.wake(); }); };
    co_await suspend(turn);
  }
  DocumentRow row = *fetched->row;
  auto pack = [&fetched] { return fetched->content->kept(); };
  row.body = co_await offload(use_.pool, pack);
  if (!first) {
    const auto before = co_await body(request.index, request.name);
    if (before && before->body == row.body) {
      landed.outcome = CacheOutcome::revalidated;
      row.changed_at = fetched->row->changed_at = old->changed_at;
    }
  }
  co_await keep(std::move(row));
  if (landed.outcome == CacheOutcome::miss && !first && changed_) changed_(request.index, request.name);
  co_return landed;
}

// A copy that could not be kept (disk full) is still a right answer.
Task<void> Documents::keep(DocumentRow row) {
  auto put = [&row](catalog::CacheTransaction& transaction) { return transaction.put_document(row); };
  auto stored = co_await use_.catalog.write_cache(put);
  const std::uint64_t bytes = std::exchange(row.body, {}).size();
  written(std::move(row), bytes, stored);
}

void Documents::not_kept(const DocumentRow& row, const Error& why) {
  use_.log.warning("document.not_kept", {{"index", row.index}, {"name", row.name}, {"why", why.describe()}});
}

Task<Result<Documents::Landed>> Documents::keep_absent(const DocumentRequest& request, RowRef old) {
  DocumentRow row;
  row.index = request.index;
  row.name = request.name;
  row.state = DocumentState::absent;
  row.fetched_at = use_.clock.wall();
  row.expires_at = fresh_until(row.fetched_at, {}, DocumentState::absent, rules_);
  row.changed_at = row.fetched_at;
  co_await keep(std::move(row));
  if (old && old->state == DocumentState::present && changed_) changed_(request.index, request.name);
  co_return Landed{nullptr, nullptr, CacheOutcome::miss};
}

Task<Result<Documents::Landed>> Documents::keep_unchanged(const DocumentRequest& request, const http::FetchResponse& response, RowRef old) {
  auto row = std::make_shared<DocumentHead>(*old);
  row->fetched_at = use_.clock.wall();
  row->expires_at = until(request, row->fetched_at, response.headers.joined("Cache-Control"));
  auto refresh = [&row](catalog::CacheTransaction& transaction) {
    return transaction.refresh_document(row->index, row->name, row->fetched_at, row->expires_at);
  };
  auto stored = co_await use_.catalog.write_cache(refresh);
  written(*row, row->body_bytes, stored);
  co_return Landed{row, nullptr, CacheOutcome::revalidated};
}

Task<Result<void>> Documents::forget_absence(std::string index, std::string name) {
  auto row = co_await kept(index, name);
  if (!row || !*row || (*row)->state == DocumentState::present) co_return Result<void>();
  co_return co_await forget(std::move(index), std::move(name));
}

Task<Result<void>> Documents::forget(std::string index, std::string name) {
  auto drop = [&index, &name](catalog::CacheTransaction& transaction) { return transaction.forget_document(index, name); };
  auto done = co_await use_.catalog.write_cache(drop);
  ++writes_;
  heads_.erase(key_of(index, name));
  if (changed_) changed_(index, name);
  co_return done;
}

}  // namespace bodega::cache
