#include "async/offload.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <pthread.h>

namespace bodega {
namespace {

class ThreadPool final : public Pool {
 public:
  explicit ThreadPool(std::size_t threads) {
    for (std::size_t i = 0; i < threads; ++i) {
      threads_.emplace_back([this, i] {
        pthread_setname_np(pthread_self(), ("pool-" + std::to_string(i)).c_str());
        work();
      });
    }
  }

  ~ThreadPool() override {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    ready_.notify_all();
    for (auto& thread : threads_) thread.join();
  }

  void post(std::function<void()> job) override {
    {
      const std::lock_guard lock(mutex_);
      jobs_.push_back(std::move(job));
    }
    ready_.notify_one();
  }

  std::size_t queued() const override {
    const std::lock_guard lock(mutex_);
    return jobs_.size();
  }

 private:
  void work() {
    std::unique_lock lock(mutex_);
    for (;;) {
      ready_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
      if (jobs_.empty()) return;
      auto job = std::move(jobs_.front());
      jobs_.pop_front();
      lock.unlock();
      job();
      job = nullptr;  // what it holds must not wait for the next job
      lock.lock();
    }
  }

  mutable std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<std::function<void()>> jobs_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

class InlinePool final : public Pool {
 public:
  void post(std::function<void()> job) override { job(); }
  std::size_t queued() const override { return 0; }
};

}  // namespace

std::unique_ptr<Pool> make_thread_pool(std::size_t threads) { return std::make_unique<ThreadPool>(threads); }
std::unique_ptr<Pool> make_inline_pool() { return std::make_unique<InlinePool>(); }

}  // namespace bodega
