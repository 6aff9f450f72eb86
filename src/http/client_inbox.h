// What one transfer has received and nobody has read yet: the only thing the upstream thread and the home loop share of it. One lock, held
// for a few moves; bounded by `limit` plus one piece.
#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>

#include "async/waker.h"
#include "base/result.h"
#include "http/message.h"

namespace bodega::http {

struct TransferHead {
  int status = 0;
  Headers headers;
  std::optional<std::uint64_t> content_length;
  bool end_is_marked = true;
  bool private_peer = false;  // the address connected to; false behind a proxy
};

class Inbox {
 public:
  // 256 KiB: one write(2) and one hash update of the reader; far above the cost of a hop between threads (10 µs).
  static constexpr std::size_t kPiece = 256 * 1024;

  explicit Inbox(std::size_t limit) : limit_(limit) {}

  // Upstream thread.
  void put_head(TransferHead head);
  void put(std::string piece);  // not empty, at most kPiece
  // True when no more is wanted for now: the reader will ask to go on. `coming` bytes are held by the caller beside what is here.
  bool pause_if_full(std::size_t coming);
  void pause();
  bool paused();
  void finish(std::optional<Error> error);  // once; later calls do nothing

  // Home loop.
  std::optional<Result<TransferHead>> try_take_head();
  std::optional<Result<std::string>> try_take();  // empty: the clean end
  // Whether the transfer was paused and is to go on, because no more than half of `limit` is left. Says so once.
  bool ends_pause();
  // Wakes at the next change, at once if there has been one to look at.
  void park_for_head(Waker waker);
  void park_for_piece(Waker waker);
  bool finished();

 private:
  void wake_after(std::unique_lock<std::mutex> lock);

  const std::size_t limit_;
  std::mutex mutex_;
  std::optional<TransferHead> head_;
  std::deque<std::string> pieces_;
  std::size_t bytes_ = 0;
  bool paused_ = false;
  bool finished_ = false;
  std::optional<Error> error_;
  Waker waiter_;
};

}  // namespace bodega::http
