// `bodega fsck`.
#pragma once

#include "app/command_line.h"

namespace bodega::app {

Exit run_fsck(const Command& command);

}  // namespace bodega::app
