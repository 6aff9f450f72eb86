// A file that grows, ends or fails when the test says so.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "async/file_source.h"
#include "async/signal.h"

namespace bodega::testing {

class LiveFile final : public FileSource {
 public:
  explicit LiveFile(std::optional<std::uint64_t> total = std::nullopt) : fd_(::memfd_create("live", MFD_CLOEXEC)), total_(total) {}
  ~LiveFile() override { ::close(fd_); }
  LiveFile(const LiveFile&) = delete;
  LiveFile& operator=(const LiveFile&) = delete;

  // From the test's thread.
  void grow(std::string_view bytes) {
    {
      const std::lock_guard lock(mutex_);
      if (::pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(available_)) == static_cast<ssize_t>(bytes.size())) {
        available_ += bytes.size();
      }
    }
    changed_.notify_all();
  }
  void end() {
    {
      const std::lock_guard lock(mutex_);
      ended_ = true;
      total_ = available_;
    }
    changed_.notify_all();
  }
  void break_off() {
    {
      const std::lock_guard lock(mutex_);
      broken_ = true;
    }
    changed_.notify_all();
  }
  // The file becomes shorter than it says, as when somebody truncates it.
  void damage(std::uint64_t size) {
    if (::ftruncate(fd_, static_cast<off_t>(size)) != 0) break_off();
  }
  void set_intact(bool intact) {
    const std::lock_guard lock(mutex_);
    intact_ = intact;
  }

  int fd() const override { return fd_; }
  std::optional<std::uint64_t> total() const override {
    const std::lock_guard lock(mutex_);
    return total_;
  }
  std::uint64_t available() const override {
    const std::lock_guard lock(mutex_);
    return available_;
  }
  bool intact() const override {
    const std::lock_guard lock(mutex_);
    return intact_;
  }
  void report_unreadable() const override {
    const std::lock_guard lock(mutex_);
    intact_ = false;
  }
  Task<Result<std::uint64_t>> wait_beyond(std::uint64_t offset) const override {
    auto still = [this, offset] {
      const std::lock_guard lock(mutex_);
      return available_ <= offset && !ended_ && !broken_;
    };
    while (still()) {
      auto waiting = changed_.wait(still);
      co_await std::move(waiting);
    }
    const std::lock_guard lock(mutex_);
    if (available_ > offset) co_return available_;
    if (broken_) co_return fail(Code::upstream_failed, "the upstream died");
    co_return available_;
  }

 private:
  int fd_;
  mutable std::mutex mutex_;
  mutable Signal changed_;
  std::optional<std::uint64_t> total_;
  std::uint64_t available_ = 0;
  bool ended_ = false;
  bool broken_ = false;
  mutable bool intact_ = true;
};

}  // namespace bodega::testing
