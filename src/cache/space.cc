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
  auto totals_question = [](catalog::CacheReader& reader) { return reader.totals(); };
  auto totals = co_await use_.catalog.read_cache(totals_question);
  if (!totals) co_return fail(std::move(totals).error());
  auto space_question = [this] { return use_.store.space(); };
  auto space = co_await offload(use_.pool, space_question);
  if (!space) co_return fail(std::move(space).error());
  const auto excess = bytes_to_evict(rules_, totals->bytes, space->free_bytes, bytes);
  if (excess == 0 || evicting_) co_return Result<void>();
  evicting_ = true;
  auto freed = co_await evict(excess);
  evicting_ = false;
  if (!freed) co_return fail(std::move(freed).error());
  co_return Result<void>();
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
    // Record first: a blob without a row is adopted or swept later, a row without a blob would be a lie.
    auto forget = [&victims](catalog::CacheTransaction& transaction) -> Result<void> {
      for (const auto& row : *victims) BODEGA_TRY_VOID(transaction.forget_cached(row.digest));
      return {};
    };
    auto forgotten = co_await use_.catalog.write_cache(forget);
    if (!forgotten) co_return fail(std::move(forgotten).error());
    auto hosted = [&victims](catalog::Reader& reader) -> Result<std::vector<catalog::CachedBlobRow>> {
      std::vector<catalog::CachedBlobRow> removable;
      for (const auto& row : *victims) {
        BODEGA_TRY(const bool ours, reader.is_hosted(row.digest));
        if (!ours) removable.push_back(row);
      }
      return removable;
    };
    auto removable = co_await use_.catalog.read(hosted);
    if (!removable) co_return fail(std::move(removable).error());
    auto remove = [this, &removable]() -> Result<void> {
      for (const auto& row : *removable) BODEGA_TRY_VOID(use_.store.remove(row.digest));
      return {};
    };
    auto removed = co_await offload(use_.pool, remove);
    if (!removed) co_return fail(std::move(removed).error());
    for (const auto& row : *victims) {
      freed += row.size;
      ++evictions_;
      evicted_bytes_ += row.size;
      if (evicted_) evicted_(row.digest);
    }
    use_.log.info("cache.evicted", {{"files", victims->size()}, {"bytes", freed}});
  }
  co_return freed;
}

void SpaceKeeper::used(const Digest& digest) { used_[digest] = use_.clock.wall(); }

void SpaceKeeper::watch(const Digest& digest, std::weak_ptr<const http::HotEntry> entry) { watched_.emplace_back(digest, std::move(entry)); }

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
