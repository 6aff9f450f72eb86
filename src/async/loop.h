// A loop is one thread that runs an io_context. Front loops own connections; the one home loop owns all mutable domain state.
#pragma once

#include <string>
#include <thread>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include "async/task.h"

namespace bodega {

class Loop {
 public:
  explicit Loop(std::string name);
  // stop() and join() if still running. Coroutines that never finished are destroyed with the io_context.
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  void start();  // runs the loop on a thread of its own, named for debuggers
  void stop();   // makes run() return soon; from any thread
  void join();
  // Runs what is ready on the calling thread without waiting, and says how much that was. For tests, which never call start().
  std::size_t poll();

  asio::io_context& context() { return context_; }
  Executor executor() { return context_.get_executor(); }
  // True on the thread that runs the loop. Doors of loop-owned state check it.
  bool here() const { return context_.get_executor().running_in_this_thread(); }
  template <class F>
  void post(F f) {
    asio::post(context_, std::move(f));
  }

 private:
  std::string name_;
  mutable asio::io_context context_{1};
  asio::executor_work_guard<Executor> work_;
  std::thread thread_;
};

// Runs `task` on `loop` and resumes on the caller's own loop with its result. Exceptions travel too.
template <class T>
Task<T> on(Loop& loop, Task<T> task) {
  return asio::co_spawn(loop.executor(), std::move(task), use_task);
}

}  // namespace bodega
