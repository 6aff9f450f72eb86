// Says no to new work before the system's limit ends the process: a request that is told to come back in a second is better than all of
// them lost. Home loop only.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace bodega::ops {

// The limit of the process's memory cgroup (v2 or v1), the tightest one on the way up; nullopt: none. `read` gives a file's content, ""
// when there is none. Pure but for that.
std::optional<std::uint64_t> memory_limit(const std::function<std::string(const std::string& path)>& read);
std::optional<std::uint64_t> memory_limit();  // of this process
// From the content of /proc/self/statm: what is the process's own and cannot be dropped, in bytes. Pure.
std::uint64_t own_bytes(std::string_view statm, std::uint64_t page_bytes);
std::uint64_t own_bytes();  // of this process
// Whether `own` bytes leave too little of `limit` for the requests that are under way. Pure.
bool too_full(std::uint64_t own, std::uint64_t limit);

class MemoryGuard {
 public:
  // No limit: never refuses. `measure` gives own_bytes().
  MemoryGuard(std::optional<std::uint64_t> limit, std::function<std::uint64_t()> measure) : limit_(limit), measure_(std::move(measure)) {}
  // Whether a new request is to be refused. Measures now and then only.
  bool refuses(MonoTime now);
  std::uint64_t refused() const { return refused_; }

 private:
  const std::optional<std::uint64_t> limit_;
  const std::function<std::uint64_t()> measure_;
  std::optional<MonoTime> looked_;
  bool full_ = false;
  std::uint64_t refused_ = 0;
};

// With the limit and the memory of this process.
MemoryGuard make_memory_guard();

}  // namespace bodega::ops
