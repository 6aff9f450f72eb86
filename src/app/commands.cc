#include "app/commands.h"

#include <algorithm>
#include <array>

#include "app/fsck_command.h"
#include "app/serve.h"
#include "base/text.h"

namespace bodega::app {
namespace {

constexpr std::array<std::string_view, 4> kDataOptions{"config", "data", "log-format", "log-level"};

constexpr std::array kFsckFlags{
    Flag{"repair", "", "Mend what can be mended; damaged files that are ours are reported and kept aside, never deleted."}};

constexpr std::array kOptionsFlags{Flag{"markdown", "", "As docs/options.md."},
                                   Flag{"toml", "", "As a configuration file with every line commented out."}};

constexpr std::array<Family, 0> kFamilies{};

const std::array kCommands{
    Spec{"serve",
         &serve,
         "",
         "Run the server.",
         Accepts::all_options,
         {},
         "  bodega serve\n"
         "  bodega serve --listen 0.0.0.0:3141 --data /srv/bodega --cache-max-size 200GB\n"
         "  bodega serve --upstream https://mirror.example.org/simple/ --offline\n"},
    Spec{"fsck", &run_fsck, "",
         "Check every stored file against its digest, and the catalog against the files. Exit code 1 when something is wrong.",
         Accepts::data_options, kFsckFlags,
         "  bodega fsck --data /srv/bodega\n"
         "  bodega fsck --data /srv/bodega --repair\n"},
    Spec{"check-config",
         nullptr,
         "",
         "Show every option with its value and where it comes from, or all that is wrong. Starts nothing.",
         Accepts::all_options,
         {},
         "  bodega check-config --config /etc/bodega/config.toml\n",
         0,
         0,
         Builtin::check_config},
    Spec{"options", nullptr, "", "Describe every option.", Accepts::no_options, kOptionsFlags,
         "  bodega options --toml > ~/.config/bodega/config.toml\n", 0, 0, Builtin::options},
    Spec{"help", nullptr, "[COMMAND]", "Explain a command.", Accepts::no_options, {}, "", 0, 2, Builtin::help},
    Spec{"version", nullptr, "", "Print the version.", Accepts::no_options, {}, "", 0, 0, Builtin::version},
};

}  // namespace

std::span<const Spec> commands() { return kCommands; }
std::span<const Family> families() { return kFamilies; }

const Spec* find_command(std::span<const std::string> words, std::size_t& used) {
  for (std::size_t count = std::min<std::size_t>(2, words.size()); count > 0; --count) {
    const auto name = count == 2 ? words[0] + " " + words[1] : words[0];
    const auto found = std::find_if(kCommands.begin(), kCommands.end(), [&name](const Spec& spec) { return spec.name == name; });
    if (found == kCommands.end()) continue;
    used = count;
    return &*found;
  }
  return nullptr;
}

const Family* find_family(std::string_view word) {
  const auto found = std::find_if(kFamilies.begin(), kFamilies.end(), [word](const Family& family) { return family.name == word; });
  return found == kFamilies.end() ? nullptr : &*found;
}

std::vector<const Spec*> members(const Family& family) {
  std::vector<const Spec*> out;
  for (const auto& spec : kCommands) {
    if (spec.name.starts_with(family.name) && spec.name.substr(family.name.size()).starts_with(" ")) out.push_back(&spec);
  }
  return out;
}

bool accepts(const Spec& spec, const Option& option) {
  if (spec.accepts == Accepts::no_options) return false;
  return spec.accepts == Accepts::all_options || std::find(kDataOptions.begin(), kDataOptions.end(), option.key) != kDataOptions.end();
}

const Flag* find_flag(const Spec& spec, std::string_view name) {
  const auto found = std::find_if(spec.flags.begin(), spec.flags.end(), [name](const Flag& flag) { return flag.name == name; });
  return found == spec.flags.end() ? nullptr : &*found;
}

}  // namespace bodega::app
