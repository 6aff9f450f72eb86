#include "cache/space.h"

#include <algorithm>

namespace bodega::cache {

namespace {

// Few enough for one transaction that nobody notices, and for one job of a pool that others need.
constexpr std::size_t kRound = 64;

}  // namespace

Excess excess_of(const SpaceRules& rules, std::uint64_t cached, std::uint64_t free, std::uint64_t incoming) {
  std::uint64_t over_cap = 0;
  if (rules.cap_bytes > 0 && cached + incoming > rules.cap_bytes) {
    const std::uint64_t goal = rules.cap_bytes - rules.cap_bytes / 20;
    over_cap = cached + incoming - std::min(goal, cached + incoming);
  }
  const std::uint64_t needed_free = rules.free_floor_bytes + incoming;
  const std::uint64_t under_floor = needed_free > free ? needed_free - free : 0;
  return {std::min(under_floor, cached), std::min(std::max(over_cap, under_floor), cached)};
}

SpaceKeeper::SpaceKeeper(Dependencies use, SpaceRules rules)
    : use_(use), rules_(rules), tasks_(use.home, [log = &use.log](const std::string& what) {
        log->error("bug", {{"in", "cache"}, {"what", what}});
      }) {}

Task<Result<void>> SpaceKeeper::make_room(std::uint64_t bytes) {
  if (rules_.cap_bytes > 0 && bytes > rules_.cap_bytes) {
    co_return fail(Code::no_space, "the file is larger than the cache may be (cache-max-size)");
  }
  auto look = [this, rules = rules_, bytes] { return excess(rules, bytes); };
  auto over = co_await offload(use_.pool, look);
  if (!over) co_return fail(std::move(over).error());
  if (over->in_all > 0) want(over->in_all);
  const std::uint64_t enough = freed_ + over->at_once;
  auto too_little = [this, enough] { return evicting_ && freed_ < enough; };
  ++waiting_;
  while (too_little()) co_await progress_.wait(too_little);
  --waiting_;
  co_return Result<void>();
}

Result<Excess> SpaceKeeper::excess(const SpaceRules& rules, std::uint64_t bytes) {
  catalog::CacheReader::Totals totals;
  const auto ask = [&totals](catalog::CacheReader& reader) -> Result<void> {
    BODEGA_TRY(totals, reader.totals());
    return {};
  };
  BODEGA_TRY_VOID(use_.catalog.read_cache_now(ask));
  BODEGA_TRY(const auto space, use_.store.space());
  return excess_of(rules, totals.bytes, space.free_bytes, bytes);
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
    if (too_large || (over && over->in_all > 0)) return nullptr;
    return use_.store.create(bytes);
  };
  auto writer = co_await offload(use_.pool, make);
  co_return writer;
}

void SpaceKeeper::want(std::uint64_t bytes) {
  wanted_ = std::max(wanted_, bytes);
  if (evicting_ || tasks_.stopping()) return;
  evicting_ = true;
  auto task = evict();
  tasks_.spawn(std::move(task));
}

// Unless somebody waits it rests as long as it worked: a million files that go must not keep uploads from the journal of the file system.
Task<void> SpaceKeeper::evict() {
  co_await flush_uses();
  const std::uint64_t files_before = evictions_;
  const std::uint64_t bytes_before = evicted_bytes_;
  Result<std::uint64_t> round = std::uint64_t{0};
  while (wanted_ > 0 && !tasks_.stopping()) {
    const MonoTime began = use_.clock.mono();
    round = co_await evict_round();
    if (!round || *round == 0) break;  // all that is left is in use
    wanted_ -= std::min(wanted_, *round);
    freed_ += *round;
    progress_.notify_all();
    const MonoTime ended = use_.clock.mono();
    if (waiting_ == 0 && wanted_ > 0) co_await sleep_until(use_.timers, ended + (ended - began));
  }
  if (evictions_ > files_before) {
    use_.log.info("cache.evicted", {{"files", evictions_ - files_before}, {"bytes", evicted_bytes_ - bytes_before}});
  }
  if (!round) use_.log.warning("cache.no_room", {{"why", round.error().describe()}});
  wanted_ = 0;
  evicting_ = false;
  progress_.notify_all();
}

Task<Result<std::uint64_t>> SpaceKeeper::evict_round() {
  auto oldest = [want = wanted_](catalog::CacheReader& reader) { return reader.least_recent(want, kRound); };
  auto rows = co_await use_.catalog.read_cache(oldest);
  if (!rows) co_return fail(std::move(rows).error());
  std::vector<Victim> victims;
  for (const auto& row : *rows) {
    auto claim = use_.claims.try_remove(row.digest);
    if (claim) victims.push_back({row, std::move(*claim)});
  }
  // Record first: a blob without a row is adopted or swept later, a row without a blob would be a lie.
  auto forget = [&victims](catalog::CacheTransaction& transaction) -> Result<void> {
    for (const auto& victim : victims) {
      BODEGA_TRY_VOID(transaction.forget_cached(victim.row.digest));
    }
    return {};
  };
  auto forgotten = co_await use_.catalog.write_cache(forget);
  if (!forgotten) co_return fail(std::move(forgotten).error());
  auto look = [&victims](catalog::Reader& reader) -> Result<void> {
    for (auto& victim : victims) {
      BODEGA_TRY(victim.hosted, reader.is_hosted(victim.row.digest));
    }
    return {};
  };
  auto looked = co_await use_.catalog.read(look);
  if (!looked) co_return fail(std::move(looked).error());
  auto take_away = [this, &victims] { return remove(victims); };
  auto removed = co_await offload(use_.pool, take_away);
  std::uint64_t bytes = 0;
  for (const auto& victim : victims) {
    bytes += victim.row.size;
    if (!victim.removed) continue;
    ++evictions_;
    evicted_bytes_ += victim.row.size;
    if (evicted_) evicted_(victim.row.digest);
  }
  if (!removed) co_return fail(std::move(removed).error());
  co_return bytes;
}

Result<void> SpaceKeeper::remove(std::vector<Victim>& victims) {
  Result<void> out;
  for (auto& victim : victims) {
    if (victim.hosted) continue;  // ours by now: it stays, and counts no longer
    auto removed = use_.store.remove(victim.row.digest);
    victim.removed = removed.has_value();
    if (!removed && out) out = std::move(removed);
  }
  return out;
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
