// The table of options as people read it. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/load_config.h"
#include "app/options.h"

namespace bodega::app {

// Paragraphs of --help, grouped by section, for a terminal of 80 columns. No flag for what only the environment sets: that is said instead.
std::string help_of_options(std::span<const Option* const> shown);
// docs/options.md, whole.
std::string options_markdown();
// deploy/config.toml, whole: a file to begin with, every option commented out at its default.
std::string options_toml();
// What `bodega check-config` prints: every option with its value and where it comes from.
std::string settings_text(const Loaded& loaded);

// Breaks at blanks into lines of at most `width` characters, each begun with `indent` blanks; a longer word stands alone.
std::string wrapped(std::string_view text, std::size_t indent, std::size_t width);

}  // namespace bodega::app
