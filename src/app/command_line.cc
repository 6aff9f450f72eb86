#include "app/command_line.h"

#include <cstdio>
#include <optional>

#include "app/commands.h"
#include "app/option_docs.h"
#include "app/option_values.h"
#include "base/text.h"

namespace bodega::app {
namespace {

std::string nearest_command(std::string_view name) {
  std::vector<std::string_view> names;
  for (const auto& family : families()) names.push_back(family.name);
  for (const auto& spec : commands()) names.push_back(spec.name);
  return std::string(nearest(name, names));
}

std::string nearest_flag(const Spec& spec, std::string_view name) {
  std::vector<std::string_view> names{"help"};
  for (const auto& flag : spec.flags) names.push_back(flag.name);
  for (const auto& option : options()) {
    if (accepts(spec, option) && option.where != Where::environment_only) names.push_back(option.key);
  }
  return std::string(nearest(name, names));
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
  std::map<std::string, std::string, std::less<>> flags;  // the command's own
  bool help = false;
};

// A word that begins with "-", taken apart.
struct Dashed {
  std::string_view name;
  std::optional<std::string_view> attached;  // behind '='
};

Error needs_value(std::string_view name, std::string_view value) {
  const auto flag = "--" + std::string(name);
  return {Code::invalid, flag + " needs a value: " + flag + " " + std::string(value), {}, {}};
}

bool has_value(std::span<const std::string> following) { return !following.empty() && !following.front().starts_with("--"); }

// How many words beyond the flag itself were used.
Result<std::size_t> take_option(const Option& option, std::optional<std::string_view> attached, std::span<const std::string> following,
                                Words& words) {
  if (attached) {
    words.given.push_back({&option, std::string(*attached)});
    return 0;
  }
  if (is_switch(option)) {
    bool ignored = false;
    const bool named = !following.empty() && parse_value(following.front(), ignored).has_value();
    words.given.push_back({&option, named ? following.front() : "on"});
    return named ? 1 : 0;
  }
  if (!has_value(following)) return fail(needs_value(option.key, option.value));
  words.given.push_back({&option, following.front()});
  return 1;
}

Result<std::size_t> take_flag(const Flag& flag, std::optional<std::string_view> attached, std::span<const std::string> following,
                              Words& words) {
  auto& value = words.flags[std::string(flag.name)];
  if (flag.value.empty()) {
    if (attached) return fail(Code::invalid, "--" + std::string(flag.name) + " takes no value");
    return 0;
  }
  if (!attached && !has_value(following)) return fail(needs_value(flag.name, flag.value));
  value = attached ? std::string(*attached) : following.front();
  return attached ? 0 : 1;
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

Dashed take_apart(std::string_view word) {
  const auto equals = word.find('=');
  auto name = word.substr(0, equals);
  name.remove_prefix(name.starts_with("--") ? 2 : 1);
  return {name, equals == std::string_view::npos ? std::nullopt : std::optional(word.substr(equals + 1))};
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
    const auto [name, attached] = take_apart(word);
    const auto following = arguments.subspan(i + 1);
    const Flag* own = find_flag(spec, name);
    const Option* option = find_option(name);
    const bool is_option = option != nullptr && accepts(spec, *option) && option->where != Where::environment_only;
    if (!word.starts_with("--") || (own == nullptr && !is_option)) return fail(unknown_flag(spec, name));
    BODEGA_TRY(const std::size_t used,
               own != nullptr ? take_flag(*own, attached, following, words) : take_option(*option, attached, following, words));
    i += used;
  }
  return words;
}

Command show(std::string text) {
  Command command;
  command.run = &print_text;
  command.text = std::move(text);
  return command;
}

Error unknown_command(const std::string& name) {
  return {Code::invalid, "there is no command \"" + name + "\"; the nearest is \"" + nearest_command(name) + "\"", {}, {}};
}

Result<Command> help_about(const std::vector<std::string>& words) {
  if (words.empty()) return show(general_help());
  std::size_t used = 0;
  const Spec* about = find_command(words, used);
  if (about != nullptr && used == words.size()) return show(help_of(*about));
  const Family* family = find_family(words.front());
  if (family != nullptr && words.size() == 1) return show(help_of(*family));
  return fail(unknown_command(join(words, " ")));
}

Result<Command> configured(const Spec& spec, Words words, const Surroundings& surroundings) {
  BODEGA_TRY(auto loaded, load_config(words.given, surroundings));
  if (spec.builtin == Builtin::check_config) {
    std::string text = settings_text(loaded);
    for (const auto& warning : loaded.warnings) text += "# warning: " + warning + "\n";
    return show(std::move(text));
  }
  Command command;
  command.run = spec.run;
  command.config = std::move(loaded.config);
  command.read_again = [given = words.given, surroundings]() -> Result<Config> {
    BODEGA_TRY(auto fresh, load_config(given, surroundings));
    return std::move(fresh.config);
  };
  command.warnings = std::move(loaded.warnings);
  command.operands = std::move(words.operands);
  command.flags = std::move(words.flags);
  for (const auto& setting : loaded.settings) {
    if (setting.option->key == "upstream") command.upstream_is_explicit = setting.source != "default";
  }
  return command;
}

Result<void> check_operands(const Spec& spec, const std::vector<std::string>& operands) {
  const auto command = "bodega " + std::string(spec.name);
  if (operands.size() > spec.most_operands) {
    return fail(Code::invalid, command + " does not know what to do with \"" + operands[spec.most_operands] + "\"");
  }
  if (operands.size() < spec.least_operands) {
    return fail(Code::invalid, command + " needs more: " + command + " " + std::string(spec.operands));
  }
  return {};
}

// The words name no command.
Error no_command(std::span<const std::string> arguments) {
  const auto& name = arguments.front();
  if (name.starts_with("-")) {
    return {
        Code::invalid,
        "the command comes first, as in \"bodega serve " + name.substr(0, name.find('=')) + " ...\"; \"bodega help\" lists the commands",
        {},
        {}};
  }
  const Family* family = find_family(name);
  if (family == nullptr) return unknown_command(name);
  std::vector<std::string> names;
  for (const auto* member : members(*family)) names.push_back("\"bodega " + std::string(member->name) + "\"");
  return {Code::invalid, "bodega " + name + " is one of " + join(names, ", ") + "; \"bodega help " + name + "\" explains them", {}, {}};
}

bool asks_for_help(const std::string& word) { return word == "--help" || word == "-h"; }

}  // namespace

std::string_view version() { return BODEGA_VERSION; }

std::optional<std::string> Command::flag(std::string_view name) const {
  const auto found = flags.find(name);
  return found == flags.end() ? std::nullopt : std::optional(found->second);
}

Exit print_text(const Command& command) {
  std::fputs(command.text.c_str(), stdout);
  return Exit::ok;
}

Result<Command> parse_command(std::span<const std::string> arguments, const Surroundings& surroundings) {
  if (arguments.empty()) return fail(Code::invalid, "which command? \"bodega serve\" runs the server, \"bodega help\" explains the rest");
  if (asks_for_help(arguments.front())) return show(general_help());
  std::vector<std::string> words(arguments.begin(), arguments.end());
  if (words.front() == "--version" || words.front() == "-V") words.front() = "version";
  std::size_t used = 0;
  const Spec* spec = find_command(words, used);
  if (spec == nullptr) {
    const Family* family = find_family(words.front());
    if (family != nullptr && words.size() > 1 && asks_for_help(words[1])) return show(help_of(*family));
    return fail(no_command(words));
  }
  BODEGA_TRY(auto rest, read_words(*spec, std::span(words).subspan(used)));
  if (rest.help) return show(help_of(*spec));
  BODEGA_TRY_VOID(check_operands(*spec, rest.operands));
  switch (spec->builtin) {
    case Builtin::none:
    case Builtin::check_config: return configured(*spec, std::move(rest), surroundings);
    case Builtin::options:
      return show(rest.flags.contains("markdown") ? options_markdown() : rest.flags.contains("toml") ? options_toml() : all_options());
    case Builtin::help: return help_about(rest.operands);
    case Builtin::version: return show("bodega " + std::string(version()) + "\n");
  }
  return show(general_help());
}

}  // namespace bodega::app
