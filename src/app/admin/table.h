// Columns for people. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace bodega::app {

using Row = std::vector<std::string>;

// A line for the names of the columns and one for each row, aligned, each ending with a line end. Lines longer than `width` columns are cut
// and end with "…"; 0 cuts nothing. Control characters, which may come from users, are shown as "?".
std::string table_text(const Row& names, const std::vector<Row>& rows, std::size_t width);

// How wide standard output is; 0 when it is no terminal.
std::size_t terminal_width();

}  // namespace bodega::app
