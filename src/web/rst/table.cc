#include "web/rst/table.h"

#include <algorithm>

#include "base/text.h"
#include "base/utf8.h"

namespace bodega::web::rst {
namespace {

struct Span {
  std::size_t from = 0;
  std::size_t to = 0;
};
using Columns = std::vector<Span>;

// The part of a line between two columns; characters, not bytes.
std::string_view between(std::string_view line, Span span) {
  std::size_t column = 0;
  std::size_t from = line.size();
  std::size_t to = line.size();
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (continues_character(line[i])) continue;
    if (column == span.from) from = i;
    if (column == span.to) {
      to = i;
      break;
    }
    ++column;
  }
  auto out = line.substr(std::min(from, to), to - std::min(from, to));
  while (out.ends_with(' ')) out.remove_suffix(1);
  return out;
}

bool is_made_of(std::string_view line, std::string_view signs) {
  return !line.empty() && line.find_first_not_of(signs) == std::string_view::npos;
}

Columns grid_columns(std::string_view border) {
  Columns out;
  for (std::size_t from = 0;;) {
    const auto next = border.find('+', from + 1);
    if (next == std::string_view::npos) return out;
    out.push_back({from + 1, next});
    from = next;
  }
}

Columns simple_columns(std::string_view border) {
  Columns out;
  for (std::size_t at = 0; at < border.size();) {
    const auto end = std::min(border.find(' ', at), border.size());
    out.push_back({at, end});
    at = std::min(border.find('=', end), border.size());
  }
  return out;
}

bool is_grid_border(std::string_view line, const Columns& columns) {
  return is_made_of(line, "+-=") && line.size() == columns.back().to + 1 && line[0] == '+' &&
         std::all_of(columns.begin(), columns.end(), [&](const Span& span) { return line[span.to] == '+'; });
}

// A row must have a bar at every column's end, and only there does the text of a cell end.
bool add_grid_line(TableRow& row, std::string_view line, const Columns& columns) {
  if (width_of(line) != columns.back().to + 1) return false;
  row.cells.resize(columns.size());
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (between(line, {columns[i].to, columns[i].to + 1}) != "|") return false;
    row.cells[i].push_back(between(line, columns[i]));
  }
  return true;
}

void trim_cells(Table& table) {
  for (auto& row : table) {
    for (auto& cell : row.cells) cell = dedented(cell, 0, cell.size());
  }
}

bool add_simple_line(Table& table, std::string_view line, const Columns& columns, bool header) {
  const bool goes_on = !table.empty() && between(line, columns[0]).empty();
  if (!goes_on) table.push_back({header, std::vector<Lines>(columns.size())});
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const bool last = i + 1 == columns.size();
    // What stands between two columns belongs to a cell over both.
    if (!last && !between(line, {columns[i].to, columns[i + 1].from}).empty()) return false;
    table.back().cells[i].push_back(between(line, {columns[i].from, last ? std::string_view::npos : columns[i].to}));
  }
  return true;
}

}  // namespace

bool begins_grid_table(std::string_view line) {
  return line.size() > 3 && line.starts_with("+-") && line.ends_with("-+") && is_made_of(line, "+-");
}

bool begins_simple_table(std::string_view line) {
  return line.starts_with("==") && is_made_of(line, "= ") && line.find(' ') != std::string_view::npos;
}

std::size_t end_of_table(const Lines& lines, std::size_t at) {
  std::size_t end = at + 1;
  if (begins_grid_table(lines[at])) {
    while (end < lines.size() && !lines[end].empty() && (lines[end][0] == '|' || lines[end][0] == '+')) ++end;
    return end;
  }
  // To the last border: the second, or the third where the second ends a header.
  std::size_t borders = 1;
  for (; end < lines.size(); ++end) {
    if (!begins_simple_table(lines[end])) continue;
    const bool closes = end + 1 == lines.size() || lines[end + 1].empty();
    if (++borders == 3 || closes) return end + 1;
  }
  return std::min(at + 1, lines.size());
}

std::optional<Table> read_grid_table(const Lines& lines) {
  const Columns columns = grid_columns(lines[0]);
  if (lines.size() < 3 || columns.empty() || columns.size() > 100) return std::nullopt;
  Table out;
  TableRow row;
  for (std::size_t i = 1; i < lines.size(); ++i) {
    if (lines[i][0] == '|') {
      if (!add_grid_line(row, lines[i], columns)) return std::nullopt;
      continue;
    }
    if (!is_grid_border(lines[i], columns) || row.cells.empty()) return std::nullopt;
    out.push_back(std::move(row));
    row = {};
    if (lines[i].find('=') != std::string_view::npos) {
      for (auto& above : out) above.header = true;
    }
  }
  if (out.empty() || !row.cells.empty()) return std::nullopt;
  trim_cells(out);
  return out;
}

std::optional<Table> read_simple_table(const Lines& lines) {
  const Columns columns = simple_columns(lines[0]);
  const auto borders = std::count(lines.begin(), lines.end(), lines[0]);
  if (lines.size() < 3 || columns.size() > 100 || (borders != 2 && borders != 3) || lines.back() != lines[0]) return std::nullopt;
  Table out;
  bool header = borders == 3;
  for (std::size_t i = 1; i + 1 < lines.size(); ++i) {
    if (lines[i] == lines[0]) {
      header = false;
    } else if (is_made_of(lines[i], "- ") && lines[i].starts_with("--")) {
      return std::nullopt;
    } else if (!lines[i].empty() && !add_simple_line(out, lines[i], columns, header)) {
      return std::nullopt;
    }
  }
  if (out.empty()) return std::nullopt;
  trim_cells(out);
  return out;
}

}  // namespace bodega::web::rst
