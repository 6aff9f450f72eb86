// "Something changed" for any number of waiting coroutines on any loops. The state itself lies with the owner, under the owner's rules;
// waiters look at it again after every wake.
#pragma once

#include <algorithm>
#include <mutex>
#include <vector>

#include "async/waker.h"

namespace bodega {

class Signal {
 public:
  // From any thread. `still_needed` is asked under the signal's lock before parking, so that a notify between the caller's own look and
  // the parking is never lost. Wakes may be spurious.
  template <class StillNeeded>
  Task<void> wait(StillNeeded still_needed) {
    auto park = [this, &still_needed](Waker waker) {
      const std::lock_guard lock(mutex_);
      if (still_needed()) {
        std::erase_if(waiters_, [](const Waker& other) { return other.spent(); });
        waiters_.push_back(std::move(waker));
      } else {
        waker.wake();
      }
    };
    co_await suspend(std::move(park));
  }

  // The same with a second source of waking, such as a timer: register_too(waker) is called once the coroutine is parked.
  template <class StillNeeded, class RegisterToo>
  Task<void> wait(StillNeeded still_needed, RegisterToo register_too) {
    auto park = [this, &still_needed, &register_too](Waker waker) {
      register_too(waker);
      const std::lock_guard lock(mutex_);
      if (still_needed()) {
        std::erase_if(waiters_, [](const Waker& other) { return other.spent(); });
        waiters_.push_back(std::move(waker));
      } else {
        waker.wake();
      }
    };
    co_await suspend(std::move(park));
  }

  // From any thread. Change the state first, then notify.
  void notify_all() {
    std::vector<Waker> woken;
    {
      const std::lock_guard lock(mutex_);
      woken.swap(waiters_);
    }
    for (const auto& waker : woken) waker.wake();
  }

 private:
  std::mutex mutex_;
  std::vector<Waker> waiters_;
};

}  // namespace bodega
