// The cache's share of the disk, given back by evicting what was used least recently. Hosted files are never counted nor evicted. Over its
// cap the cache shrinks in the background, and nobody waits; only below the floor of free space does a file wait for the room that it
// needs itself. Home loop only.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

#include "async/offload.h"
#include "async/signal.h"
#include "async/task_group.h"
#include "async/timers.h"
#include "base/log.h"
#include "catalog/catalog.h"
#include "http/hot.h"
#include "store/blob_store.h"
#include "store/claims.h"

namespace bodega::cache {

struct SpaceRules {
  std::uint64_t cap_bytes = 0;         // of cached blobs; 0 = no cap
  std::uint64_t free_floor_bytes = 0;  // of the file system
};

// Bytes that must go so that `incoming` fits: before it can be written, and altogether. Over the cap it goes down to 95 % of it, so that
// one eviction serves many misses.
struct Excess {
  std::uint64_t at_once = 0;
  std::uint64_t in_all = 0;
};
Excess excess_of(const SpaceRules& rules, std::uint64_t cached, std::uint64_t free, std::uint64_t incoming);

class SpaceKeeper {
 public:
  struct Dependencies {
    catalog::Catalog& catalog;
    store::BlobStore& store;
    store::Claims& claims;
    Pool& pool;
    Timers& timers;
    const Clock& clock;
    Log& log;
    Loop& home;
  };
  SpaceKeeper(Dependencies use, SpaceRules rules);
  // Ends an eviction after its round; who waits for it goes on. Nothing is evicted any more.
  Task<void> close() { return tasks_.close(); }

  void set_rules(const SpaceRules& rules) { rules_ = rules; }
  const SpaceRules& rules() const { return rules_; }
  // Sees to room for `bytes` more, as far as there is something to evict. no_space: more than the cap.
  Task<Result<void>> make_room(std::uint64_t bytes);
  // The same, and a writer for them.
  Task<Result<std::unique_ptr<store::BlobWriter>>> create(std::uint64_t bytes);
  // A writer where there is room for `bytes` already; null where something would have to go for them. One way to the pool.
  Task<Result<std::unique_ptr<store::BlobWriter>>> create_if_room(std::uint64_t bytes);
  // Notes a use; kept in memory until flush_uses().
  void used(const Digest& digest);
  // A hot entry that serves this blob: its hits count as uses.
  void watch(const Digest& digest, std::weak_ptr<const http::HotEntry> entry);
  Task<void> flush_uses();
  // Called with every evicted digest.
  void on_evict(std::function<void(const Digest&)> evicted) { evicted_ = std::move(evicted); }
  std::uint64_t evictions() const { return evictions_; }
  std::uint64_t evicted_bytes() const { return evicted_bytes_; }

 private:
  struct Victim {
    catalog::CachedBlobRow row;
    store::Claims::Claim claim;
    bool hosted = false;
    bool removed = false;
  };

  Result<Excess> excess(const SpaceRules& rules, std::uint64_t bytes);  // blocks
  void want(std::uint64_t bytes);
  Task<void> evict();
  // What the cache has shrunk by.
  Task<Result<std::uint64_t>> evict_round();
  // Blocks. Goes on after a failure, which it gives.
  Result<void> remove(std::vector<Victim>& victims);

  Dependencies use_;
  SpaceRules rules_;
  std::unordered_map<Digest, WallTime> used_;
  std::vector<std::pair<Digest, std::weak_ptr<const http::HotEntry>>> watched_;
  std::function<void(const Digest&)> evicted_;
  bool evicting_ = false;
  std::uint64_t wanted_ = 0;  // bytes that this eviction has still to free
  std::uint64_t freed_ = 0;   // bytes since the start
  std::size_t waiting_ = 0;   // for it
  Signal progress_;
  std::uint64_t evictions_ = 0;
  std::uint64_t evicted_bytes_ = 0;
  TaskGroup tasks_;
};

}  // namespace bodega::cache
