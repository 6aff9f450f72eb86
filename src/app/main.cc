#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include <unistd.h>

#include "app/command_line.h"
#include "app/fsck_command.h"
#include "app/load_config.h"
#include "app/serve.h"

namespace {

int run(int argc, char** argv) {
  using bodega::app::CommandKind;
  using bodega::app::Exit;
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  const auto surroundings = bodega::app::real_surroundings(environ);
  const auto command = bodega::app::parse_command(arguments, surroundings);
  if (!command) {
    std::fprintf(stderr, "bodega: %s\n", command.error().message.c_str());
    return static_cast<int>(Exit::usage);
  }
  switch (command->kind) {
    case CommandKind::serve: return static_cast<int>(bodega::app::serve(*command));
    case CommandKind::fsck: return static_cast<int>(bodega::app::run_fsck(*command));
    case CommandKind::show: std::fputs(command->text.c_str(), stdout); return static_cast<int>(Exit::ok);
  }
  return static_cast<int>(Exit::failed);
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
