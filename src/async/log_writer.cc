#include "async/log_writer.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

namespace bodega {
namespace {

// When poll() says that a pipe can be written, at least this much fits (POSIX: PIPE_BUF), so a write of it never blocks.
constexpr std::size_t kPiece = 4096;
// How often a writer that waits for its target looks whether it should end.
constexpr int kLookMs = 50;

bool is_regular_file(int fd) {
  struct stat status {};
  return fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
}

class Writer final : public LogWriter {
 public:
  Writer(LogWriterOptions options, const Clock& clock)
      : options_(options), level_(options.level), clock_(clock), never_blocks_(is_regular_file(options.fd)) {
    filling_.reserve(64 * 1024);
    thread_ = std::thread([this] { run(); });
  }

  ~Writer() override {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
      give_up_ = std::chrono::steady_clock::now() + options_.last_wait;  // not clock_: a manual clock would never come there
    }
    work_.notify_one();
    thread_.join();
  }

  bool wants(LogLevel level) const override { return level >= level_.load(std::memory_order_relaxed); }
  void set_level(LogLevel level) override { level_.store(level, std::memory_order_relaxed); }
  bool json() const override { return options_.format == LogFormat::json; }

  void write(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) override {
    if (!wants(level)) return;
    std::string line;
    line.reserve(256);
    format_event(line, options_.format, clock_.wall(), level, event, std::span(fields.begin(), fields.size()));
    write_line(line);
  }

  void write_line(std::string_view line) override {
    bool wake = false;
    {
      const std::lock_guard lock(mutex_);
      if (filling_.size() + line.size() + 1 > options_.buffer_bytes) {
        dropped_.fetch_add(1, std::memory_order_relaxed);
        ++dropped_unsaid_;
        return;
      }
      const std::size_t before = filling_.size();
      filling_ += line;
      filling_ += '\n';
      // The first line starts the gathering, a half-full buffer ends it early.
      const std::size_t half = options_.buffer_bytes / 2;
      wake = before == 0 || (before < half && filling_.size() >= half);
    }
    if (wake) work_.notify_one();
  }

  void flush() override {
    std::unique_lock lock(mutex_);
    flush_wanted_ = true;
    work_.notify_one();
    idle_.wait_for(lock, options_.last_wait, [this] { return filling_.empty() && !writing_; });
    flush_wanted_ = false;
  }

  std::uint64_t dropped() const override { return dropped_.load(std::memory_order_relaxed); }

 private:
  void run() {
    block_signals();
    std::string out;
    std::unique_lock lock(mutex_);
    for (;;) {
      work_.wait(lock, [this] { return stopping_ || !filling_.empty(); });
      if (filling_.empty()) return;  // stopping, and all is written
      const auto enough = [this] { return stopping_ || flush_wanted_ || filling_.size() >= options_.buffer_bytes / 2; };
      work_.wait_for(lock, options_.gather, enough);
      out.clear();
      std::swap(out, filling_);
      const std::uint64_t lost = std::exchange(dropped_unsaid_, 0);
      writing_ = true;
      lock.unlock();
      if (lost > 0) say_lost(out, lost);
      const std::uint64_t unwritten = put(out);
      lock.lock();
      dropped_unsaid_ += unwritten;
      writing_ = false;
      if (filling_.empty()) idle_.notify_all();
    }
  }

  // Signals are for the threads that wait for them; SIGPIPE of a log reader that went away must not end the server.
  static void block_signals() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
    pthread_setname_np(pthread_self(), "log");
  }

  void say_lost(std::string& out, std::uint64_t lost) const {
    const LogField field{"lines", lost};
    format_event(out, options_.format, clock_.wall(), LogLevel::warning, "log.dropped", std::span(&field, 1));
    out += '\n';
  }

  // Writes all of it, or gives up when the target is broken or the end has come. How many lines were lost that way.
  std::uint64_t put(std::string_view bytes) {
    while (!bytes.empty()) {
      const std::size_t piece = never_blocks_ ? bytes.size() : std::min(bytes.size(), kPiece);
      const bool ready = never_blocks_ || wait_writable();
      const ssize_t count = ready ? ::write(options_.fd, bytes.data(), piece) : -1;
      if (count > 0) {
        bytes.remove_prefix(static_cast<std::size_t>(count));
      } else if (!ready || (errno != EINTR && errno != EAGAIN)) {
        const auto lost = static_cast<std::uint64_t>(std::count(bytes.begin(), bytes.end(), '\n'));
        dropped_.fetch_add(lost, std::memory_order_relaxed);
        return lost;
      }
    }
    return 0;
  }

  bool wait_writable() {
    for (;;) {
      pollfd target{options_.fd, POLLOUT, 0};
      if (poll(&target, 1, kLookMs) != 0) return true;  // writable, or broken, which write() will say
      const std::lock_guard lock(mutex_);
      if (stopping_ && std::chrono::steady_clock::now() >= give_up_) return false;
    }
  }

  const LogWriterOptions options_;
  std::atomic<LogLevel> level_;
  const Clock& clock_;
  const bool never_blocks_;
  std::mutex mutex_;
  std::condition_variable work_;
  std::condition_variable idle_;
  std::string filling_;  // guarded by mutex_, as are the next ones
  std::uint64_t dropped_unsaid_ = 0;
  bool writing_ = false;
  bool flush_wanted_ = false;
  bool stopping_ = false;
  std::chrono::steady_clock::time_point give_up_{};
  std::atomic<std::uint64_t> dropped_{0};
  std::thread thread_;
};

}  // namespace

std::unique_ptr<LogWriter> make_log_writer(LogWriterOptions options, const Clock& clock) {
  return std::make_unique<Writer>(options, clock);
}

}  // namespace bodega
