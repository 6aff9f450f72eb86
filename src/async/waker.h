// The one bridge from callbacks to coroutines. suspend(f) parks the calling coroutine and gives f a Waker; the first wake(), from any
// thread, resumes the coroutine on its own loop. Everything else that waits (signals, hops, offloading, timers) is built from it.
#pragma once

#include <atomic>
#include <memory>
#include <utility>

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>

#include "async/task.h"

namespace bodega {

// Copies share one coroutine; only the first wake() counts, so a waker may lie with a signal and with a timer at once. A coroutine whose
// wakers are all destroyed unwoken is resumed by the last destructor: nothing hangs for ever on a source that went away.
class Waker {
 public:
  Waker() = default;
  void wake() const {
    if (state_) state_->fire();
  }
  // Whether somebody woke it already; a list of wakers may drop those.
  bool spent() const { return !state_ || state_->fired.load(std::memory_order_acquire); }

 private:
  struct State {
    std::atomic<bool> fired{false};
    virtual ~State() = default;
    virtual void resume() = 0;
    void fire() {
      if (!fired.exchange(true, std::memory_order_acq_rel)) resume();
    }
  };

  template <class Handler>
  struct HandlerState final : State {
    explicit HandlerState(Handler h) : handler(std::move(h)) {}
    ~HandlerState() override {
      if (!this->fired.load(std::memory_order_acquire)) resume();
    }
    void resume() override {
      const auto executor = asio::get_associated_executor(handler);
      asio::post(executor, std::move(handler));
    }
    Handler handler;
  };

  explicit Waker(std::shared_ptr<State> state) : state_(std::move(state)) {}
  template <class Register>
  friend Task<void> suspend(Register register_waker);

  std::shared_ptr<State> state_;
};

// `register_waker(Waker)` is called once, after the coroutine is parked; it must not throw. It may wake at once.
template <class Register>
Task<void> suspend(Register register_waker) {
  auto initiate = [&register_waker](auto handler) {
    using Handler = decltype(handler);
    register_waker(Waker(std::make_shared<Waker::HandlerState<Handler>>(std::move(handler))));
  };
  co_await asio::async_initiate<const asio::use_awaitable_t<Executor>, void()>(initiate, use_task);
}

}  // namespace bodega
