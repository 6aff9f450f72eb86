#include "async/offload.h"

#include <atomic>
#include <memory>
#include <string>
#include <thread>

#include <gtest/gtest.h>
#include <boost/asio/detached.hpp>

#include "async/loop.h"

namespace bodega {
namespace {

Task<void> compute(Pool& pool, Loop& loop, std::thread::id& ran_on, std::string& result) {
  auto job = [&ran_on] {
    ran_on = std::this_thread::get_id();
    return std::make_unique<std::string>("made in the pool");
  };
  const auto made = co_await offload(pool, std::move(job));
  EXPECT_TRUE(loop.here());
  result = *made;
}

Task<void> count_up(Pool& pool, std::atomic<int>& count) {
  auto job = [&count] { ++count; };
  co_await offload(pool, std::move(job));
}

TEST(Offload, RunsElsewhereAndComesBackWithAValue) {
  const auto pool = make_thread_pool(2);
  Loop loop("test");
  std::thread::id ran_on;
  std::string result;
  asio::co_spawn(loop.executor(), compute(*pool, loop, ran_on, result), asio::detached);
  while (result.empty()) {
    loop.poll();
    std::this_thread::yield();
  }
  EXPECT_EQ(result, "made in the pool");
  EXPECT_NE(ran_on, std::this_thread::get_id());
}

TEST(Offload, TheInlinePoolNeedsNoThread) {
  const auto pool = make_inline_pool();
  Loop loop("test");
  std::thread::id ran_on;
  std::string result;
  asio::co_spawn(loop.executor(), compute(*pool, loop, ran_on, result), asio::detached);
  while (loop.poll() > 0) {
  }
  EXPECT_EQ(result, "made in the pool");
  EXPECT_EQ(ran_on, std::this_thread::get_id());
}

TEST(Offload, ManyTasksShareAFewThreads) {
  const auto pool = make_thread_pool(2);
  Loop loop("test");
  std::atomic<int> count{0};
  int ended = 0;
  for (int i = 0; i < 500; ++i) asio::co_spawn(loop.executor(), count_up(*pool, count), [&ended](const std::exception_ptr&) { ++ended; });
  while (ended < 500) {
    loop.poll();
    std::this_thread::yield();
  }
  EXPECT_EQ(count.load(), 500);
  EXPECT_EQ(pool->queued(), 0U);
}

TEST(ThreadPool, ItsDestructorFinishesWhatWasPosted) {
  std::atomic<int> count{0};
  {
    const auto pool = make_thread_pool(1);
    for (int i = 0; i < 100; ++i) pool->post([&count] { ++count; });
  }
  EXPECT_EQ(count.load(), 100);
}

TEST(ThreadPool, AJobIsDestroyedBeforeTheNextBegins) {
  const auto pool = make_thread_pool(1);
  std::atomic<bool> released{false};
  std::atomic<bool> done{false};
  {
    auto only = std::make_shared<int>(1);
    const std::weak_ptr<int> weak = only;
    pool->post([only = std::move(only)] {});
    pool->post([weak, &released, &done] {
      released = weak.expired();
      done = true;
    });
  }
  while (!done.load()) std::this_thread::yield();
  EXPECT_TRUE(released.load());
}

}  // namespace
}  // namespace bodega
