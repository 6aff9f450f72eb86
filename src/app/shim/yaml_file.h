// The part of devpi's YAML configuration file that concerns it: the section "devpi-server", its keys with one value or a list of values.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace bodega::app {

struct YamlEntry {
  std::string key;
  std::vector<std::string> values;  // as written, without quotes; empty when there is none
  unsigned line = 0;                // from 1
};

// The entries of `section`, in the file's order; none when there is no such section. invalid: no YAML, or the section is no mapping of
// keys to values or lists of values.
Result<std::vector<YamlEntry>> parse_yaml_section(std::string_view text, std::string_view section);

}  // namespace bodega::app
