// Text of strangers made fit for a page: valid UTF-8 in which nothing is invisible but white space, and nothing turns the order of what
// follows. Not escaped. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace bodega::web {

// Whether a character may stand on a page: no control character but tab, line feed and carriage return, no bidirectional embedding,
// override or isolate (they can make "exe.gpj" of "jpg.exe"), no byte order mark, no non-character.
bool is_printable(std::uint32_t code);

// What is no UTF-8 becomes U+FFFD; what is not printable is left out. Never longer than three times the text.
std::string printable(std::string_view text);

// The same on one line, cut after `max` bytes with an ellipsis: for names and summaries in titles and lists.
std::string printable_line(std::string_view text, std::size_t max);

}  // namespace bodega::web
