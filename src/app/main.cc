#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include <unistd.h>

#include "app/command_line.h"
#include "app/load_config.h"
#include "app/shim/devpi_programs.h"

namespace {

int run(int argc, char** argv) {
  using bodega::app::Exit;
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  const auto surroundings = bodega::app::real_surroundings(environ);
  if (const auto program = bodega::app::devpi_program(argv[0]))
    return static_cast<int>(bodega::app::run_devpi_program(*program, arguments, surroundings));
  const auto command = bodega::app::parse_command(arguments, surroundings);
  if (!command) {
    std::fprintf(stderr, "bodega: %s\n", command.error().message.c_str());
    return static_cast<int>(Exit::usage);
  }
  return static_cast<int>(command->run(*command));
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bodega: stopped by an unexpected error: %s\n", error.what());
    return 1;
  }
}
