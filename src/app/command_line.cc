#include "app/command_line.h"

#include <algorithm>
#include <array>
#include <optional>

#include "app/option_docs.h"
#include "app/option_values.h"
#include "base/text.h"

namespace bodega::app {
namespace {

enum class Verb { serve, fsck, check_config, options, help, version };
enum class Accepts { all_options, some_options, no_options };

struct Flag {
  std::string_view name;
  std::string_view sentence;
};

struct Spec {
  std::string_view name;
  Verb verb;
  std::string_view usage;
  std::string_view summary;
  Accepts accepts;
  std::array<Flag, 2> flags;  // its own; at most one of them counts
  std::string_view examples;  // ends with a line end when not empty
};

// What a command needs that works on the data directory without serving.
constexpr std::array<std::string_view, 4> kSomeOptions{"config", "data", "log-format", "log-level"};

constexpr std::array kCommands{
    Spec{"serve",
         Verb::serve,
         "serve [options]",
         "Run the server.",
         Accepts::all_options,
         {},
         "  bodega serve\n"
         "  bodega serve --listen 0.0.0.0:3141 --data /srv/bodega --cache-max-size 200GB\n"
         "  bodega serve --upstream https://mirror.example.org/simple/ --offline\n"},
    Spec{"fsck",
         Verb::fsck,
         "fsck [--data DIR] [--repair]",
         "Check every stored file against its digest, and the catalog against the files. Exit code 1 when something is wrong.",
         Accepts::some_options,
         {Flag{"repair", "Mend what can be mended; damaged files that are ours are reported and kept aside, never deleted."}},
         "  bodega fsck --data /srv/bodega\n"
         "  bodega fsck --data /srv/bodega --repair\n"},
    Spec{"check-config",
         Verb::check_config,
         "check-config [--config FILE] [options]",
         "Show every option with its value and where it comes from, or all that is wrong. Starts nothing.",
         Accepts::all_options,
         {},
         "  bodega check-config --config /etc/bodega/config.toml\n"},
    Spec{"options",
         Verb::options,
         "options [--markdown|--toml]",
         "Describe every option.",
         Accepts::no_options,
         {Flag{"markdown", "As docs/options.md."}, Flag{"toml", "As a configuration file with every line commented out."}},
         "  bodega options --toml > ~/.config/bodega/config.toml\n"},
    Spec{"help", Verb::help, "help [command]", "Explain a command.", Accepts::no_options, {}, ""},
    Spec{"version", Verb::version, "version", "Print the version.", Accepts::no_options, {}, ""},
};

const Spec* find_command(std::string_view name) {
  const auto found = std::find_if(kCommands.begin(), kCommands.end(), [name](const Spec& spec) { return spec.name == name; });
  return found == kCommands.end() ? nullptr : &*found;
}

bool accepts(const Spec& spec, const Option& option) {
  if (spec.accepts == Accepts::no_options) return false;
  return spec.accepts == Accepts::all_options || std::find(kSomeOptions.begin(), kSomeOptions.end(), option.key) != kSomeOptions.end();
}

std::string nearest_command(std::string_view name) {
  std::vector<std::string_view> names;
  for (const auto& spec : kCommands) names.push_back(spec.name);
  return std::string(nearest(name, names));
}

std::string nearest_flag(const Spec& spec, std::string_view name) {
  std::vector<std::string_view> names{"help"};
  for (const auto& flag : spec.flags) {
    if (!flag.name.empty()) names.push_back(flag.name);
  }
  for (const auto& option : options()) {
    if (accepts(spec, option) && option.where != Where::environment_only) names.push_back(option.key);
  }
  return std::string(nearest(name, names));
}

constexpr std::string_view kIntroduction =
    "bodega - keeps your packages close: a cache of the Python package index and\n"
    "private indexes beside it. Works where devpi works.\n";

constexpr std::string_view kFooter =
    "\nExit codes:\n"
    "  0  all is well\n"
    "  1  something failed; fsck: damage is left\n"
    "  2  the command line or the configuration is wrong\n"
    "  3  an address to listen on is in use or not ours\n"
    "  4  the data directory is locked, not writable, full or damaged\n"
    "  5  stopped before all accepted requests had finished\n";

std::string general_help() {
  std::string out(kIntroduction);
  out += "\nUsage: bodega COMMAND [options]\n\nCommands:\n";
  for (const auto& spec : kCommands) out += "  " + std::string(spec.usage) + "\n" + wrapped(spec.summary, 8, 80);
  out +=
      "\nStart here:\n"
      "  bodega serve\n"
      "  pip install --index-url http://127.0.0.1:3141/root/pypi/+simple/ flask\n"
      "  uv pip install --index-url http://127.0.0.1:3141/root/pypi/+simple/ flask\n"
      "\n\"bodega help serve\" lists every option of the server. Each is also a key of the\n"
      "TOML file and an environment variable: --cache-max-size 20GB is\n"
      "cache-max-size = \"20GB\" and BODEGA_CACHE_MAX_SIZE=20GB.\n";
  return out + std::string(kFooter);
}

std::string help_of(const Spec& spec) {
  std::string out = "Usage: bodega " + std::string(spec.usage) + "\n\n" + wrapped(spec.summary, 0, 80);
  if (!spec.examples.empty()) out += "\nExamples:\n" + std::string(spec.examples);
  std::string own;
  for (const auto& flag : spec.flags) {
    if (!flag.name.empty()) own += "  --" + std::string(flag.name) + "\n" + wrapped(flag.sentence, 8, 80);
  }
  if (!own.empty()) out += "\n" + own;
  std::vector<const Option*> shown;
  for (const auto& option : options()) {
    if (accepts(spec, option)) shown.push_back(&option);
  }
  if (!shown.empty()) {
    out += help_of_options(shown);
    out +=
        "\nEvery option is also a key of the TOML file and an environment variable named\n"
        "BODEGA_... in capitals with _ for -. The command line wins over the environment,\n"
        "the environment over the file.\n";
  }
  return out;
}

std::string all_options() {
  std::vector<const Option*> shown;
  for (const auto& option : options()) shown.push_back(&option);
  return help_of_options(shown).substr(1);  // no empty first line
}

// The words behind the command.
struct Words {
  std::vector<Given> given;
  std::vector<std::string> operands;
  bool help = false;
  std::string_view flag;  // of the command's own; empty when there was none
};

// How many words beyond the flag itself were used.
Result<std::size_t> take_option(const Option& option, std::optional<std::string_view> attached, std::span<const std::string> following,
                                Words& words) {
  if (attached) {
    words.given.push_back({&option, std::string(*attached)});
    return 0;
  }
  if (is_switch(option)) {
    bool ignored = false;
    const bool has_value = !following.empty() && parse_value(following.front(), ignored).has_value();
    words.given.push_back({&option, has_value ? following.front() : "on"});
    return has_value ? 1 : 0;
  }
  if (following.empty() || following.front().starts_with("--")) {
    const auto flag = "--" + std::string(option.key);
    return fail(Code::invalid, flag + " needs a value: " + flag + " " + std::string(option.value));
  }
  words.given.push_back({&option, following.front()});
  return 1;
}

Error unknown_flag(const Spec& spec, std::string_view name) {
  const auto command = "bodega " + std::string(spec.name);
  const auto flag = "--" + std::string(name);
  const Option* option = find_option(name);
  if (option != nullptr && option->where == Where::environment_only) {
    return {Code::invalid,
            flag + " is no flag, because command lines can be seen by others; use the environment variable " + env_name(*option),
            {},
            {}};
  }
  if (option != nullptr) return {Code::invalid, command + " does not take " + flag, {}, {}};
  return {Code::invalid, command + " has no option " + flag + "; the nearest is --" + nearest_flag(spec, name), {}, {}};
}

Result<Words> read_words(const Spec& spec, std::span<const std::string> arguments) {
  Words words;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view word = arguments[i];
    if (word == "-h" || word == "--help") {
      words.help = true;
      continue;
    }
    if (!word.starts_with("-") || word == "-") {
      words.operands.emplace_back(word);
      continue;
    }
    const auto equals = word.find('=');
    auto name = word.substr(0, equals);
    name.remove_prefix(name.starts_with("--") ? 2 : 1);
    const auto attached = equals == std::string_view::npos ? std::nullopt : std::optional(word.substr(equals + 1));
    const auto own = std::find_if(spec.flags.begin(), spec.flags.end(), [name](const Flag& flag) { return flag.name == name; });
    if (own != spec.flags.end() && !name.empty() && !attached && word.starts_with("--")) {
      words.flag = own->name;
      continue;
    }
    const Option* option = find_option(name);
    const bool known = option != nullptr && accepts(spec, *option) && option->where != Where::environment_only && word.starts_with("--");
    if (!known) return fail(unknown_flag(spec, name));
    BODEGA_TRY(const std::size_t used, take_option(*option, attached, arguments.subspan(i + 1), words));
    i += used;
  }
  return words;
}

Command show(std::string text) {
  Command command;
  command.text = std::move(text);
  return command;
}

Result<Command> help_about(const std::vector<std::string>& operands) {
  if (operands.empty()) return show(general_help());
  const Spec* about = find_command(operands.front());
  if (about == nullptr)
    return fail(Code::invalid,
                "there is no command \"" + operands.front() + "\"; the nearest is \"" + nearest_command(operands.front()) + "\"");
  return show(help_of(*about));
}

Result<Command> configured(const Spec& spec, const Words& words, const Surroundings& surroundings) {
  BODEGA_TRY(auto loaded, load_config(words.given, surroundings));
  if (spec.verb == Verb::check_config) {
    std::string text = settings_text(loaded);
    for (const auto& warning : loaded.warnings) text += "# warning: " + warning + "\n";
    return show(std::move(text));
  }
  Command command;
  command.kind = spec.verb == Verb::serve ? CommandKind::serve : CommandKind::fsck;
  command.repair = words.flag == "repair";
  command.config = std::move(loaded.config);
  command.warnings = std::move(loaded.warnings);
  for (const auto& setting : loaded.settings) {
    if (setting.option->key == "upstream") command.upstream_is_explicit = setting.source != "default";
  }
  return command;
}

}  // namespace

std::string_view version() { return BODEGA_VERSION; }

Result<Command> parse_command(std::span<const std::string> arguments, const Surroundings& surroundings) {
  if (arguments.empty()) return fail(Code::invalid, "which command? \"bodega serve\" runs the server, \"bodega help\" explains the rest");
  std::string name = arguments.front();
  if (name == "--help" || name == "-h") name = "help";
  if (name == "--version" || name == "-V") name = "version";
  const Spec* spec = find_command(name);
  if (spec == nullptr && name.starts_with("-")) {
    return fail(Code::invalid, "the command comes first, as in \"bodega serve " + name.substr(0, name.find('=')) +
                                   " ...\"; \"bodega help\" lists the commands");
  }
  if (spec == nullptr) return fail(Code::invalid, "there is no command \"" + name + "\"; the nearest is \"" + nearest_command(name) + "\"");
  BODEGA_TRY(const Words words, read_words(*spec, arguments.subspan(1)));
  if (words.help) return show(help_of(*spec));
  const std::size_t most_operands = spec->verb == Verb::help ? 1 : 0;
  if (words.operands.size() > most_operands) {
    return fail(Code::invalid, "bodega " + name + " does not know what to do with \"" + words.operands[most_operands] + "\"");
  }
  switch (spec->verb) {
    case Verb::serve:
    case Verb::fsck:
    case Verb::check_config: return configured(*spec, words, surroundings);
    case Verb::options: return show(words.flag == "markdown" ? options_markdown() : words.flag == "toml" ? options_toml() : all_options());
    case Verb::help: return help_about(words.operands);
    case Verb::version: return show("bodega " + std::string(version()) + "\n");
  }
  return show(general_help());
}

}  // namespace bodega::app
