#include "ops/memory_guard.h"

#include <map>

#include <gtest/gtest.h>

namespace bodega::ops {
namespace {

std::optional<std::uint64_t> limit_of(const std::map<std::string, std::string>& files) {
  return memory_limit([&files](const std::string& path) {
    const auto found = files.find(path);
    return found == files.end() ? std::string() : found->second;
  });
}

TEST(MemoryLimit, IsThatOfTheCgroupOrOneAbove) {
  EXPECT_EQ(limit_of({}), std::nullopt);
  EXPECT_EQ(limit_of({{"/proc/self/cgroup", "0::/a/b\n"}, {"/sys/fs/cgroup/a/b/memory.max", "max\n"}}), std::nullopt);
  EXPECT_EQ(
      limit_of({{"/proc/self/cgroup", "0::/a/b\n"}, {"/sys/fs/cgroup/a/b/memory.max", "300\n"}, {"/sys/fs/cgroup/a/memory.max", "200\n"}}),
      200U);
  EXPECT_EQ(limit_of({{"/proc/self/cgroup", "5:cpu,cpuacct:/x\n4:memory:/x\n"},
                      {"/sys/fs/cgroup/memory/x/memory.limit_in_bytes", "134217728\n"}}),
            134217728U);
  EXPECT_EQ(limit_of({{"/proc/self/cgroup", "4:memory:/\n"}, {"/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n"}}),
            std::nullopt);
  EXPECT_EQ(limit_of({{"/proc/self/cgroup", "broken"}}), std::nullopt);
}

TEST(OwnBytes, LeavesOutWhatTheKernelMayDrop) {
  EXPECT_EQ(own_bytes("5000 3000 1000 1 0 9 0\n", 4096), 2000U * 4096);
  EXPECT_EQ(own_bytes("", 4096), 0U);
}

TEST(MemoryGuard, RefusesWhileTooFullAndNoLonger) {
  std::uint64_t own = 70;
  MemoryGuard guard(100, [&own] { return own; });
  MonoTime now{};
  EXPECT_FALSE(guard.refuses(now));
  own = 80;
  EXPECT_FALSE(guard.refuses(now)) << "it does not measure for each request";
  EXPECT_TRUE(guard.refuses(now += std::chrono::seconds(1)));
  own = 50;
  EXPECT_FALSE(guard.refuses(now += std::chrono::seconds(1)));
  EXPECT_EQ(guard.refused(), 1U);
  EXPECT_FALSE(MemoryGuard(std::nullopt, [] { return std::uint64_t{1} << 60; }).refuses(now));
}

}  // namespace
}  // namespace bodega::ops
