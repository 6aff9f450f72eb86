#include "async/timers.h"

#include <algorithm>
#include <vector>

#include <boost/asio/steady_timer.hpp>

#include "async/loop.h"

namespace bodega {
namespace {

// A heap of wakers and one timer set to the earliest. All state is touched on the loop only.
class LoopTimers final : public Timers {
 public:
  LoopTimers(Loop& loop, const Clock& clock) : loop_(loop), state_(std::make_shared<State>(loop, clock)) {}

  void wake_at(MonoTime when, Waker waker) override {
    loop_.post([state = state_, when, waker = std::move(waker)]() mutable { add(state, when, std::move(waker)); });
  }

 private:
  struct Entry {
    MonoTime when;
    Waker waker;
    bool operator<(const Entry& other) const { return when > other.when; }  // earliest on top
  };
  struct State {
    State(Loop& loop, const Clock& c) : timer(loop.context()), clock(c) {}
    asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, Executor> timer;
    const Clock& clock;
    std::vector<Entry> heap;
  };

  static void add(const std::shared_ptr<State>& state, MonoTime when, Waker waker) {
    state->heap.push_back({when, std::move(waker)});
    std::push_heap(state->heap.begin(), state->heap.end());
    if (state->heap.front().when == when) arm(state);
  }

  static void arm(const std::shared_ptr<State>& state) {
    if (state->heap.empty()) return;
    state->timer.expires_at(std::chrono::time_point_cast<std::chrono::steady_clock::duration>(state->heap.front().when));
    state->timer.async_wait([state](const boost::system::error_code& error) {
      if (!error) fire(state);
    });
  }

  static void fire(const std::shared_ptr<State>& state) {
    const MonoTime now = state->clock.mono();
    while (!state->heap.empty() && state->heap.front().when <= now) {
      std::pop_heap(state->heap.begin(), state->heap.end());
      const Waker waker = std::move(state->heap.back().waker);
      state->heap.pop_back();
      waker.wake();
    }
    arm(state);
  }

  Loop& loop_;
  std::shared_ptr<State> state_;
};

}  // namespace

std::unique_ptr<Timers> make_loop_timers(Loop& loop, const Clock& clock) { return std::make_unique<LoopTimers>(loop, clock); }

Task<void> sleep_until(Timers& timers, MonoTime when) {
  return suspend([&timers, when](Waker waker) { timers.wake_at(when, std::move(waker)); });
}

}  // namespace bodega
