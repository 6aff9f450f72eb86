// What somebody told one of devpi's programs, from all the places where devpi looks: the YAML file, the environment (DEVPISERVER_<OPTION>),
// the command line; the later one wins. Pure but for what Surroundings reads.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/load_config.h"
#include "app/shim/devpi_options.h"
#include "base/result.h"

namespace bodega::app {

struct DevpiValue {
  std::vector<std::string> values;  // of a flag that is set: one empty text; a flag that is unset has no entry at all
  std::string source;               // "--port", "DEVPISERVER_PORT", "/etc/devpi.yml:3"
};

struct DevpiSettings {
  std::map<std::string_view, DevpiValue> given;  // by the option's name
  std::optional<std::string> operand;
  bool help = false;
  std::vector<std::string> warnings;  // what was said and changes nothing

  bool has(std::string_view option) const { return given.contains(option); }
  // Of an option with one value; nullopt when it was not given.
  std::optional<std::string> text(std::string_view option) const;
};

// invalid: the message, a sentence that begins with its source, is for standard error.
Result<DevpiSettings> read_devpi_settings(DevpiProgram program, std::span<const std::string> arguments, const Surroundings& surroundings);

}  // namespace bodega::app
