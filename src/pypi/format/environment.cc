#include "pypi/format/environment.h"

#include <algorithm>
#include <tuple>

#include "base/text.h"
#include "pypi/format/filename.h"
#include "pypi/format/json_value.h"

namespace bodega::pypi {
namespace {

// An agent's object is some 400 bytes; what is longer is none of pip's or uv's.
constexpr std::size_t kMaxAgent = 4096;
constexpr int kPure = 0;

// "3.11.2" as 3 and 11.
std::optional<std::pair<int, int>> two_numbers(std::string_view version) {
  const auto parts = split(version, '.');
  if (parts.size() < 2) return std::nullopt;
  const auto major = parse_u64(parts[0]);
  const auto minor = parse_u64(parts[1]);
  if (!major || !minor || *major > 99 || *minor > 999) return std::nullopt;
  return std::pair(static_cast<int>(*major), static_cast<int>(*minor));
}

// Digits behind a prefix: "cp311" is 3 and 11, "py3" is 3 and -1.
std::optional<std::pair<int, int>> tag_version(std::string_view digits) {
  if (digits.empty()) return std::nullopt;
  const auto major = parse_u64(digits.substr(0, 1));
  if (!major) return std::nullopt;
  if (digits.size() == 1) return std::pair(static_cast<int>(*major), -1);
  const auto minor = parse_u64(digits.substr(1));
  if (!minor || *minor > 999) return std::nullopt;
  return std::pair(static_cast<int>(*major), static_cast<int>(*minor));
}

// A CPython's own tag ranks over the stable ABI of an older one, that over pure Python.
std::optional<int> interpreter_rank(std::string_view python, std::string_view abi, std::pair<int, int> wanted) {
  std::optional<int> best;
  for (const auto tag : split(python, '.')) {
    const auto version = tag.size() > 2 ? tag_version(tag.substr(2)) : std::nullopt;
    if (!version || version->first != wanted.first || version->second > wanted.second) continue;
    int rank = -1;
    if (tag.starts_with("cp") && version->second == wanted.second && abi != "none") {
      rank = abi == "abi3" ? 2000 + version->second : 3000;
      if (abi.ends_with("t") && abi != "none") continue;  // free-threaded builds are another interpreter
    } else if (tag.starts_with("cp") && abi == "abi3") {
      rank = 2000 + version->second;
    } else if (tag.starts_with("py") && abi == "none") {
      rank = 1000 + std::max(version->second, 0);
    } else if (tag.starts_with("cp") && abi == "none") {
      rank = 1900;
    }
    if (rank >= 0) best = std::max(best.value_or(rank), rank);
  }
  return best;
}

// manylinux_2_17_x86_64, manylinux2014_x86_64, musllinux_1_2_aarch64, linux_x86_64
std::optional<int> linux_rank(std::string_view tag, const Environment& environment) {
  if (!tag.ends_with("_" + environment.platform_machine)) return std::nullopt;
  std::string_view base = tag.substr(0, tag.size() - environment.platform_machine.size() - 1);
  if (base == "linux") return 1;
  const bool musl = environment.libc == "musl";
  if (base.starts_with("musllinux_")) return musl ? std::optional(2) : std::nullopt;
  if (musl) return std::nullopt;
  if (base == "manylinux1") base = "manylinux_2_5";
  if (base == "manylinux2010") base = "manylinux_2_12";
  if (base == "manylinux2014") base = "manylinux_2_17";
  if (!base.starts_with("manylinux_")) return std::nullopt;
  std::string version(base.substr(10));
  std::replace(version.begin(), version.end(), '_', '.');
  const auto needed = two_numbers(version);
  const auto there = two_numbers(environment.libc_version);
  if (!needed || (there && *needed > *there)) return std::nullopt;
  return 2 + std::min(needed->second, 97);
}

std::optional<int> platform_rank(std::string_view platforms, const Environment& environment) {
  std::optional<int> best;
  for (const auto tag : split(platforms, '.')) {
    std::optional<int> rank;
    if (tag == "any") rank = kPure;
    if (environment.platform_system == "Linux") rank = rank ? rank : linux_rank(tag, environment);
    if (environment.platform_system == "Windows" && tag == "win_amd64" && environment.platform_machine == "AMD64") rank = 2;
    if (environment.platform_system == "Darwin" && tag.starts_with("macosx_")) {
      if (tag.ends_with("_" + environment.platform_machine) || tag.ends_with("_universal2")) rank = 2;
    }
    if (rank) best = std::max(best.value_or(*rank), *rank);
  }
  return best;
}

std::string text_of(const Json& object, std::string_view group, std::string_view key) {
  const auto* inner = object.find(group);
  return inner ? std::string(inner->text(key)) : std::string();
}

}  // namespace

std::string_view Environment::sys_platform() const {
  if (platform_system == "Linux") return "linux";
  if (platform_system == "Darwin") return "darwin";
  return platform_system == "Windows" ? "win32" : "";
}

std::string_view Environment::os_name() const {
  if (platform_system.empty()) return "";
  return platform_system == "Windows" ? "nt" : "posix";
}

std::optional<Environment> environment_of(std::string_view user_agent) {
  const auto brace = user_agent.find('{');
  if (brace == std::string_view::npos || user_agent.size() > kMaxAgent) return std::nullopt;
  const auto json = Json::parse(user_agent.substr(brace));
  if (!json) return std::nullopt;
  Environment out;
  out.python_full_version = json->text("python");
  const auto numbers = two_numbers(out.python_full_version);
  if (!numbers) return std::nullopt;
  out.python_version = std::to_string(numbers->first) + "." + std::to_string(numbers->second);
  out.implementation = text_of(*json, "implementation", "name");
  out.platform_system = text_of(*json, "system", "name");
  out.platform_machine = json->text("cpu");
  if (const auto* distro = json->find("distro")) {
    out.libc = text_of(*distro, "libc", "lib");
    out.libc_version = text_of(*distro, "libc", "version");
  }
  return out;
}

std::optional<int> wheel_rank(std::string_view filename, const Environment& environment) {
  const auto wheel = parse_wheel(filename);
  const auto wanted = two_numbers(environment.python_full_version);
  if (!wheel || !wanted) return std::nullopt;
  const auto interpreter = interpreter_rank(wheel->python, wheel->abi, *wanted);
  const auto platform = platform_rank(wheel->platform, environment);
  if (!interpreter || !platform) return std::nullopt;
  return *interpreter * 100 + *platform;
}

}  // namespace bodega::pypi
