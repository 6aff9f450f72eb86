// Lets a bounded number of coroutines of one loop through at a time; the others wait in the order they came, up to a bound.
// Home loop only.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <utility>

#include "async/waker.h"
#include "base/result.h"

namespace bodega::access {

class Gate {
 public:
  Gate(std::size_t width, std::size_t max_waiting) : free_(width), max_waiting_(max_waiting) {}
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

  // Held while inside; destroying it lets the next one in. The gate must outlive it.
  class Pass {
   public:
    explicit Pass(Gate& gate) : gate_(&gate) {}
    Pass(Pass&& other) noexcept : gate_(std::exchange(other.gate_, nullptr)) {}
    Pass& operator=(Pass&&) = delete;
    ~Pass() {
      if (gate_) gate_->leave();
    }

   private:
    Gate* gate_;
  };

  // busy when too many wait already.
  Task<Result<Pass>> enter();
  std::size_t waiting() const { return waiters_.size(); }

 private:
  struct Waiter {
    Waker waker;
    bool admitted = false;
  };
  void leave();

  std::size_t free_;
  std::size_t max_waiting_;
  std::deque<std::shared_ptr<Waiter>> waiters_;  // shared with the waiting coroutine's frame
};

}  // namespace bodega::access
