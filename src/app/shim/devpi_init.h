// What devpi-init does: a data directory with the user root and, unless told otherwise, the mirror root/pypi.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "app/config.h"
#include "base/result.h"
#include "base/secret.h"
#include "pypi/index/registry.h"

namespace bodega::app {

enum class ServerDirectory {
  fresh,   // absent, or neither of the next two
  bodega,  // ours
  devpi,   // made by devpi-server itself
};
// Blocks. A directory that cannot be read counts as fresh: who opens it then will say why it cannot.
ServerDirectory judge_server_directory(const std::filesystem::path& path);

struct InitOptions {
  Secret root_password;
  std::optional<std::string> root_password_hash;  // counts instead
  pypi::RootPypi root_pypi = pypi::RootPypi::make;
};

// Makes config.data, which must be fresh or what an import has just made, and leaves the files there by which scripts recognise an
// initialised --serverdir (.nodeinfo, .serverversion). An import that brought root keeps its password; root/pypi is as the options say,
// whatever it brought. Blocks. Errors are sentences.
Result<void> init_server_directory(const Config& config, InitOptions options);
// Whether that was done to the end.
bool is_initialised(const std::filesystem::path& path);

}  // namespace bodega::app
