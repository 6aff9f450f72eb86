// The one table of commands. Help, the reading of the command line and the messages about mistakes are made from it: a new command is an
// entry in commands.cc and the function that runs it.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/command_line.h"
#include "app/options.h"

namespace bodega::app {

// Which options of the server (app/options.h) a command takes.
enum class Accepts {
  all_options,
  data_options,  // what one needs that works on the data directory without serving: kDataOptions
  no_options,
};

// A flag of one command.
struct Flag {
  std::string_view name;
  std::string_view value;  // what stands for the value in help: "FILE"; empty: a switch
  std::string_view sentence;
};

// Answered by the reader of the command line itself; all others have `run`.
enum class Builtin { none, check_config, options, help, version };

struct Spec {
  std::string_view name;      // "serve"; or of a family: "user list"
  RunCommand run;             // null when builtin
  std::string_view operands;  // as in usage: "", "NAME", "USER/INDEX KEY=VALUE..."
  std::string_view summary;
  Accepts accepts = Accepts::data_options;
  std::span<const Flag> flags{};
  std::string_view examples{};  // ends with a line end when not empty
  std::size_t least_operands = 0;
  std::size_t most_operands = 0;
  Builtin builtin = Builtin::none;
};

// What `bodega help` says about all commands that begin with one word.
struct Family {
  std::string_view name;
  std::string_view summary;
};

std::span<const Spec> commands();
std::span<const Family> families();

// The command that the first words name, the longest name first; nullptr when there is none. `used`: how many words it took.
const Spec* find_command(std::span<const std::string> words, std::size_t& used);
const Family* find_family(std::string_view word);
std::vector<const Spec*> members(const Family& family);
bool accepts(const Spec& spec, const Option& option);
const Flag* find_flag(const Spec& spec, std::string_view name);

// For a terminal of 80 columns.
std::string general_help();
std::string help_of(const Family& family);
std::string help_of(const Spec& spec);

}  // namespace bodega::app
