// The cache's share of the disk: reserved before the first byte, given back by evicting what was used least recently. Hosted files are
// never counted nor evicted. Home loop only.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

#include "async/offload.h"
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

// How many bytes must go so that `incoming` fits. Over the cap it goes down to 95 % of it, so that one eviction serves many misses.
std::uint64_t bytes_to_evict(const SpaceRules& rules, std::uint64_t cached, std::uint64_t free, std::uint64_t incoming);

class SpaceKeeper {
 public:
  struct Dependencies {
    catalog::Catalog& catalog;
    store::BlobStore& store;
    store::Claims& claims;
    Pool& pool;
    const Clock& clock;
    Log& log;
  };
  SpaceKeeper(Dependencies use, SpaceRules rules);

  void set_rules(const SpaceRules& rules) { rules_ = rules; }
  const SpaceRules& rules() const { return rules_; }
  // Makes room for `bytes` more. no_space when nothing evictable is left.
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
  Result<std::uint64_t> excess(const SpaceRules& rules, std::uint64_t bytes);  // blocks
  Task<Result<std::uint64_t>> evict(std::uint64_t bytes);
  // False: somebody is about to refer to the blob; it stays.
  Task<Result<bool>> evict_one(catalog::CachedBlobRow row);

  Dependencies use_;
  SpaceRules rules_;
  std::unordered_map<Digest, WallTime> used_;
  std::vector<std::pair<Digest, std::weak_ptr<const http::HotEntry>>> watched_;
  std::function<void(const Digest&)> evicted_;
  bool evicting_ = false;
  std::uint64_t evictions_ = 0;
  std::uint64_t evicted_bytes_ = 0;
};

}  // namespace bodega::cache
