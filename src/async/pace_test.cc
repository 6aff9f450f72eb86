#include "async/pace.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "base/cpu_time.h"

namespace bodega {
namespace {

using namespace std::chrono_literals;

TEST(Pace, RestsInProportionToItsWorkAndToTheWorkOfOthers) {
  EXPECT_EQ(rest_after_step(1ms, 0), 0ms);
  EXPECT_EQ(rest_after_step(1ms, 0.5), 19500us);
  EXPECT_EQ(rest_after_step(2ms, 1), 78ms);
  EXPECT_EQ(rest_after_step(1ms, 7), 39ms) << "clocks that are read one after the other";
  EXPECT_EQ(rest_after_step(1ms, -1), 0ms);
  EXPECT_EQ(rest_after_step(1h, 1), 100ms) << "who ends the process waits for it";
}

// Processor time of this thread over the time that passed, for `work` of processor time.
double share_of_a_processor(Duration work) {
  Pace pace;
  const auto began = std::chrono::steady_clock::now();
  const auto own_before = thread_cpu_time();
  while (thread_cpu_time() - own_before < work) pace.step();
  return std::chrono::duration<double>(thread_cpu_time() - own_before) /
         std::chrono::duration<double>(std::chrono::steady_clock::now() - began);
}

TEST(Pace, LeavesTheProcessorsToThoseWhoUseThem) {
  std::atomic<bool> stop = false;
  std::vector<std::thread> others;
  for (unsigned i = 0; i < std::max(1U, std::thread::hardware_concurrency()); ++i) {
    others.emplace_back([&stop] {
      while (!stop) continue;
    });
  }
  share_of_a_processor(60ms);  // until it has seen them
  const double share = share_of_a_processor(100ms);
  stop = true;
  for (auto& other : others) other.join();
  EXPECT_LT(share, 0.25);
}

}  // namespace
}  // namespace bodega
