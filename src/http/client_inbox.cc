#include "http/client_inbox.h"

#include <utility>

namespace bodega::http {

void Inbox::wake_after(std::unique_lock<std::mutex> lock) {
  const Waker waiter = std::exchange(waiter_, Waker());
  lock.unlock();
  waiter.wake();
}

void Inbox::put_head(TransferHead head) {
  std::unique_lock lock(mutex_);
  head_ = std::move(head);
  wake_after(std::move(lock));
}

void Inbox::put(std::string piece) {
  // Small pieces are joined: a thousand bytes that arrive one by one must not cost a thousand strings.
  constexpr std::size_t kSmall = 16 * 1024;
  std::unique_lock lock(mutex_);
  bytes_ += piece.size();
  if (!pieces_.empty() && piece.size() <= kSmall && pieces_.back().size() + piece.size() <= kPiece) {
    pieces_.back() += piece;
  } else {
    pieces_.push_back(std::move(piece));
  }
  wake_after(std::move(lock));
}

bool Inbox::pause_if_full(std::size_t coming) {
  const std::lock_guard lock(mutex_);
  paused_ = paused_ || bytes_ + coming >= limit_;
  return paused_;
}

void Inbox::pause() {
  const std::lock_guard lock(mutex_);
  paused_ = true;
}

bool Inbox::paused() {
  const std::lock_guard lock(mutex_);
  return paused_;
}

void Inbox::finish(std::optional<Error> error) {
  std::unique_lock lock(mutex_);
  if (finished_) return;
  finished_ = true;
  error_ = std::move(error);
  wake_after(std::move(lock));
}

std::optional<Result<TransferHead>> Inbox::try_take_head() {
  const std::lock_guard lock(mutex_);
  if (head_) {
    Result<TransferHead> head = std::move(*head_);
    head_.reset();
    return head;
  }
  if (!finished_) return std::nullopt;
  if (error_) return Result<TransferHead>(fail(*error_));
  return Result<TransferHead>(fail(Code::upstream_failed, "the upstream gave no answer", "protocol: the transfer ended without a head"));
}

std::optional<Result<std::string>> Inbox::try_take() {
  const std::lock_guard lock(mutex_);
  if (pieces_.empty()) {
    if (!finished_) return std::nullopt;
    if (error_) return Result<std::string>(fail(*error_));
    return Result<std::string>(std::string());
  }
  std::string piece = std::move(pieces_.front());
  pieces_.pop_front();
  bytes_ -= piece.size();
  return Result<std::string>(std::move(piece));
}

bool Inbox::ends_pause() {
  const std::lock_guard lock(mutex_);
  if (!paused_ || bytes_ > limit_ / 2) return false;
  paused_ = false;
  return true;
}

void Inbox::park_for_head(Waker waker) {
  std::unique_lock lock(mutex_);
  waiter_ = std::move(waker);
  if (head_ || finished_) wake_after(std::move(lock));
}

void Inbox::park_for_piece(Waker waker) {
  std::unique_lock lock(mutex_);
  waiter_ = std::move(waker);
  if (!pieces_.empty() || finished_) wake_after(std::move(lock));
}

bool Inbox::finished() {
  const std::lock_guard lock(mutex_);
  return finished_;
}

}  // namespace bodega::http
