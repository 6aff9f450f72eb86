#include "async/task_group.h"

#include <atomic>
#include <exception>

#include <boost/asio/co_spawn.hpp>

#include "async/loop.h"

namespace bodega {

struct TaskGroup::State {
  explicit State(Loop& l) : loop(l) {}
  Loop& loop;
  std::function<void(const std::string&)> on_bug;
  std::atomic<std::size_t> running{0};
  std::atomic<bool> stopping{false};
  Signal changed;
};

TaskGroup::TaskGroup(Loop& loop, std::function<void(const std::string&)> on_bug) : state_(std::make_shared<State>(loop)) {
  state_->on_bug = std::move(on_bug);
}

TaskGroup::~TaskGroup() { request_stop(); }

void TaskGroup::spawn(Task<void> task) {
  state_->running.fetch_add(1);
  asio::co_spawn(state_->loop.executor(), std::move(task), [state = state_](const std::exception_ptr& error) {
    if (error) {
      try {
        std::rethrow_exception(error);
      } catch (const std::exception& e) {
        state->on_bug(e.what());
      }
    }
    state->running.fetch_sub(1);
    state->changed.notify_all();
  });
}

bool TaskGroup::stopping() const { return state_->stopping.load(); }
void TaskGroup::request_stop() { state_->stopping.store(true); }
std::size_t TaskGroup::running() const { return state_->running.load(); }

Task<void> TaskGroup::close() {
  const auto state = state_;
  state->stopping.store(true);
  auto busy = [&state] { return state->running.load() > 0; };
  while (busy()) co_await state->changed.wait(busy);
}

}  // namespace bodega
