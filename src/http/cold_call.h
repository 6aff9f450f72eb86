// A request's way to the home loop and back. The object is shared by both sides, so that either may go first: a connection that is closed,
// or a server that is destroyed, abandons the call, and the handler on the home loop runs to its end into nothing.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "async/loop.h"
#include "async/waker.h"
#include "http/message.h"
#include "http/server.h"

namespace bodega::http {

// The request body as the handler sees it. read() runs on the home loop and asks the front loop for a piece; deliver() brings it.
class BodyPipe final : public RequestBody {
 public:
  // `ask` makes the front loop read one piece and deliver() it; called on the home loop, under the pipe's lock, never after abandon().
  BodyPipe(std::optional<std::uint64_t> length, std::function<void()> ask) : length_(length), ask_(std::move(ask)) {}

  std::optional<std::uint64_t> length() const override { return length_; }
  Task<Result<std::string>> read() override;

  void deliver(Result<std::string> piece);
  // read() gives `cancelled` from now on, also one that waits.
  void abandon();

 private:
  std::optional<std::uint64_t> length_;
  std::function<void()> ask_;
  std::mutex mutex_;
  bool abandoned_ = false;
  Waker reader_;
  std::optional<Result<std::string>> piece_;
};

class ColdCall {
 public:
  ColdCall(Loop& home, Handler& handler) : home_(home), handler_(handler) {}

  Request request;
  std::unique_ptr<BodyPipe> body;

  // On the front loop; resumes there when the handler has ended or the call was abandoned. After abandon() the handler may still be at work
  // on the request: the front loop must not look at it any more.
  static Task<void> run(std::shared_ptr<ColdCall> call);
  // From the front loop's thread, or when that has ended.
  void abandon();

  // After run(), unless abandoned:
  Response response;
  std::string bug;  // text of an exception that left the handler; empty = none

 private:
  static Task<void> at_home(std::shared_ptr<ColdCall> call);
  void finish(Response answer, std::string text);

  Loop& home_;
  Handler& handler_;
  std::mutex mutex_;
  bool abandoned_ = false;
  Waker front_;
};

}  // namespace bodega::http
