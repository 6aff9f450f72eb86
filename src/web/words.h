// Numbers and times as people read them. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/time.h"
#include "web/html.h"

namespace bodega::web {

std::string size_in_words(std::uint64_t bytes);                    // "312 B", "1.4 MB": powers of 1000, as download pages have it
std::string number_in_words(std::uint64_t number);                 // "12,345"
std::string count_of(std::uint64_t number, std::string_view one);  // "1 project", "2 projects", "3 indexes"
std::string duration_in_words(std::chrono::seconds duration);      // "3 days", "2 hours", "40 seconds"
std::string span_in_words(Duration span);                          // "312 µs", "4.2 ms", "310 ms"
void write_time(Html& html, WallTime time);                        // "2026-11-21 17:20 UTC", with all of it for programs

}  // namespace bodega::web
