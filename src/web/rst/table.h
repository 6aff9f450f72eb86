// Plain tables of reStructuredText, both kinds. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "web/rst/lines.h"

namespace bodega::web::rst {

struct TableRow {
  bool header = false;
  std::vector<Lines> cells;  // views into the lines they were read from
};
using Table = std::vector<TableRow>;

bool begins_grid_table(std::string_view line);    // +---+---+
bool begins_simple_table(std::string_view line);  // ====  ====

// Where the table that begins at line `at` ends.
std::size_t end_of_table(const Lines& lines, std::size_t at);

// The lines of one table. nullopt: cells over several columns or rows, or not in order; then it is shown as it was written.
std::optional<Table> read_grid_table(const Lines& lines);
std::optional<Table> read_simple_table(const Lines& lines);

}  // namespace bodega::web::rst
