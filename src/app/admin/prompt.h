// Passwords and questions, from the terminal or from a script.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "base/secret.h"

namespace bodega::app {

// A new password. From `file` ("-" is standard input) when one is named; else asked for twice without showing it when standard input is a
// terminal, else all of standard input. One line end at the end is not part of it. invalid: empty, of several lines, or typed differently
// twice.
Result<Secret> read_new_password(const std::optional<std::string>& file);

enum class Answer { yes, no };
// Asks on a terminal; whoever runs this from a script has decided already.
Answer confirm(const std::string& question);

}  // namespace bodega::app
