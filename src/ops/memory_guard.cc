#include "ops/memory_guard.h"

#include <algorithm>

#include <unistd.h>

#include "base/file.h"
#include "base/text.h"

namespace bodega::ops {
namespace {

std::string read_file(const std::string& path) { return read_small_file(path).value_or(std::string()); }

// "max" and v1's huge number are no limits.
std::optional<std::uint64_t> limit_in(const std::string& text) {
  constexpr std::uint64_t kNone = 1ULL << 60;
  const auto bytes = parse_u64(trim(text));
  return bytes && *bytes < kNone ? bytes : std::nullopt;
}

// The directory of a cgroup and all above it.
std::optional<std::uint64_t> tightest(const std::function<std::string(const std::string&)>& read, const std::string& root, std::string path,
                                      const std::string& name) {
  std::optional<std::uint64_t> found;
  for (;;) {
    if (const auto limit = limit_in(read(root + path + "/" + name))) found = std::min(found.value_or(*limit), *limit);
    const auto slash = path.rfind('/');
    if (slash == std::string::npos) return found;
    path.resize(slash);
  }
}

}  // namespace

std::optional<std::uint64_t> memory_limit(const std::function<std::string(const std::string& path)>& read) {
  std::optional<std::uint64_t> found;
  const std::string groups = read("/proc/self/cgroup");  // split() points into it
  for (const auto line : split(groups, '\n')) {
    const auto first = line.find(':');
    const auto second = line.find(':', first == std::string_view::npos ? first : first + 1);
    if (second == std::string_view::npos) continue;
    const auto controllers = line.substr(first + 1, second - first - 1);
    std::string path(line.substr(second + 1));
    if (path == "/") path.clear();
    std::optional<std::uint64_t> limit;
    if (controllers.empty()) limit = tightest(read, "/sys/fs/cgroup", path, "memory.max");
    if (controllers == "memory") limit = tightest(read, "/sys/fs/cgroup/memory", path, "memory.limit_in_bytes");
    if (limit) found = std::min(found.value_or(*limit), *limit);
  }
  return found;
}

std::optional<std::uint64_t> memory_limit() { return memory_limit(read_file); }

std::uint64_t own_bytes(std::string_view statm, std::uint64_t page_bytes) {
  const auto fields = split(statm, ' ');  // size resident shared ...
  if (fields.size() < 3) return 0;
  const auto resident = parse_u64(fields[1]).value_or(0);
  const auto shared = parse_u64(fields[2]).value_or(0);
  return (resident - std::min(shared, resident)) * page_bytes;
}

std::uint64_t own_bytes() { return own_bytes(read_file("/proc/self/statm"), static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE))); }

bool too_full(std::uint64_t own, std::uint64_t limit) {
  // A quarter is left for what is under way, its largest page among it, and for the kernel's share (sockets, SQLite's pages).
  return own > limit / 4 * 3;
}

bool MemoryGuard::refuses(MonoTime now) {
  if (!limit_) return false;
  constexpr auto kLookEvery = std::chrono::milliseconds(5);
  if (!looked_ || now - *looked_ >= kLookEvery) {
    looked_ = now;
    full_ = too_full(measure_(), *limit_);
  }
  if (full_) ++refused_;
  return full_;
}

MemoryGuard make_memory_guard() {
  return {memory_limit(), [] { return own_bytes(); }};
}

}  // namespace bodega::ops
