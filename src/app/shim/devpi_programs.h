// Runs one of devpi's programs: what somebody has in scripts, units and containers goes on working when these stand in for devpi's.
#pragma once

#include <span>
#include <string>

#include "app/command_line.h"
#include "app/load_config.h"
#include "app/shim/devpi_options.h"

namespace bodega::app {

// `arguments` without the program's name. Blocks until it is done.
Exit run_devpi_program(DevpiProgram program, std::span<const std::string> arguments, const Surroundings& surroundings);

}  // namespace bodega::app
