#include "access/gate.h"

namespace bodega::access {

Task<Result<Gate::Pass>> Gate::enter() {
  if (free_ > 0) {
    --free_;
    co_return Pass(*this);
  }
  if (waiters_.size() >= max_waiting_) {
    Error error{Code::busy, "The server is busy; try again.", "gate", std::chrono::seconds(1)};
    co_return fail(std::move(error));
  }
  auto waiter = std::make_shared<Waiter>();
  waiters_.push_back(waiter);
  auto park = [&waiter](Waker waker) {
    if (waiter->admitted) {
      waker.wake();
    } else {
      waiter->waker = std::move(waker);
    }
  };
  co_await suspend(std::move(park));
  if (!waiter->admitted) {
    // Woken by the end of the loop, not by a pass.
    std::erase(waiters_, waiter);
    co_return fail(Code::cancelled, "The server is stopping.");
  }
  co_return Pass(*this);
}

void Gate::leave() {
  if (waiters_.empty()) {
    ++free_;
    return;
  }
  // The place is handed over, never free in between: nobody overtakes.
  auto next = std::move(waiters_.front());
  waiters_.pop_front();
  next->admitted = true;
  next->waker.wake();
}

}  // namespace bodega::access
