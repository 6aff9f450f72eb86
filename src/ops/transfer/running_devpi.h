// Whether a devpi-server works on a directory right now. As well as can be seen from outside: it leaves no lock and no pid file.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace bodega::ops {

// The process id of one, if there is one that we may see; `proc` is /proc but in tests.
std::optional<std::string> running_devpi(const std::filesystem::path& serverdir, const std::filesystem::path& proc = "/proc");

}  // namespace bodega::ops
