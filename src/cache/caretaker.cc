#include "cache/caretaker.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace bodega::cache {
namespace {

constexpr std::string_view kNextMark = "scrub-next";  // the first byte that is scrubbed next
constexpr std::string_view kTimeMark = "scrub-time";  // when the one before was done
constexpr int kParts = 256;
// What is looked at in one go doubles while it holds no more: a small store is put in step with nine looks, and what is held in memory of a
// large one stays a few hundred kilobytes.
constexpr std::size_t kFew = 1000;
// How long hosted blobs are looked after in one go: others wait for the quiet thread too, and the end of the server for what has begun.
constexpr auto kGo = std::chrono::milliseconds(5);

}  // namespace

WallTime next_scrub(std::optional<WallTime> last, Duration interval, WallTime now) {
  const auto share = std::chrono::duration_cast<std::chrono::microseconds>(interval) / kParts;
  // A clock that was set back must not put it off for as long as it was wrong.
  if (!last || *last > now) return now;
  return *last + share;
}

Duration scrub_rest(std::uint64_t bytes) {
  // 16 MB/s, a tenth of a slow disk: 10 TB take a week.
  constexpr std::uint64_t kBytesPerSecond = 16'000'000;
  return std::chrono::nanoseconds(bytes * 1'000 / (kBytesPerSecond / 1'000'000));
}

Disagreement compare(std::vector<Digest> there, const std::vector<Digest>& hosted, const std::vector<catalog::CachedBlobRow>& cached) {
  Disagreement out;
  std::sort(there.begin(), there.end());
  const auto row_first = [](const catalog::CachedBlobRow& row, const Digest& digest) { return row.digest < digest; };
  for (const auto& digest : there) {
    if (std::binary_search(hosted.begin(), hosted.end(), digest)) continue;
    const auto row = std::lower_bound(cached.begin(), cached.end(), digest, row_first);
    if (row == cached.end() || row->digest != digest) out.unrecorded.push_back(digest);
  }
  for (const auto& row : cached) {
    if (!std::binary_search(there.begin(), there.end(), row.digest)) out.lost.push_back(row);
  }
  return out;
}

template <class Row, class Ask>
Result<std::vector<Row>> Caretaker::rows_in(Parts parts, const Ask& ask) {
  std::vector<Row> rows;
  for (int first = parts.begin; first < parts.end; ++first) {
    BODEGA_TRY(auto some, ask(static_cast<unsigned char>(first)));
    rows.insert(rows.end(), std::make_move_iterator(some.begin()), std::make_move_iterator(some.end()));
  }
  return rows;
}

Caretaker::Caretaker(Dependencies use, Duration scrub_interval)
    : use_(use), scrub_interval_(scrub_interval), tasks_(use.home, [log = &use.log](const std::string& what) {
        log->error("bug", {{"in", "caretaker"}, {"what", what}});
      }) {}

void Caretaker::start() {
  auto working = work();
  tasks_.spawn(std::move(working));
}

Task<void> Caretaker::close() {
  tasks_.request_stop();
  stop_.notify_all();
  return tasks_.close();
}

Task<void> Caretaker::rest(Duration time) {
  const MonoTime until = use_.clock.mono() + time;
  auto asleep = [this, until] { return !over() && use_.clock.mono() < until; };
  auto wake_then = [this, until](const Waker& waker) { use_.timers.wake_at(until, waker); };
  while (asleep()) co_await stop_.wait(asleep, wake_then);
}

Task<void> Caretaker::work() {
  co_await count_damaged();
  while (!over()) {
    if (reconciled_renewals_ != use_.catalog.cache_renewals()) {
      const auto renewals = use_.catalog.cache_renewals();
      co_await reconcile_all();
      if (!over()) reconciled_renewals_ = renewals;
    }
    constexpr auto kLook = std::chrono::minutes(1);
    co_await rest(kLook);
    if (!over()) co_await scrub_if_due();
  }
}

Task<void> Caretaker::reconcile_all() {
  const Counters before = counters_;
  for (Parts parts{0, 1}; parts.begin < kParts && !over();) {
    const std::size_t seen = co_await reconcile(parts);
    const int width = seen < kFew ? 2 * (parts.end - parts.begin) : 1;
    parts = {parts.end, std::min(parts.end + width, kParts)};
  }
  const auto adopted = counters_.adopted - before.adopted;
  const auto forgotten = counters_.forgotten - before.forgotten;
  if (adopted + forgotten > 0) use_.log.info("store.reconciled", {{"adopted", adopted}, {"forgotten", forgotten}});
}

// The disk is listed first: what is recorded after that has a blob that the list may lack, and each verdict looks again under a claim.
// Blocks; on the quiet thread.
Result<Caretaker::Seen> Caretaker::look_at(Parts parts) {
  if (!pace_) pace_.emplace();
  Seen seen;
  std::vector<Digest> there;
  for (int first = parts.begin; first < parts.end; ++first) {
    auto listed = use_.store.for_each_name_in(static_cast<unsigned char>(first), [this, &there](const Digest& digest) {
      there.push_back(digest);
      pace_->step();
    });
    if (!listed) seen.listed = std::move(listed);  // the others are looked at all the same
  }
  std::vector<catalog::CachedBlobRow> cached;
  BODEGA_TRY_VOID(use_.catalog.read_now([&](catalog::Reader& reader) -> Result<void> {
    BODEGA_TRY(seen.hosted, rows_in<Digest>(parts, [&reader](unsigned char first) { return reader.hosted_in(first); }));
    return {};
  }));
  BODEGA_TRY_VOID(use_.catalog.read_cache_now([&](catalog::CacheReader& reader) -> Result<void> {
    BODEGA_TRY(cached, rows_in<catalog::CachedBlobRow>(parts, [&reader](unsigned char first) { return reader.cached_in(first); }));
    return {};
  }));
  seen.count = there.size() + seen.hosted.size() + cached.size();
  seen.disagreement = compare(std::move(there), seen.hosted, cached);
  return seen;
}

Task<std::size_t> Caretaker::reconcile(Parts parts) {
  auto look = [this, parts] { return look_at(parts); };
  const auto seen = co_await offload(use_.quiet, look);
  if (!seen) co_return kFew;  // the catalog is in trouble of its own
  if (!seen->listed) use_.log.warning("scrub.unreadable", {{"part", parts.begin}, {"why", seen->listed.error().describe()}});
  for (const auto& digest : seen->disagreement.unrecorded) {
    if (over()) co_return seen->count;
    co_await adopt(digest);
  }
  for (std::size_t next = 0; look_after_ && next < seen->hosted.size() && !over();) {
    auto look_after = [this, &seen, &next] {
      const MonoTime until = use_.clock.mono() + kGo;
      do {
        look_after_(seen->hosted[next++]);
        pace_->step();
      } while (next < seen->hosted.size() && use_.clock.mono() < until);
    };
    co_await offload(use_.quiet, look_after);
  }
  for (const auto& row : seen->disagreement.lost) {
    if (over()) co_return seen->count;
    co_await forget_missing(row);
  }
  co_return seen->count;
}

Task<void> Caretaker::adopt(Digest digest) {
  const auto claim = use_.claims.try_remove(digest);
  if (!claim) co_return;
  auto ask_hosted = [&digest](catalog::Reader& reader) { return reader.is_hosted(digest); };
  const auto hosted = co_await use_.catalog.read(ask_hosted);
  if (!hosted || *hosted) co_return;
  // It was listed without a claim, and may have been discarded or evicted since.
  auto look = [this, &digest] { return use_.store.size_of(digest); };
  const auto size = co_await offload(use_.pool, look);
  if (!size || !*size) co_return;
  // The beginning of time: whatever it was, nobody has asked for it lately.
  auto put = [&](catalog::CacheTransaction& transaction) { return transaction.put_cached({digest, **size, WallTime{}}); };
  const auto done = co_await use_.catalog.write_cache(put);
  if (done) ++counters_.adopted;
}

Task<void> Caretaker::forget_missing(catalog::CachedBlobRow row) {
  const auto claim = use_.claims.try_remove(row.digest);
  if (!claim) co_return;
  auto look = [this, &row] { return use_.store.size_of(row.digest); };
  const auto size = co_await offload(use_.pool, look);
  if (!size || *size) co_return;
  auto forget = [&row](catalog::CacheTransaction& transaction) { return transaction.forget_cached(row.digest); };
  const auto done = co_await use_.catalog.write_cache(forget);
  if (done) ++counters_.forgotten;
}

Task<void> Caretaker::scrub_if_due() {
  if (scrub_interval_ <= Duration(0)) co_return;
  auto ask = [](catalog::CacheReader& reader) -> Result<std::pair<std::int64_t, std::int64_t>> {
    BODEGA_TRY(const auto next, reader.mark(kNextMark));
    BODEGA_TRY(const auto time, reader.mark(kTimeMark));
    return std::pair(next, time);
  };
  const auto marks = co_await use_.catalog.read_cache(ask);
  if (!marks && marks.error().code != Code::not_found) co_return;
  const std::optional<WallTime> last = marks ? std::optional(from_unix_micros(marks->second)) : std::nullopt;
  if (use_.clock.wall() < next_scrub(last, scrub_interval_, use_.clock.wall())) co_return;
  const auto first = static_cast<unsigned char>(marks ? marks->first : 0);
  co_await scrub_part(first);
  if (over()) co_return;
  if (first == kParts - 1)
    use_.log.info("scrub.complete", {{"files", counters_.scrubbed_files}, {"damaged_hosted", counters_.damaged_hosted}});
  auto put = [this, first](catalog::CacheTransaction& transaction) -> Result<void> {
    BODEGA_TRY_VOID(transaction.put_mark(kNextMark, (first + 1) % kParts));
    return transaction.put_mark(kTimeMark, to_unix_micros(use_.clock.wall()));
  };
  const auto done = co_await use_.catalog.write_cache(put);
  if (!done) use_.log.warning("scrub.not_noted", {{"why", done.error().describe()}});
}

Task<void> Caretaker::scrub_part(unsigned char first) {
  std::vector<store::BlobInfo> blobs;
  auto list = [this, first, &blobs] {
    return use_.store.for_each_in(first, [&blobs](const store::BlobInfo& info) { blobs.push_back(info); });
  };
  const auto listed = co_await offload(use_.quiet, list);
  if (!listed) use_.log.warning("scrub.unreadable", {{"part", first}, {"why", listed.error().describe()}});
  for (const auto& blob : blobs) {
    if (over()) co_return;
    co_await check(blob);
    co_await rest(scrub_rest(blob.size));
  }
}

Task<void> Caretaker::check(store::BlobInfo blob) {
  auto work = [this, &blob] { return use_.store.check(blob.digest); };
  const auto found = co_await offload(use_.quiet, work);
  ++counters_.scrubbed_files;
  counters_.scrubbed_bytes += blob.size;
  if (found && *found == store::Check::missing) co_return;  // evicted or deleted meanwhile
  if (found && *found == store::Check::intact) {
    co_await judge_intact(blob.digest);
    co_return;
  }
  std::string why = found ? "the bytes do not have this digest" : found.error().describe();
  co_await judge_damaged(blob.digest, std::move(why));
}

Task<void> Caretaker::judge_damaged(Digest digest, std::string why) {
  auto ask = [&digest](catalog::Reader& reader) { return reader.is_hosted(digest); };
  const auto hosted = co_await use_.catalog.read(ask);
  const bool ours = !hosted || *hosted;  // when in doubt, nothing is removed
  use_.log.error("blob.damaged", {{"sha256", digest.hex()}, {"hosted", ours}, {"why", why}});
  if (ours) {
    co_await note_damaged(digest);
    co_return;
  }
  const auto claim = use_.claims.try_remove(digest);
  if (!claim) co_return;
  auto remove = [this, &digest] { return use_.store.remove(digest); };
  const auto removed = co_await offload(use_.pool, remove);
  if (!removed) co_return;
  auto forget = [&digest](catalog::CacheTransaction& transaction) { return transaction.forget_cached(digest); };
  const auto done = co_await use_.catalog.write_cache(forget);
  if (!done) use_.log.warning("blob.not_forgotten", {{"sha256", digest.hex()}, {"why", done.error().describe()}});
  ++counters_.healed;
  if (removed_) removed_(digest);
}

Task<void> Caretaker::note_damaged(Digest digest) {
  auto put = [this, &digest](catalog::CacheTransaction& transaction) { return transaction.put_damaged(digest, use_.clock.wall()); };
  const auto done = co_await use_.catalog.write_cache(put);
  if (done) co_await count_damaged();
}

Task<void> Caretaker::judge_intact(Digest digest) {
  if (counters_.damaged_hosted == 0) co_return;
  auto forget = [&digest](catalog::CacheTransaction& transaction) { return transaction.forget_damaged(digest); };
  const auto done = co_await use_.catalog.write_cache(forget);
  if (done) co_await count_damaged();
}

Task<void> Caretaker::count_damaged() {
  auto ask = [](catalog::CacheReader& reader) { return reader.damaged(); };
  const auto damaged = co_await use_.catalog.read_cache(ask);
  if (damaged) counters_.damaged_hosted = damaged->size();
}

}  // namespace bodega::cache
