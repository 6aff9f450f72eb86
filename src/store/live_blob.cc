#include "store/live_blob.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"
#include "base/text.h"

namespace bodega::store {

LiveBlob::LiveBlob(std::unique_ptr<BlobWriter> writer, Expected expected) : writer_(std::move(writer)), expected_(std::move(expected)) {
  if (!expected_.other_algorithm.empty()) other_hasher_ = Hasher::make(expected_.other_algorithm);
  tail_.store(writer_->tail());
}

// What may be seen while the digest is not yet confirmed. A known length lets readers have everything but the last block at once.
std::uint64_t LiveBlob::visible_of(std::uint64_t written) const {
  if (!expected_.size) return written - std::min(written, kHoldBack);
  return std::min(written, *expected_.size - std::min(*expected_.size, kHoldBack));
}

Result<void> LiveBlob::append(std::string_view bytes) {
  if (ended()) return fail(error().value_or(Error{Code::io, "this file is finished", {}, {}}));
  const std::uint64_t before = written_.load(std::memory_order_relaxed);
  if (expected_.size && bytes.size() > *expected_.size - before) {
    abandon({Code::too_large, fmt::format("more bytes arrived than the {} that were announced", *expected_.size), {}, {}});
    return fail(*error());
  }
  BODEGA_TRY_VOID(writer_->append(bytes));
  if (other_hasher_) other_hasher_->update(bytes);
  const std::uint64_t written = before + bytes.size();
  written_.store(written, std::memory_order_release);
  const std::uint64_t visible = visible_of(written);
  if (visible > available_.load(std::memory_order_relaxed)) {
    available_.store(visible, std::memory_order_release);
    changed_.notify_all();
  }
  return {};
}

Result<void> LiveBlob::pass_on() {
  if (ended()) return fail(error().value_or(Error{Code::io, "this file is finished", {}, {}}));
  BODEGA_TRY_VOID(writer_->pass_on(available()));
  tail_.store(writer_->tail(), std::memory_order_release);
  return {};
}

void LiveBlob::forget_before(std::uint64_t offset) {
  if (auto* const tail = tail_.load(std::memory_order_acquire)) tail->forget_before(offset);
}

Result<void> LiveBlob::verify() {
  const std::uint64_t written = written_.load(std::memory_order_relaxed);
  if (expected_.size && written != *expected_.size) {
    return fail(Code::corrupt, fmt::format("only {} of {} bytes arrived", written, *expected_.size));
  }
  const Digest digest = writer_->finish_digest();
  if (expected_.sha256 && digest != *expected_.sha256) {
    return fail(Code::corrupt, fmt::format("sha256 is {} and should be {}", digest.hex(), expected_.sha256->hex()));
  }
  if (expected_.other_algorithm.empty()) return {};
  if (!other_hasher_) {
    if (expected_.sha256) return {};
    return fail(Code::corrupt, "the only digest is of an unknown kind", expected_.other_algorithm);
  }
  const std::string hex = other_hasher_->finish_hex();
  if (iequals(hex, expected_.other_hex)) return {};
  return fail(Code::corrupt, fmt::format("{} is {} and should be {}", expected_.other_algorithm, hex, expected_.other_hex));
}

Result<Digest> LiveBlob::seal() {
  if (ended()) return fail(error().value_or(Error{Code::io, "this file is finished", {}, {}}));
  if (auto outcome = verify(); !outcome) {
    abandon(outcome.error());
    return fail(std::move(outcome).error());
  }
  available_.store(written_.load(std::memory_order_relaxed), std::memory_order_release);
  ended_.store(true, std::memory_order_release);
  changed_.notify_all();
  return writer_->finish_digest();
}

Result<std::shared_ptr<const Blob>> LiveBlob::finish() {
  BODEGA_TRY_VOID(seal());
  return commit();
}

void LiveBlob::abandon(Error error) {
  if (ended()) return;
  {
    const std::lock_guard lock(mutex_);
    error_ = std::move(error);
  }
  ended_.store(true, std::memory_order_release);
  changed_.notify_all();
  // Now and here, on a thread that may block; the last reader to let go is on a front loop.
  writer_->discard();
}

std::optional<Error> LiveBlob::error() const {
  const std::lock_guard lock(mutex_);
  return error_;
}

int LiveBlob::fd() const { return writer_->fd(); }

std::uint64_t LiveBlob::tail_begin() const {
  const auto* const tail = tail_.load(std::memory_order_acquire);
  return tail == nullptr ? UINT64_MAX : tail->begin();
}

int LiveBlob::tail_fd() const {
  const auto* const tail = tail_.load(std::memory_order_acquire);
  return tail == nullptr ? fd() : tail->fd();
}

std::optional<std::uint64_t> LiveBlob::total() const {
  if (expected_.size) return expected_.size;
  if (ended() && !error()) return available();
  return std::nullopt;
}

Task<Result<std::uint64_t>> LiveBlob::wait_beyond(std::uint64_t offset) const {
  auto nothing_new = [this, offset] { return !ended() && available() <= offset; };
  for (;;) {
    const bool at_end = ended();
    const std::uint64_t now = available();
    if (at_end) {
      auto failed = error();
      if (failed) co_return fail(std::move(*failed));
      co_return now;
    }
    if (now > offset) co_return now;
    co_await changed_.wait(nothing_new);
  }
}

}  // namespace bodega::store
