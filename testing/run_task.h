// Runs a coroutine to its end on a loop that the test polls by hand: nothing sleeps, nothing runs on another thread.
#pragma once

#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>

#include "async/loop.h"

namespace bodega::testing {

// A task that was started and may not have ended.
template <class T>
class Running {
 public:
  Running(Loop& loop, Task<T> task) : loop_(loop), state_(std::make_shared<State>()) {
    asio::co_spawn(loop.executor(), std::move(task), [state = state_](std::exception_ptr failure, T value) {
      state->failure = failure;
      state->value.emplace(std::move(value));
    });
    loop_.poll();
  }
  bool done() const { return state_->value.has_value(); }
  // Polls the loop until the task has ended. The task must not wait for anything that the test does not do.
  T get() {
    for (int round = 0; !done() && round < 10'000; ++round) loop_.poll();
    if (!done()) throw std::runtime_error("the task waits for something that never comes");
    if (state_->failure) std::rethrow_exception(state_->failure);
    return std::move(*state_->value);
  }

 private:
  struct State {
    std::exception_ptr failure;
    std::optional<T> value;
  };
  Loop& loop_;
  std::shared_ptr<State> state_;
};

template <class T>
T run(Loop& loop, Task<T> task) {
  return Running<T>(loop, std::move(task)).get();
}

}  // namespace bodega::testing
