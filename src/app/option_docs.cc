#include "app/option_docs.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace bodega::app {
namespace {

constexpr std::size_t kWidth = 80;
constexpr std::size_t kIndent = 8;

constexpr std::array kSections{Section::server, Section::data, Section::upstream, Section::freshness, Section::log};

std::string with_bars_escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c;
  }
  return out;
}

std::string bounds_text(const Option& option) {
  if (!option.low.empty() && !option.high.empty()) return "From " + std::string(option.low) + " to " + std::string(option.high) + ".";
  if (!option.high.empty()) return "At most " + std::string(option.high) + ".";
  if (!option.low.empty()) return "At least " + std::string(option.low) + ".";
  return {};
}

std::string help_of(const Option& option) {
  const bool only_environment = option.where == Where::environment_only;
  std::string out =
      "  " + (only_environment ? env_name(option) + "=" : "--" + std::string(option.key) + " ") + std::string(option.value) + "\n";
  out += wrapped(option.sentence, kIndent, kWidth);
  std::string more;
  if (const auto value = default_text(option); !value.empty()) more = "Default: " + value + ".";
  if (const auto bounds = bounds_text(option); !bounds.empty()) more += (more.empty() ? "" : " ") + bounds;
  if (!more.empty()) out += wrapped(more, kIndent, kWidth);
  return out;
}

std::string markdown_row(const Option& option) {
  std::string flag = option.where == Where::environment_only ? std::string("environment only")
                                                             : "`--" + std::string(option.key) + " " + std::string(option.value) + "`";
  std::string meaning(option.sentence);
  if (const auto bounds = bounds_text(option); !bounds.empty()) meaning += " " + bounds;
  if (takes_several(option)) meaning += " Takes several.";
  if (option.where == Where::not_in_file) meaning += " Not in the file.";
  if (option.reload == Reload::on_hangup) meaning += " SIGHUP.";
  const auto value = default_text(option);
  const std::string shown = option.default_note.empty() && !value.empty() ? "`" + value + "`" : value;
  return "| " + with_bars_escaped(flag) + " | `" + env_name(option) + "` | " + with_bars_escaped(shown) + " | " +
         with_bars_escaped(meaning) + " |\n";
}

// The default as TOML writes it; an option without one gets an example to fill in.
std::string toml_value(const Option& option) {
  const std::string value(option.default_value);
  if (is_switch(option)) return value == "on" ? "true" : "false";
  const bool number = std::holds_alternative<unsigned Config::*>(option.field);
  if (number) return value;
  return takes_several(option) ? (value.empty() ? "[]" : "[\"" + value + "\"]") : "\"" + value + "\"";
}

constexpr std::string_view kTomlHead =
    "# Configuration of Bodega. Read from ~/.config/bodega/config.toml, else /etc/bodega/config.toml,\n"
    "# or where --config or BODEGA_CONFIG says. Everything here is at its default; take away the # before\n"
    "# what you change, and try it with: bodega check-config\n";

constexpr std::string_view kMarkdownHead = R"(# Options

This file is made by `bodega options --markdown` from the table in `src/app/options.cc`; a test keeps the two equal.

Every option can be set in four places. Later ones win, and a list is replaced as a whole:

1. its default,
2. the TOML file: `cache-max-size = "20GB"`, `offline = true`, `listen = ["127.0.0.1:3141", "[::1]:3141"]`,
3. the environment: `BODEGA_CACHE_MAX_SIZE=20GB`, lists separated by commas; a variable set to nothing counts as not set,
4. the command line: `--cache-max-size 20GB` or `--cache-max-size=20GB`; lists separated by commas or by repeating the flag.

The file is the one named by `--config` or `BODEGA_CONFIG`; else the first that exists of `$XDG_CONFIG_HOME/bodega/config.toml`
(`~/.config/bodega/config.toml`) and `/etc/bodega/config.toml`. Relative paths in it start from the file's own directory. A key that is not
known is an error that names the nearest one; `bodega check-config` shows what counts in the end, and where it comes from.

Sizes: `k`, `M`, `G`, `T` (with or without `B`) count by 1000, `Ki`, `Mi`, `Gi`, `Ti` by 1024. Times: `ms`, `s`, `m`, `h`, `d`, also joined
(`1h30m`). Changes take effect when the server is started again; those of
options marked SIGHUP also when it gets that signal (`systemctl reload bodega`).

Kubernetes and Docker put variables such as `BODEGA_PORT=tcp://10.0.0.1:3141` or `BODEGA_SERVICE_HOST` into the environment of every
container beside a service named bodega. They are recognised and ignored; no option has, or will have, such a name.
)";

}  // namespace

std::string wrapped(std::string_view text, std::size_t indent, std::size_t width) {
  std::string out;
  std::size_t column = 0;
  for (const auto word : split(text, ' ')) {
    if (word.empty()) continue;
    if (column != 0 && column + 1 + word.size() > width) {
      out += '\n';
      column = 0;
    }
    if (column == 0) {
      out.append(indent, ' ');
      column = indent;
    } else {
      out += ' ';
      ++column;
    }
    out += word;
    column += word.size();
  }
  return out + "\n";
}

std::string help_of_options(std::span<const Option* const> shown) {
  std::string out;
  for (const auto section : kSections) {
    std::string part;
    for (const auto* option : shown) {
      if (option->section == section) part += help_of(*option);
    }
    if (!part.empty()) out += "\n" + std::string(title(section)) + ":\n" + part;
  }
  return out;
}

std::string options_markdown() {
  std::string out(kMarkdownHead);
  for (const auto section : kSections) {
    out += "\n## " + std::string(title(section)) + "\n\n| Flag | Environment | Default | What it does |\n| --- | --- | --- | --- |\n";
    for (const auto& option : options()) {
      if (option.section == section) out += markdown_row(option);
    }
  }
  return out;
}

std::string options_toml() {
  std::string out(kTomlHead);
  for (const auto section : kSections) {
    out += "\n# ---- " + std::string(title(section)) + " ----\n";
    for (const auto& option : options()) {
      if (option.section != section || option.where != Where::everywhere) continue;
      std::string text(option.sentence);
      if (!option.default_note.empty()) text += " Default: " + std::string(option.default_note) + ".";
      if (const auto bounds = bounds_text(option); !bounds.empty()) text += " " + bounds;
      out += "\n";
      const auto lines = wrapped(text, 0, 96);
      for (const auto line : split(std::string_view(lines).substr(0, lines.size() - 1), '\n')) out += "# " + std::string(line) + "\n";
      out += "#" + std::string(option.key) + " = " + toml_value(option) + "\n";
    }
  }
  return out;
}

std::string settings_text(const Loaded& loaded) {
  std::size_t key_width = 0;
  std::size_t value_width = 0;
  // Longer values push their source to the right instead of everybody's.
  constexpr std::size_t kLongestAligned = 40;
  for (const auto& setting : loaded.settings) {
    key_width = std::max(key_width, setting.option->key.size());
    if (setting.value.size() <= kLongestAligned) value_width = std::max(value_width, setting.value.size());
  }
  std::string out;
  for (const auto& setting : loaded.settings) {
    const auto value = setting.value.empty() ? std::string("-") : setting.value;
    out += std::string(setting.option->key) + std::string(key_width - setting.option->key.size(), ' ') + "  " + value;
    if (value.size() < value_width) out.append(value_width - value.size(), ' ');
    out += "  # " + setting.source + "\n";
  }
  return out;
}

}  // namespace bodega::app
