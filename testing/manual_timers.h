// Timers that fire when a test advances its ManualClock and calls fire().
#pragma once

#include <mutex>
#include <vector>

#include "async/timers.h"
#include "testing/manual_clock.h"

namespace bodega::testing {

class ManualTimers final : public Timers {
 public:
  explicit ManualTimers(const ManualClock& clock) : clock_(clock) {}

  void wake_at(MonoTime when, Waker waker) override {
    const std::lock_guard lock(mutex_);
    std::erase_if(waiting_, [](const auto& entry) { return entry.second.spent(); });
    waiting_.emplace_back(when, std::move(waker));
  }

  // Wakes all whose time has come; how many.
  std::size_t fire() {
    std::vector<Waker> due;
    {
      const std::lock_guard lock(mutex_);
      std::erase_if(waiting_, [this, &due](auto& entry) {
        if (entry.first > clock_.mono()) return false;
        due.push_back(std::move(entry.second));
        return true;
      });
    }
    for (const auto& waker : due) waker.wake();
    return due.size();
  }

  // The earliest time somebody waits for.
  std::optional<MonoTime> next() {
    const std::lock_guard lock(mutex_);
    std::optional<MonoTime> earliest;
    for (const auto& [when, waker] : waiting_) {
      if (!waker.spent() && (!earliest || when < *earliest)) earliest = when;
    }
    return earliest;
  }

 private:
  const ManualClock& clock_;
  std::mutex mutex_;
  std::vector<std::pair<MonoTime, Waker>> waiting_;
};

}  // namespace bodega::testing
