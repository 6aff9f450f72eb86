// The owner of background work. A member of the object whose state the tasks use, declared last, so that it goes first.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "async/signal.h"
#include "async/task.h"

namespace bodega {

class Loop;

class TaskGroup {
 public:
  // An exception that leaves a task is a bug; `on_bug` gets its text (log it), the group goes on.
  TaskGroup(Loop& loop, std::function<void(const std::string&)> on_bug);
  // Tasks that still run keep the group's counter alive, but whatever else they refer to must outlive them: call close() first.
  ~TaskGroup();

  // On any thread; the task runs on the group's loop.
  void spawn(Task<void> task);
  // Tasks look at it at their next step and end early.
  bool stopping() const;
  // Sets stopping() and resumes when the last task has ended. On the group's loop.
  Task<void> close();
  void request_stop();
  std::size_t running() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace bodega
