// A TOML file as a flat list of keys and values. The only door to toml++.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace bodega::app {

struct TomlEntry {
  std::string key;
  std::vector<std::string> values;  // an array's elements, else one; numbers and booleans as text
  unsigned line = 0;
};

// invalid: not TOML 1.0, or values that no option takes (tables, dates, floats, nested arrays). Messages begin with the line's number;
// never with the text of a value, which may be a secret.
Result<std::vector<TomlEntry>> parse_toml(std::string_view text);

}  // namespace bodega::app
