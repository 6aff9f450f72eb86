#include "cache/space.h"

#include <algorithm>

namespace bodega::cache {

std::uint64_t bytes_to_evict(const SpaceRules& rules, std::uint64_t cached, std::uint64_t free, std::uint64_t incoming) {
  std::uint64_t over_cap = 0;
  if (rules.cap_bytes > 0 && cached + incoming > rules.cap_bytes) {
    const std::uint64_t goal = rules.cap_bytes - rules.cap_bytes / 20;
    over_cap = cached + incoming - std::min(goal, cached + incoming);
  }
  const std::uint64_t needed_free = rules.free_floor_bytes + incoming;
  const std::uint64_t under_floor = needed_free > free ? needed_free - free : 0;
  return std::min(std::max(over_cap, under_floor), cached);
}

SpaceKeeper::SpaceKeeper(Dependencies use, SpaceRules rules) : use_(use), rules_(rules) {}

Task<Result<void>> SpaceKeeper::make_room(std::uint64_t bytes) {
  if (rules_.cap_bytes > 0 && bytes > rules_.cap_bytes) {
    co_return fail(Code::no_space, "the file is larger than the cache may be (cache-max-size)");
  }
  auto look = [this, rules = rules_, bytes] { return excess(rules, bytes); };
  auto over = co_await offload(use_.pool, look);
  if (!over) co_return fail(std::move(over).error());
  if (*over == 0 || evicting_) co_return Result<void>();
  evicting_ = true;
  auto freed = co_await evict(*over);
  evicting_ = false;
  if (!freed) co_return fail(std::move(freed).error());
  co_return Result<void>();
}

Result<std::uint64_t> SpaceKeeper::excess(const SpaceRules& rules, std::uint64_t bytes) {
  catalog::CacheReader::Totals totals;
  const auto ask = [&totals](catalog::CacheReader& reader) -> Result<void> {
    BODEGA_TRY(totals, reader.totals());
    return {};
  };
  BODEGA_TRY_VOID(use_.catalog.read_cache_now(ask));
  BODEGA_TRY(const auto space, use_.store.space());
  return bytes_to_evict(rules, totals.bytes, space.free_bytes, bytes);
}

// What cannot be found out is no reason not to try.
Task<Result<std::unique_ptr<store::BlobWriter>>> SpaceKeeper::create(std::uint64_t bytes) {
  auto room = co_await make_room(bytes);
  if (!room && room.error().code == Code::no_space) co_return fail(std::move(room).error());
  auto make = [this, bytes] { return use_.store.create(bytes); };
  auto writer = co_await offload(use_.pool, make);
  co_return writer;
}

Task<Result<std::unique_ptr<store::BlobWriter>>> SpaceKeeper::create_if_room(std::uint64_t bytes) {
  auto make = [this, rules = rules_, bytes]() -> Result<std::unique_ptr<store::BlobWriter>> {
    const bool too_large = rules.cap_bytes > 0 && bytes > rules.cap_bytes;
    const auto over = excess(rules, bytes);
    if (too_large || (over && *over > 0)) return nullptr;
    return use_.store.create(bytes);
  };
  auto writer = co_await offload(use_.pool, make);
  co_return writer;
}

Task<Result<std::uint64_t>> SpaceKeeper::evict(std::uint64_t bytes) {
  co_await flush_uses();
  // Rows at once: enough for one round, few enough for one transaction.
  constexpr std::size_t kBatch = 512;
  std::uint64_t freed = 0;
  while (freed < bytes) {
    auto oldest = [want = bytes - freed](catalog::CacheReader& reader) { return reader.least_recent(want, kBatch); };
    auto victims = co_await use_.catalog.read_cache(oldest);
    if (!victims) co_return fail(std::move(victims).error());
    if (victims->empty()) break;
    std::uint64_t round = 0;
    for (const auto& row : *victims) {
      if (freed >= bytes) break;
      auto gone = co_await evict_one(row);
      if (!gone) co_return fail(std::move(gone).error());
      if (!*gone) continue;
      freed += row.size;
      ++round;
    }
    if (round == 0) break;  // all that is left is in use
    use_.log.info("cache.evicted", {{"files", round}, {"bytes", freed}});
  }
  co_return freed;
}

Task<Result<bool>> SpaceKeeper::evict_one(catalog::CachedBlobRow row) {
  const auto claim = use_.claims.try_remove(row.digest);
  if (!claim) co_return false;
  // Record first: a blob without a row is adopted or swept later, a row without a blob would be a lie.
  auto forget = [&row](catalog::CacheTransaction& transaction) { return transaction.forget_cached(row.digest); };
  auto forgotten = co_await use_.catalog.write_cache(forget);
  if (!forgotten) co_return fail(std::move(forgotten).error());
  auto question = [&row](catalog::Reader& reader) { return reader.is_hosted(row.digest); };
  auto hosted = co_await use_.catalog.read(question);
  if (!hosted) co_return fail(std::move(hosted).error());
  if (*hosted) co_return true;  // ours now: it stays, and counts no longer
  auto remove = [this, &row] { return use_.store.remove(row.digest); };
  auto removed = co_await offload(use_.pool, remove);
  if (!removed) co_return fail(std::move(removed).error());
  ++evictions_;
  evicted_bytes_ += row.size;
  if (evicted_) evicted_(row.digest);
  co_return true;
}

void SpaceKeeper::used(const Digest& digest) { used_[digest] = use_.clock.wall(); }

void SpaceKeeper::watch(const Digest& digest, std::weak_ptr<const http::HotEntry> entry) {
  watched_.emplace_back(digest, std::move(entry));
}

Task<void> SpaceKeeper::flush_uses() {
  const MonoTime now = use_.clock.mono();
  const WallTime wall = use_.clock.wall();
  std::erase_if(watched_, [this, now, wall](const auto& item) {
    const auto entry = item.second.lock();
    if (!entry) return true;
    const auto hit = entry->last_hit_ns.load(std::memory_order_relaxed);
    if (hit != 0) {
      const auto ago = std::chrono::duration_cast<std::chrono::microseconds>(now.time_since_epoch() - std::chrono::nanoseconds(hit));
      used_[item.first] = std::max(used_[item.first], wall - ago);
    }
    return false;
  });
  if (used_.empty()) co_return;
  const std::vector<std::pair<Digest, WallTime>> uses(used_.begin(), used_.end());
  used_.clear();
  auto touch = [&uses](catalog::CacheTransaction& transaction) { return transaction.touch(uses); };
  auto done = co_await use_.catalog.write_cache(touch);
  if (!done) use_.log.warning("cache.uses_not_kept", {{"why", done.error().describe()}});
}

}  // namespace bodega::cache
