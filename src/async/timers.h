// Time passing, as a seam: the server sleeps on the home loop's timer, tests move a manual clock.
#pragma once

#include <memory>

#include "async/waker.h"
#include "base/time.h"

namespace bodega {

class Timers {
 public:
  virtual ~Timers() = default;
  // Wakes `waker` at or soon after `when`. From any thread. A spent waker costs nothing when its time comes.
  virtual void wake_at(MonoTime when, Waker waker) = 0;
};

class Loop;
// Lives on `loop`, which must outlive it.
std::unique_ptr<Timers> make_loop_timers(Loop& loop, const Clock& clock);

Task<void> sleep_until(Timers& timers, MonoTime when);

}  // namespace bodega
