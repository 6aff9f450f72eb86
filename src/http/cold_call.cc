#include "http/cold_call.h"

#include <exception>
#include <utility>

namespace bodega::http {

Task<Result<std::string>> BodyPipe::read() {
  auto ask = [this](Waker waker) {
    const std::lock_guard lock(mutex_);
    piece_.reset();
    if (abandoned_) {
      waker.wake();
      return;
    }
    reader_ = std::move(waker);
    ask_();
  };
  co_await suspend(std::move(ask));
  const std::lock_guard lock(mutex_);
  reader_ = Waker();
  if (!piece_) co_return fail(Code::cancelled, "the request's body was cut off");
  co_return std::move(*piece_);
}

void BodyPipe::deliver(Result<std::string> piece) {
  const std::lock_guard lock(mutex_);
  if (abandoned_) return;
  piece_.emplace(std::move(piece));
  reader_.wake();
}

void BodyPipe::abandon() {
  const std::lock_guard lock(mutex_);
  abandoned_ = true;
  reader_.wake();
}

Task<void> ColdCall::run(std::shared_ptr<ColdCall> call) {
  auto start = [&call](Waker waker) {
    {
      const std::lock_guard lock(call->mutex_);
      call->front_ = std::move(waker);
    }
    asio::co_spawn(call->home_.executor(), at_home(call), [](const std::exception_ptr&) {});  // at_home() lets none out
  };
  co_await suspend(std::move(start));
}

Task<void> ColdCall::at_home(std::shared_ptr<ColdCall> call) {
  try {
    auto task = call->handler_.handle(call->request);
    call->response = co_await std::move(task);
  } catch (const std::exception& error) {
    call->bug = error.what();
    if (call->bug.empty()) call->bug = "an exception without text";
  }
  call->finish();
}

// Woken under the lock: abandon() may only return, and the front loop only go, when no wake is under way.
void ColdCall::finish() {
  const std::lock_guard lock(mutex_);
  if (!abandoned_) front_.wake();
  front_ = Waker();
}

void ColdCall::abandon() {
  if (body) body->abandon();
  const std::lock_guard lock(mutex_);
  abandoned_ = true;
  front_.wake();
  front_ = Waker();
}

bool ColdCall::abandoned() const {
  const std::lock_guard lock(mutex_);
  return abandoned_;
}

}  // namespace bodega::http
