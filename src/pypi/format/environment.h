// The machine an installer works for, as far as its User-Agent tells: pip and uv send a JSON object behind their name and version.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace bodega::pypi {

// The variables of environment markers (PEP 508). Empty = not told.
struct Environment {
  std::string python_version;       // "3.11"
  std::string python_full_version;  // "3.11.2"
  std::string implementation;       // "CPython"
  std::string platform_system;      // "Linux", "Darwin", "Windows"
  std::string platform_machine;     // "x86_64"
  std::string libc;                 // "glibc" or "musl"
  std::string libc_version;         // "2.36"

  std::string_view sys_platform() const;  // "linux", "darwin", "win32"
  std::string_view os_name() const;       // "posix", "nt"
  bool operator==(const Environment&) const = default;
};

// nullopt when the agent does not say which Python it works for.
std::optional<Environment> environment_of(std::string_view user_agent);

// How well a wheel fits: the higher the better, as installers rank tags; nullopt when it does not. An approximation of packaging's tag
// order that needs no list of tags: interpreter, then ABI, then platform.
std::optional<int> wheel_rank(std::string_view filename, const Environment& environment);

}  // namespace bodega::pypi
