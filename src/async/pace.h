// The pace of long work on a quiet thread: at once while the process is idle, and in small steps with long rests between them while its
// other threads answer. Being the nicest thread is not enough: it then works in every gap that a loop leaves, and each time the loop
// finds its caches cold. Blocks; one thread.
#pragma once

#include "base/time.h"

namespace bodega {

// How long to rest after a step that took `own` of processor time, while the others use the share `busy` (0 to 1) of what processors
// there are. At 1 the work has a fortieth of one.
Duration rest_after_step(Duration own, double busy);

class Pace {
 public:
  Pace();
  // Call it after each piece of work, of some microseconds at most: it looks at the clock every 64th time. Sleeps, sometimes.
  void step();

 private:
  struct Times {
    MonoTime now;
    Duration own{};      // processor time of this thread
    Duration process{};  // of all threads
  };
  static Times times();

  unsigned processors_;
  unsigned pieces_ = 0;
  Times step_;    // when this step began
  Times window_;  // since when the others are watched
  double busy_ = 0;
};

}  // namespace bodega
