// One file on its way in, and who follows it. Internal to cache/artifacts.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "async/signal.h"
#include "cache/artifacts.h"
#include "http/client.h"
#include "store/live_blob.h"

namespace bodega::cache {

// How far each follower of a fill has come. Followers live on front loops; thread-safe.
class Followers {
 public:
  using Id = std::uint64_t;
  Id enter() {
    const std::lock_guard lock(mutex_);
    at_[++last_] = 0;
    return last_;
  }
  void leave(Id id) {
    {
      const std::lock_guard lock(mutex_);
      at_.erase(id);
    }
    moved_.notify_all();
  }
  void at(Id id, std::uint64_t offset) {
    {
      const std::lock_guard lock(mutex_);
      auto& here = at_[id];
      if (offset <= here) return;
      here = offset;
    }
    moved_.notify_all();
  }
  bool none() const {
    const std::lock_guard lock(mutex_);
    return at_.empty();
  }
  // Where the slowest of them stands; nullopt: nobody follows.
  std::optional<std::uint64_t> slowest() const {
    const std::lock_guard lock(mutex_);
    if (at_.empty()) return std::nullopt;
    return std::min_element(at_.begin(), at_.end(), [](const auto& a, const auto& b) { return a.second < b.second; })->second;
  }
  // Notified when one of them moves on or leaves.
  Signal& moved() { return moved_; }

 private:
  mutable std::mutex mutex_;
  std::unordered_map<Id, std::uint64_t> at_;
  Id last_ = 0;
  Signal moved_;
};

// Where the bytes of a file will lie, made while its upstream is asked for them.
struct Place {
  std::uint64_t size = 0;                                            // there is room for so many
  std::optional<Result<std::unique_ptr<store::BlobWriter>>> writer;  // null: there is not
  Signal ready;
};

// The table holds it until it has ended; askers hold it while they read.
struct Artifacts::Fill {
  std::optional<Result<Artifact>> opened;  // set once: what askers get, or why not. A live one has no source; each asker makes its own
  std::optional<Result<Artifact>> ended;   // set last: the whole file, or why there is none
  Signal ready;
  Place place;
  std::shared_ptr<store::LiveBlob> live;
  std::atomic<int> readers{0};  // followers, and those who wait for the whole file
  Followers followers;
  bool passing = false;         // nothing is kept: there is no space. It goes at the pace of the slowest follower
  std::uint64_t forgotten = 0;  // of one that passes: what lies before this is gone
  std::unique_ptr<http::FetchBody> body;
  std::optional<std::uint64_t> total;
  std::string etag;
  std::uint64_t skip = 0;  // bytes of a restarted transfer that are there already

  bool has_its_start() const { return forgotten == 0; }
  void open(Result<Artifact> result) {
    if (!opened) opened.emplace(std::move(result));
    ready.notify_all();
  }
  void end(Result<Artifact> result) {
    ended.emplace(result);
    open(std::move(result));
  }
};

// One who waits for the whole file. Counted for as long as it lives.
template <class Fill>
class Seat {
 public:
  explicit Seat(std::shared_ptr<Fill> fill) : fill_(std::move(fill)) { fill_->readers.fetch_add(1); }
  ~Seat() { fill_->readers.fetch_sub(1); }
  Seat(const Seat&) = delete;
  Seat& operator=(const Seat&) = delete;

 private:
  std::shared_ptr<Fill> fill_;
};

// What one follower reads. One reader, from its first offset on and never back: the fill may forget what lies behind it.
template <class Fill>
class Following final : public FileSource {
 public:
  explicit Following(std::shared_ptr<Fill> fill) : fill_(std::move(fill)), id_(fill_->followers.enter()) { fill_->readers.fetch_add(1); }
  ~Following() override {
    fill_->readers.fetch_sub(1);
    fill_->followers.leave(id_);
  }
  Following(const Following&) = delete;
  Following& operator=(const Following&) = delete;

  int fd() const override { return in_tail_ ? live().tail_fd() : live().fd(); }
  std::optional<std::uint64_t> total() const override { return live().total(); }
  std::uint64_t available() const override {
    const auto available = live().available();  // first: what is told of here may lie in the tail already
    return in_tail_ ? available : std::min(available, live().tail_begin());
  }
  Task<Result<std::uint64_t>> wait_beyond(std::uint64_t offset) const override {
    fill_->followers.at(id_, offset);
    auto waiting = live().wait_beyond(offset);
    auto grown = co_await std::move(waiting);
    if (!grown) co_return grown;
    if (offset >= live().tail_begin()) in_tail_ = true;
    co_return in_tail_ ? *grown : std::min(*grown, live().tail_begin());
  }

 private:
  const store::LiveBlob& live() const { return *fill_->live; }
  std::shared_ptr<Fill> fill_;
  const Followers::Id id_;
  mutable bool in_tail_ = false;  // its reader's own thread
};

}  // namespace bodega::cache
