// The command line, from the words to a command with its configuration. Pure but for what Surroundings reads.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/load_config.h"
#include "base/result.h"

namespace bodega::app {

// Exit codes, shown by --help. Scripts and the systemd unit rely on them; never renumber.
enum class Exit : int {
  ok = 0,
  failed = 1,           // something else went wrong; fsck: damage was found that is not repaired
  usage = 2,            // the command line or the configuration is wrong; starting again cannot help
  address_in_use = 3,   // a listen address is taken or not ours
  data_unusable = 4,    // the data directory is locked by another bodega, not writable, full, or its database is broken
  drain_cut_short = 5,  // stopped before all accepted requests had finished: a second SIGTERM, or drain-timeout
};

struct Command;
using RunCommand = Exit (*)(const Command&);

struct Command {
  RunCommand run = nullptr;           // never null in what parse_command() gives
  Config config;                      // of all but those that only print
  std::vector<std::string> warnings;  // for the log, once there is one
  std::string text;                   // of those that only print
  std::vector<std::string> operands;  // as many as the table of commands allows
  // The command's own flags, by name; a switch has the value "". What was given twice counts the last time.
  std::map<std::string, std::string, std::less<>> flags;
  // Reads the same command line once more, with the file as it is then. Of commands with a configuration.
  std::function<Result<Config>()> read_again;
  bool upstream_is_explicit = false;  // somebody named the upstream; it is not the default

  bool has(std::string_view flag) const { return flags.contains(flag); }
  std::optional<std::string> flag(std::string_view name) const;
};

// Prints `text` on standard output.
Exit print_text(const Command& command);

// `arguments` without the program's name. invalid: the message, of one line or more, is for standard error; exit with usage.
Result<Command> parse_command(std::span<const std::string> arguments, const Surroundings& surroundings);

std::string_view version();  // "0.1.0"

}  // namespace bodega::app
