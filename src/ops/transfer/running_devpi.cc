#include "ops/transfer/running_devpi.h"

#include <algorithm>
#include <system_error>
#include <vector>

#include "base/file.h"
#include "base/text.h"

namespace bodega::ops {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> arguments_of(const fs::path& process) {
  const auto text = read_small_file(process / "cmdline").value_or(std::string());  // of a process that has just ended nothing can be read
  std::vector<std::string> out;
  for (const auto part : split(text, '\0')) out.emplace_back(part);
  return out;
}

bool is_devpi_server(const std::vector<std::string>& arguments) {
  // "python /usr/bin/devpi-server ..." or "python -m devpi_server ..."
  return std::any_of(arguments.begin(), arguments.begin() + std::min<std::ptrdiff_t>(4, std::ssize(arguments)), [](const auto& argument) {
    const auto name = fs::path(argument).filename().string();
    return name == "devpi-server" || name == "devpi_server";
  });
}

bool is_at_or_below(const fs::path& path, const fs::path& directory) {
  const auto relative = path.lexically_relative(directory);
  return !relative.empty() && *relative.begin() != "..";
}

bool names_directory(const std::vector<std::string>& arguments, const fs::path& process, const fs::path& directory) {
  constexpr std::string_view kFlag = "--serverdir";
  std::error_code ignored;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const auto& argument = arguments[i];
    fs::path named;
    if (argument == kFlag && i + 1 < arguments.size()) named = arguments[i + 1];
    if (argument.starts_with(std::string(kFlag) + "=")) named = argument.substr(kFlag.size() + 1);
    if (named.empty()) continue;
    if (named.is_relative()) named = fs::read_symlink(process / "cwd", ignored) / named;
    if (fs::weakly_canonical(named, ignored) == directory) return true;
  }
  return false;
}

bool has_open(const fs::path& process, const fs::path& directory) {
  std::error_code failed;
  for (fs::directory_iterator at(process / "fd", failed); !failed && at != fs::directory_iterator(); at.increment(failed)) {
    std::error_code ignored;
    if (is_at_or_below(fs::read_symlink(at->path(), ignored), directory)) return true;
  }
  return false;
}

}  // namespace

std::optional<std::string> running_devpi(const fs::path& serverdir, const fs::path& proc) {
  std::error_code failed;
  const fs::path directory = fs::weakly_canonical(serverdir, failed);
  for (fs::directory_iterator at(proc, failed); !failed && at != fs::directory_iterator(); at.increment(failed)) {
    const auto pid = at->path().filename().string();
    if (!parse_u64(pid)) continue;
    const auto arguments = arguments_of(at->path());
    if (!is_devpi_server(arguments)) continue;
    if (names_directory(arguments, at->path(), directory) || has_open(at->path(), directory)) return pid;
  }
  return std::nullopt;
}

}  // namespace bodega::ops
