// `bodega export devpi DIR`: everything of ours as a dump that devpi-import takes.
#pragma once

#include "app/command_line.h"

namespace bodega::app {

Exit run_export_devpi(const Command& command);

}  // namespace bodega::app
