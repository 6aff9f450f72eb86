// From what the machine and the person say to a Config: defaults < file < environment < command line. Whatever source sets an option last
// counts whole; lists are replaced, not joined.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "app/config.h"
#include "app/options.h"
#include "base/result.h"

namespace bodega::app {

// All of the machine that matters here, so that tests are tables.
struct Surroundings {
  std::vector<std::pair<std::string, std::string>> environment;
  // not_found when there is no such file.
  std::function<Result<std::string>(const std::filesystem::path&)> read_file;
  std::filesystem::path working_directory;
};

// The process's own. `environ` is a null-terminated array of "NAME=value".
Surroundings real_surroundings(const char* const* environ);
// The value of an environment variable; empty when it is not set, or set to nothing, which counts as the same everywhere.
std::string lookup(const Surroundings& surroundings, std::string_view name);

// One option as it stands on the command line.
struct Given {
  const Option* option = nullptr;
  std::string value;
};

struct Setting {
  const Option* option = nullptr;
  std::string value;   // secrets redacted; empty: not set
  std::string source;  // "default", "BODEGA_DATA", "--data", "/etc/bodega/config.toml:3"
};

struct Loaded {
  Config config;
  std::vector<Setting> settings;      // one for each option, in the table's order
  std::vector<std::string> warnings;  // variables named BODEGA_... that mean nothing here
};

// invalid: the message has one line for each thing that is wrong, each naming its source.
Result<Loaded> load_config(const std::vector<Given>& command_line, const Surroundings& surroundings);

// The content of a password file: everything but one line end. invalid when nothing is left.
Result<Secret> password_of_file(std::string_view content);

}  // namespace bodega::app
