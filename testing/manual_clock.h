// A clock that moves only when a test says so. Both times advance together.
#pragma once

#include <atomic>

#include "base/time.h"

namespace bodega::testing {

class ManualClock final : public Clock {
 public:
  // 2026-11-21T02:57:48Z: an ordinary second in no special place.
  explicit ManualClock(WallTime start = from_unix_micros(1'795'229'868'000'000)) : start_(start) {}

  WallTime wall() const override { return start_ + std::chrono::duration_cast<std::chrono::microseconds>(Duration(moved_.load())); }
  // Not zero at the start, so that "long ago" can be told from "never".
  MonoTime mono() const override { return MonoTime(std::chrono::hours(1)) + Duration(moved_.load()); }
  void advance(Duration by) { moved_ += by.count(); }

 private:
  WallTime start_;
  std::atomic<Duration::rep> moved_{0};
};

}  // namespace bodega::testing
