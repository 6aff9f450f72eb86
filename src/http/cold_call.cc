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
  Response response;
  std::string bug;
  try {
    auto task = call->handler_.handle(call->request);
    response = co_await std::move(task);
  } catch (const std::exception& error) {
    bug = error.what();
    if (bug.empty()) bug = "an exception without text";
  }
  call->finish(std::move(response), std::move(bug));
}

// All of it under the lock: abandon() may only return, and the front loop only go, when nothing here is under way.
void ColdCall::finish(Response answer, std::string text) {
  const std::lock_guard lock(mutex_);
  if (abandoned_) return;
  response = std::move(answer);
  bug = std::move(text);
  front_.wake();
  front_ = Waker();
}

void ColdCall::abandon() {
  if (body) body->abandon();
  const std::lock_guard lock(mutex_);
  abandoned_ = true;
  front_.wake();
  front_ = Waker();
}

}  // namespace bodega::http
