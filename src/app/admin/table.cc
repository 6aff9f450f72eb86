#include "app/admin/table.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>

#include "base/utf8.h"

namespace bodega::app {
namespace {

constexpr std::size_t kGap = 2;

// Code points; wide characters are rare enough in names and comments to be counted as one.
std::size_t columns_of(std::string_view text) { return count_characters(text); }

std::string harmless(std::string text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x20 || byte == 0x7F) text[i] = '?';
    // U+0080 to U+009F drive terminals too.
    const bool c1 = byte == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0;
    if (c1) text.replace(i, 2, "?");
  }
  return text;
}

std::string cut(std::string line, std::size_t width) {
  while (!line.empty() && line.back() == ' ') line.pop_back();
  if (width == 0 || columns_of(line) <= width) return line;
  std::size_t end = 0;
  for (std::size_t column = 0; end < line.size() && column + 1 < width; ++column) {
    do {
      ++end;
    } while (end < line.size() && continues_character(line[end]));
  }
  return line.substr(0, end) + "\xE2\x80\xA6";
}

}  // namespace

std::string table_text(const Row& names, const std::vector<Row>& rows, std::size_t width) {
  std::vector<Row> all{names};
  all.insert(all.end(), rows.begin(), rows.end());
  std::vector<std::size_t> widths(names.size());
  for (auto& row : all) {
    row.resize(names.size());
    for (std::size_t i = 0; i < row.size(); ++i) {
      row[i] = harmless(std::move(row[i]));
      if (row[i].empty()) row[i] = "-";
      widths[i] = std::max(widths[i], columns_of(row[i]));
    }
  }
  std::string out;
  for (const auto& row : all) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) line += row[i] + std::string(widths[i] - columns_of(row[i]) + kGap, ' ');
    out += cut(std::move(line), width) + "\n";
  }
  return out;
}

std::size_t terminal_width() {
  winsize size{};
  return ::isatty(STDOUT_FILENO) == 1 && ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

}  // namespace bodega::app
