// `bodega serve`: the real clock, disk, network and threads around the application, from start to drained stop.
#pragma once

#include "app/command_line.h"

namespace bodega::app {

// Runs until SIGTERM or SIGINT has drained it. Says on standard output where it listens and what to paste.
Exit serve(const Command& command);

}  // namespace bodega::app
