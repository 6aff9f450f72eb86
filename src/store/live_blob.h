// A blob that readers follow while it is being written: one writer, any number of readers on any loops, each at its own pace from the
// page cache. The last block is held back until length and digest agree, so no reader ever has a complete wrong file in hand.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "async/file_source.h"
#include "async/signal.h"
#include "base/digest.h"
#include "store/blob_store.h"
#include "store/memory_tail.h"

namespace bodega::store {

// What the arriving bytes must agree with. With neither digest the announced length is all there is to check.
struct Expected {
  std::optional<std::uint64_t> size;
  std::optional<Digest> sha256;
  std::string other_algorithm;  // a Hasher name, when the page gives no sha256
  std::string other_hex;
};

// shared_ptr: the flight that writes and every response that reads hold it; whoever is last closes the file.
class LiveBlob final : public FileSource {
 public:
  // Bytes kept back until the end is verified. One TLS record and one socket buffer of a slow client fit many times into it; a smaller
  // one would let curl-like clients see all but a few bytes of a wrong file.
  static constexpr std::uint64_t kHoldBack = 64 * 1024;

  LiveBlob(std::unique_ptr<BlobWriter> writer, Expected expected);

  // Writer side; blocks, one thread at a time.
  // too_large when more than expected.size arrives; the blob has then failed. After another error only pass_on() and abandon().
  Result<void> append(std::string_view bytes);
  // After append() failed because the disk would not take it: the rest goes through memory and nothing will be kept. Append the same again.
  Result<void> pass_on();
  // Of one that passes: every reader is past `offset`, and nobody new will begin before it.
  void forget_before(std::uint64_t offset);
  // Checks length and digest and shows readers the rest. corrupt when anything disagrees; the blob has then failed. The digest of all.
  Result<Digest> seal();
  // After seal(), once. When it fails, readers still get the whole right file: they need not wait for the disk.
  Result<std::shared_ptr<const Blob>> commit() { return writer_->commit(); }
  // Both.
  Result<std::shared_ptr<const Blob>> finish();
  // Ends it for all readers; idempotent, after finish() without effect. Whoever writes must end with finish() or abandon(): readers wait.
  void abandon(Error error);
  std::uint64_t written() const { return written_.load(std::memory_order_acquire); }

  // Reader side; any thread. fd() is good up to tail_begin(), tail_fd() from there on.
  int fd() const override;
  std::uint64_t tail_begin() const;  // UINT64_MAX: everything is in fd()
  int tail_fd() const;
  std::optional<std::uint64_t> total() const override;  // the expected size, or the true one at the end
  std::uint64_t available() const override { return available_.load(std::memory_order_acquire); }
  Task<Result<std::uint64_t>> wait_beyond(std::uint64_t offset) const override;
  bool ended() const { return ended_.load(std::memory_order_acquire); }

 private:
  std::uint64_t visible_of(std::uint64_t written) const;
  Result<void> verify();
  std::optional<Error> error() const;

  std::unique_ptr<BlobWriter> writer_;  // kept to the end: it owns the descriptor that readers use
  const Expected expected_;
  std::optional<Hasher> other_hasher_;
  std::atomic<std::uint64_t> written_{0};
  std::atomic<MemoryTail*> tail_{nullptr};  // the writer's
  // Order: the writer stores available_ and error_ first, then ended_; readers load ended_ first. So an end never shows without its bytes.
  std::atomic<std::uint64_t> available_{0};
  std::atomic<bool> ended_{false};
  mutable std::mutex mutex_;  // guards error_; never held across a suspension
  std::optional<Error> error_;
  mutable Signal changed_;
};

}  // namespace bodega::store
