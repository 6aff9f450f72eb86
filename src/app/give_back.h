// How this process keeps its memory small: what malloc keeps, and when free memory goes back to the system.
#pragma once

#include <cstdint>

#include "async/offload.h"
#include "async/timers.h"

namespace bodega::app {

// Memory that large pages needed for a moment goes back to the system: blocks from 128 KiB on are mapped, and few arenas hold the rest.
// Before there are threads.
void tame_malloc();

// What only the start needed is given back: free blocks, and the pages of code and constant tables that it walked through (relocations,
// migrations, the set-up of libraries), two thirds of what an idle server would otherwise hold. What is needed again is mapped again from
// the page cache. Segments that may be written to stay, among them those that were relocated.
void forget_the_start();

// Whether so much of what is resident is free that it should go back: malloc by itself gives back only what lies behind everything in use.
// `own` bytes are the process's, `used` of them in use, `before` its own after the last time. Pure.
bool worth_giving_back(std::uint64_t own, std::uint64_t used, std::uint64_t before);

// Looks every few seconds for as long as the loop runs. The pool should be one that is in nobody's way.
Task<void> give_back(Pool& pool, Timers& timers, const Clock& clock);

}  // namespace bodega::app
