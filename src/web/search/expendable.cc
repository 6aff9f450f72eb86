#include "web/search/expendable.h"

#include <unistd.h>

#include <condition_variable>
#include <cstdlib>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

namespace bodega::web {
namespace {

class Fate {
 public:
  void become(Outcome outcome) {
    const std::lock_guard lock(mutex_);
    outcome_ = outcome;
    known_.notify_one();
  }
  Outcome wait() {
    std::unique_lock lock(mutex_);
    known_.wait(lock, [this] { return outcome_.has_value(); });
    return *outcome_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable known_;
  std::optional<Outcome> outcome_;
};

// What std::terminate() finds: it is told nothing else than the thread that it is called on.
thread_local Fate* fate_of_this_thread = nullptr;

// Installs ours at the first call; the one that was there.
std::terminate_handler handler_before() {
  static const std::terminate_handler before = std::set_terminate([] {
    if (fate_of_this_thread == nullptr) {
      handler_before()();
      std::abort();
    }
    fate_of_this_thread->become(Outcome::given_up);
    for (;;) ::pause();
  });
  return before;
}

}  // namespace

Outcome run_expendable(const std::function<void()>& work) {
  handler_before();
  const auto fate = std::make_shared<Fate>();
  std::thread thread([fate, &work] {
    fate_of_this_thread = fate.get();
    work();
    fate_of_this_thread = nullptr;
    fate->become(Outcome::finished);
  });
  const Outcome outcome = fate->wait();
  if (outcome == Outcome::finished) thread.join();
  if (outcome == Outcome::given_up) thread.detach();
  return outcome;
}

}  // namespace bodega::web
