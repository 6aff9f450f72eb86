// `bodega import`.
#pragma once

#include "app/command_line.h"

namespace bodega::app {

Exit run_import_serverdir(const Command& command);
Exit run_import_export(const Command& command);
Exit run_import_files(const Command& command);

}  // namespace bodega::app
