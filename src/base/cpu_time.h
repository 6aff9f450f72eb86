// Processor time that was used so far: for limits and shares of work, which waiting must not count towards.
#pragma once

#include <time.h>

#include <chrono>

#include "base/time.h"

namespace bodega {

inline Duration cpu_time(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}
inline Duration thread_cpu_time() { return cpu_time(CLOCK_THREAD_CPUTIME_ID); }    // of the calling thread
inline Duration process_cpu_time() { return cpu_time(CLOCK_PROCESS_CPUTIME_ID); }  // of all threads

}  // namespace bodega
