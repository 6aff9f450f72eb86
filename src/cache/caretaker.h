// Keeps the disk and what is recorded of it in step, slowly and in the background. After each start, and when cache.db was made anew, whole
// blobs that nothing refers to are adopted into the cache (least recently used of all, so the first to go) and records of blobs that are
// gone are forgotten. Now and then every blob is hashed from the disk (the scrub): a damaged cached one goes, to be fetched again; one of
// ours is reported and stays. Home loop only.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "async/loop.h"
#include "async/offload.h"
#include "async/pace.h"
#include "async/signal.h"
#include "async/task_group.h"
#include "async/timers.h"
#include "base/log.h"
#include "catalog/catalog.h"
#include "store/blob_store.h"
#include "store/claims.h"

namespace bodega::cache {

// When a 256th of all blobs is to be scrubbed next, so that all of it is done once in each `interval`. Pure.
WallTime next_scrub(std::optional<WallTime> last, Duration interval, WallTime now);
// How long to rest after `bytes` were read: the disk belongs to those who install. Pure.
Duration scrub_rest(std::uint64_t bytes);

// What the disk and the records of one part of it do not agree about.
struct Disagreement {
  std::vector<Digest> unrecorded;            // on disk, and nothing refers to them
  std::vector<catalog::CachedBlobRow> lost;  // recorded as cached, and not on disk
};
// `hosted` and `cached` by digest. Pure.
Disagreement compare(std::vector<Digest> there, const std::vector<Digest>& hosted, const std::vector<catalog::CachedBlobRow>& cached);

class Caretaker {
 public:
  struct Dependencies {
    catalog::Catalog& catalog;
    store::BlobStore& store;
    store::Claims& claims;
    Pool& pool;
    Pool& quiet;  // of one thread, for long work
    Timers& timers;
    const Clock& clock;
    Log& log;
    Loop& home;
  };
  struct Counters {
    std::uint64_t adopted = 0;         // blobs that had lost their record
    std::uint64_t forgotten = 0;       // records that had lost their blob
    std::uint64_t scrubbed_files = 0;  // hashed
    std::uint64_t scrubbed_bytes = 0;
    std::uint64_t healed = 0;          // damaged cached ones that were removed
    std::uint64_t damaged_hosted = 0;  // now, as far as the scrub and readers know
  };
  Caretaker(Dependencies use, Duration scrub_interval);

  // Begins the background work. Once.
  void start();
  // Ends it; nothing of it is under way when this resumes.
  Task<void> close();
  // Once over everything, without rests. For tests and for those who cannot wait.
  Task<void> reconcile_all();
  Task<void> scrub_part(unsigned char first);
  void set_interval(Duration interval) { scrub_interval_ = interval; }
  // What is to be looked after beside each hosted blob, when all is put in step. Blocks, on the quiet thread.
  void for_hosted(std::function<void(const Digest&)> look_after) { look_after_ = std::move(look_after); }
  // Called with the digest of each cached blob that was removed.
  void on_removed(std::function<void(const Digest&)> removed) { removed_ = std::move(removed); }
  // A file of ours was found damaged, or whole again, by somebody else.
  Task<void> note_damaged(Digest digest);
  const Counters& counters() const { return counters_; }

 private:
  // The blobs whose digests begin with these bytes: begin <= byte < end.
  struct Parts {
    int begin = 0;
    int end = 0;
  };
  struct Seen {
    Result<void> listed{};  // not all of the disk when it failed
    std::vector<Digest> hosted;
    Disagreement disagreement;
    std::size_t count = 0;  // blobs and records
  };
  template <class Row, class Ask>
  static Result<std::vector<Row>> rows_in(Parts parts, const Ask& ask);
  Task<void> work();
  Task<void> rest(Duration time);  // shorter when it is time to stop
  // Puts these parts in step; how much they hold.
  Task<std::size_t> reconcile(Parts parts);
  Result<Seen> look_at(Parts parts);
  Task<void> adopt(Digest digest);
  Task<void> forget_missing(catalog::CachedBlobRow row);
  Task<void> check(store::BlobInfo blob);
  Task<void> judge_damaged(Digest digest, std::string why);
  Task<void> judge_intact(Digest digest);
  Task<void> scrub_if_due();
  Task<void> count_damaged();
  bool over() const { return tasks_.stopping(); }

  Dependencies use_;
  Duration scrub_interval_;  // zero: never
  std::function<void(const Digest&)> removed_;
  std::function<void(const Digest&)> look_after_;
  std::optional<Pace> pace_;                          // of the quiet thread: made and used there
  std::optional<std::uint64_t> reconciled_renewals_;  // of cache.db, when all was last put in step
  Counters counters_;
  Signal stop_;
  TaskGroup tasks_;
};

}  // namespace bodega::cache
