#include "async/pace.h"

#include <sched.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "base/cpu_time.h"

namespace bodega {
namespace {

using std::chrono::milliseconds;

// Shorter ones would pay more for looking at the clocks and waking up than for work.
constexpr Duration kStep = milliseconds(1);
// Long enough to see work that comes in bursts, short beside any build.
constexpr Duration kWindow = milliseconds(50);
constexpr unsigned kPieces = 64;
constexpr int kRestsPerStep = 39;
// So that whoever ends the process does not wait long.
constexpr Duration kLongestRest = milliseconds(100);

unsigned usable_processors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return std::max(1U, std::thread::hardware_concurrency());
  return std::max(1U, static_cast<unsigned>(CPU_COUNT(&set)));
}

}  // namespace

Duration rest_after_step(Duration own, double busy) {
  const double rest = static_cast<double>(own.count()) * kRestsPerStep * std::clamp(busy, 0.0, 1.0);
  return std::min(Duration(static_cast<Duration::rep>(rest)), kLongestRest);
}

Pace::Pace() : processors_(usable_processors()), step_(times()), window_(step_) {}

Pace::Times Pace::times() { return {std::chrono::steady_clock::now(), thread_cpu_time(), process_cpu_time()}; }

void Pace::step() {
  if (++pieces_ % kPieces != 0 || std::chrono::steady_clock::now() - step_.now < kStep) return;
  const Times now = times();
  if (const Duration watched = now.now - window_.now; watched >= kWindow) {
    const Duration others = (now.process - window_.process) - (now.own - window_.own);
    busy_ = std::chrono::duration<double>(others) / std::chrono::duration<double>(watched) / processors_;
    window_ = now;
  }
  std::this_thread::sleep_for(rest_after_step(now.own - step_.own, busy_));
  step_ = times();
}

}  // namespace bodega
