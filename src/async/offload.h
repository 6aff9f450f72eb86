// Blocking work (disk, hashing, compression, SQLite reads, argon2) runs on a pool of threads; the coroutine resumes on its own loop.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <type_traits>

#include "async/waker.h"

namespace bodega {

class Pool {
 public:
  virtual ~Pool() = default;
  // Runs `job` some time, on some thread. Jobs must not throw.
  virtual void post(std::function<void()> job) = 0;
  // Jobs posted and not yet begun. For metrics.
  virtual std::size_t queued() const = 0;
};

// `threads` >= 1. The destructor finishes what was posted.
std::unique_ptr<Pool> make_thread_pool(std::size_t threads);
// Runs each job at once on the calling thread. For tests.
std::unique_ptr<Pool> make_inline_pool();

// co_await offload(pool, f): f() runs in the pool; its value comes back. f is a plain function object, never a coroutine; what it refers
// to must live until it has run, which holds for the caller's locals because the caller waits.
template <class F, class R = std::invoke_result_t<F&>>
Task<R> offload(Pool& pool, F f) {
  if constexpr (std::is_void_v<R>) {
    auto start = [&pool, &f](Waker waker) {
      pool.post([&f, waker = std::move(waker)] {
        f();
        waker.wake();
      });
    };
    co_await suspend(std::move(start));
  } else {
    std::optional<R> result;
    auto start = [&pool, &f, &result](Waker waker) {
      pool.post([&f, &result, waker = std::move(waker)] {
        result.emplace(f());
        waker.wake();
      });
    };
    co_await suspend(std::move(start));
    co_return std::move(*result);
  }
}

}  // namespace bodega
