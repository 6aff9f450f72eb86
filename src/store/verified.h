// Which generation of which blob was hashed and found right: what makes a second open cost an fstat instead of a read of the whole file.
#pragma once

#include <cstddef>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "base/digest.h"
#include "store/file_system.h"

namespace bodega::store {

// Bounded; forgets roughly the least recently used, in halves: what is used moves to the young half, and when that is full the old half is
// dropped. One hash node an entry and no list, and forgetting too early costs one more hash of the blob. Thread-safe.
class VerifiedGenerations {
 public:
  explicit VerifiedGenerations(std::size_t limit) : half_(limit / 2 > 0 ? limit / 2 : 1) {}

  bool knows(const Digest& digest, const Generation& generation) {
    Map dropped;  // destroyed after the lock: freeing 100,000 nodes takes milliseconds
    const std::lock_guard lock(mutex_);
    if (const auto found = young_.find(digest); found != young_.end()) return found->second == generation;
    const auto found = old_.find(digest);
    if (found == old_.end() || found->second != generation) return false;
    dropped = insert(digest, generation);
    return true;
  }

  void put(const Digest& digest, const Generation& generation) {
    Map dropped;
    const std::lock_guard lock(mutex_);
    dropped = insert(digest, generation);
  }

  void erase(const Digest& digest) {
    const std::lock_guard lock(mutex_);
    young_.erase(digest);
    old_.erase(digest);
  }

  // What was found of another generation since then stays.
  void forget(const Digest& digest, const Generation& generation) {
    const std::lock_guard lock(mutex_);
    for (Map* half : {&young_, &old_}) {
      const auto found = half->find(digest);
      if (found != half->end() && found->second == generation) half->erase(found);
    }
  }

  std::size_t size() const {
    const std::lock_guard lock(mutex_);
    return young_.size() + old_.size();
  }

 private:
  using Map = std::unordered_map<Digest, Generation>;

  Map insert(const Digest& digest, const Generation& generation) {
    old_.erase(digest);
    young_.insert_or_assign(digest, generation);
    if (young_.size() < half_) return {};
    return std::exchange(old_, std::exchange(young_, {}));
  }

  const std::size_t half_;
  mutable std::mutex mutex_;
  Map young_;
  Map old_;
};

}  // namespace bodega::store
