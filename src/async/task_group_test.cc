#include "async/task_group.h"

#include <optional>
#include <stdexcept>
#include <vector>

#include <gtest/gtest.h>
#include <boost/asio/detached.hpp>

#include "async/loop.h"

namespace bodega {
namespace {

Task<void> until_opened(Signal& changed, const bool& open, int& ended) {
  auto closed = [&open] { return !open; };
  while (closed()) co_await changed.wait(closed);
  ++ended;
}

Task<void> until_stopping(TaskGroup& group, Signal& tick, int& steps) {
  auto always = [] { return true; };
  while (!group.stopping()) {
    ++steps;
    co_await tick.wait(always);
  }
}

Task<void> throws() {
  throw std::runtime_error("a bug");
  co_return;
}

Task<void> close(TaskGroup& group, bool& closed) {
  co_await group.close();
  closed = true;
}

struct TaskGroupTest : ::testing::Test {
  Loop loop{"test"};
  std::vector<std::string> bugs;
  TaskGroup group{loop, [this](const std::string& bug) { bugs.push_back(bug); }};
  Signal changed;
  bool open = false;
  int ended = 0;
  bool closed = false;

  void run() {
    while (loop.poll() > 0) {
    }
  }
  void begin_close() {
    asio::co_spawn(loop.executor(), close(group, closed), asio::detached);
    run();
  }
  void let_go() {
    open = true;
    changed.notify_all();
    run();
  }
};

TEST_F(TaskGroupTest, CloseWaitsForTheLastTask) {
  for (int i = 0; i < 3; ++i) group.spawn(until_opened(changed, open, ended));
  run();
  EXPECT_EQ(group.running(), 3U);
  EXPECT_FALSE(group.stopping());
  begin_close();
  EXPECT_TRUE(group.stopping());
  EXPECT_FALSE(closed);
  let_go();
  EXPECT_EQ(ended, 3);
  EXPECT_EQ(group.running(), 0U);
  EXPECT_TRUE(closed);
}

TEST_F(TaskGroupTest, AnEmptyGroupClosesAtOnce) {
  begin_close();
  EXPECT_TRUE(closed);
}

TEST_F(TaskGroupTest, TasksSeeThatTheyShouldStop) {
  int steps = 0;
  group.spawn(until_stopping(group, changed, steps));
  run();
  changed.notify_all();
  run();
  EXPECT_EQ(steps, 2);
  group.request_stop();
  changed.notify_all();
  run();
  EXPECT_EQ(steps, 2);
  EXPECT_EQ(group.running(), 0U);
}

TEST_F(TaskGroupTest, ABugInOneTaskIsReportedAndTheOthersGoOn) {
  group.spawn(until_opened(changed, open, ended));
  group.spawn(throws());
  run();
  EXPECT_EQ(bugs, std::vector<std::string>{"a bug"});
  EXPECT_EQ(group.running(), 1U);
  let_go();
  EXPECT_EQ(ended, 1);
}

TEST_F(TaskGroupTest, TasksMayOutliveTheGroupObject) {
  std::optional<TaskGroup> shortlived(std::in_place, loop, [](const std::string&) {});
  shortlived->spawn(until_opened(changed, open, ended));
  run();
  shortlived.reset();
  let_go();
  EXPECT_EQ(ended, 1);
}

}  // namespace
}  // namespace bodega
