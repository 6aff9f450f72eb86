#include "app/give_back.h"

#include <algorithm>

#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ops/memory_guard.h"

namespace bodega::app {
namespace {

constexpr std::uint64_t kWorthIt = 4ULL << 20;
// Stacks, what the loader relocated, and what malloc needs for itself.
constexpr std::uint64_t kBesides = 4ULL << 20;

}  // namespace

void tame_malloc() {
  ::mallopt(M_MMAP_THRESHOLD, 128 * 1024);
  ::mallopt(M_TRIM_THRESHOLD, 256 * 1024);
  ::mallopt(M_ARENA_MAX, 2);
}

void forget_the_start() {
  ::malloc_trim(0);
  const auto forget = [](dl_phdr_info* object, std::size_t, void*) {
    const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
    for (int i = 0; i < object->dlpi_phnum; ++i) {
      const auto& segment = object->dlpi_phdr[i];
      if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0) continue;
      const std::uintptr_t begin = (object->dlpi_addr + segment.p_vaddr) / page * page;
      const std::uintptr_t end = (object->dlpi_addr + segment.p_vaddr + segment.p_memsz + page - 1) / page * page;
      ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
    }
    return 0;
  };
  ::dl_iterate_phdr(forget, nullptr);
}

bool worth_giving_back(std::uint64_t own, std::uint64_t used, std::uint64_t before) {
  return own >= used + kBesides + kWorthIt && own >= before + kWorthIt;
}

Task<void> give_back(Pool& pool, Timers& timers, const Clock& clock) {
  constexpr auto kLookEvery = std::chrono::seconds(5);
  std::uint64_t before = 0;
  for (;;) {
    auto look = [&before] {
      const auto info = ::mallinfo2();
      if (worth_giving_back(ops::own_bytes(), info.uordblks + info.hblkhd, before)) {
        ::malloc_trim(0);
        before = ops::own_bytes();
      }
      before = std::min(before, ops::own_bytes());
    };
    co_await offload(pool, look);
    co_await sleep_until(timers, clock.mono() + kLookEvery);
  }
}

}  // namespace bodega::app
