// One of devpi's programs as a command of ours. Pure: the same settings give the same words.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "app/load_config.h"
#include "app/shim/devpi_options.h"
#include "app/shim/devpi_settings.h"
#include "base/result.h"

namespace bodega::app {

struct DevpiPlan {
  std::vector<std::string> words;     // what `bodega` is asked, without its name
  std::vector<std::string> warnings;  // sentences: what was asked for and has no effect
  std::filesystem::path data;         // --serverdir, absolute; empty of devpi-gen-secret
};

// The addresses of a host name, as text; none when it has none.
using Resolve = std::function<std::vector<std::string>(const std::string& host)>;

// invalid: the message, a sentence, is for standard error.
Result<DevpiPlan> plan_of(DevpiProgram program, const DevpiSettings& settings, const Surroundings& surroundings, const Resolve& resolve);

// A path as somebody typed it: "~/x" is below the home directory, a relative one below the working directory.
std::filesystem::path devpi_path(const std::string& typed, const Surroundings& surroundings);

std::string devpi_help(DevpiProgram program);

}  // namespace bodega::app
