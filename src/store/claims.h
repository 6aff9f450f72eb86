// Who is about to record a reference to a blob, and who is about to remove one, by digest. A blob is committed before the catalog knows of
// it; without this a removal that looked at the catalog in between would take away bytes whose upload is then acknowledged.
// Home loop only; outlives its claims.
#pragma once

#include <memory>
#include <optional>
#include <unordered_map>
#include <utility>

#include "async/signal.h"
#include "async/task.h"
#include "base/digest.h"

namespace bodega::store {

class Claims {
 public:
  Claims() = default;
  Claims(const Claims&) = delete;
  Claims& operator=(const Claims&) = delete;

  class Claim {
   public:
    Claim() = default;
    Claim(Claim&& other) noexcept : owner_(std::exchange(other.owner_, nullptr)), digest_(other.digest_) {}
    Claim& operator=(Claim&& other) noexcept {
      release();
      owner_ = std::exchange(other.owner_, nullptr);
      digest_ = other.digest_;
      return *this;
    }
    ~Claim() { release(); }
    void release() {
      if (owner_) std::exchange(owner_, nullptr)->leave(digest_);
    }

   private:
    friend class Claims;
    Claim(Claims& owner, const Digest& digest) : owner_(&owner), digest_(digest) {}
    Claims* owner_ = nullptr;
    Digest digest_;
  };

  // Taken before BlobWriter::commit() and held until the reference is recorded or given up. Any number at a time; waits while the blob is
  // being removed.
  Task<Claim> keep(Digest digest);
  // Held from before the look into the catalog until the blob is removed. nullopt: somebody else is about to refer to the blob or removes
  // it; who keeps it and then records nothing has to try the removal in turn.
  std::optional<Claim> try_remove(const Digest& digest);

 private:
  struct State {
    std::size_t keepers = 0;
    bool removing = false;
    Signal removed;
  };
  void leave(const Digest& digest);

  std::unordered_map<Digest, std::shared_ptr<State>> states_;  // shared with those who wait
};

}  // namespace bodega::store
