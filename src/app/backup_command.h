// bodega backup DIR.
#pragma once

#include "app/command_line.h"

namespace bodega::app {

Exit run_backup(const Command& command);

}  // namespace bodega::app
