#include "web/rst/lines.h"

#include <algorithm>

#include "base/text.h"
#include "base/utf8.h"

namespace bodega::web::rst {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z'; }

std::string_view without_tail(std::string_view line) {
  const auto last = line.find_last_not_of(" \r\t\f\v");
  return line.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

// A marker of `length` bytes counts when a blank or the end of the line follows; the blanks belong to it.
std::size_t with_blanks(std::string_view line, std::size_t length) {
  if (length == line.size()) return length;
  if (line[length] != ' ') return 0;
  return line.find_first_not_of(' ', length);
}

}  // namespace

std::string expand_tabs(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  std::size_t column = 0;
  for (const char c : text) {
    if (c == '\t') {
      const std::size_t gap = 8 - column % 8;
      out.append(gap, ' ');
      column += gap;
      continue;
    }
    out += c;
    column = c == '\n' ? 0 : column + 1;
  }
  return out;
}

Lines split_lines(std::string_view text) {
  Lines out;
  for (const auto line : split(text, '\n')) out.push_back(without_tail(line));
  return out;
}

std::size_t indent_of(std::string_view line) { return std::min(line.find_first_not_of(' '), line.size()); }

std::size_t width_of(std::string_view line) { return count_characters(line); }

bool is_rule(std::string_view line) {
  constexpr std::string_view kMarks = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";
  return !line.empty() && kMarks.find(line[0]) != std::string_view::npos && line.find_first_not_of(line[0]) == std::string_view::npos;
}

Lines dedented(const Lines& lines, std::size_t from, std::size_t to) {
  while (from < to && lines[from].empty()) ++from;
  while (to > from && lines[to - 1].empty()) --to;
  std::size_t indent = std::string_view::npos;
  for (std::size_t i = from; i < to; ++i) {
    if (!lines[i].empty()) indent = std::min(indent, indent_of(lines[i]));
  }
  Lines out;
  for (std::size_t i = from; i < to; ++i) out.push_back(lines[i].empty() ? lines[i] : lines[i].substr(indent));
  return out;
}

Lines item_lines(std::string_view first, const Lines& lines, std::size_t from, std::size_t to) {
  Lines out;
  if (!first.empty()) out.push_back(first);
  while (to > from && lines[to - 1].empty()) --to;
  // An empty line between the first line and the rest must stay.
  const bool apart = !first.empty() && from < to && lines[from].empty();
  if (apart) out.push_back({});
  const Lines rest = dedented(lines, from, to);
  out.insert(out.end(), rest.begin(), rest.end());
  return out;
}

std::size_t end_of_indented(const Lines& lines, std::size_t at, std::size_t most) {
  std::size_t end = at;
  const std::size_t last = std::min(lines.size(), at + std::min(most, lines.size()));
  for (std::size_t i = at; i < last && (lines[i].empty() || lines[i][0] == ' '); ++i) {
    if (!lines[i].empty()) end = i + 1;
  }
  return end;
}

std::size_t bullet_length(std::string_view line) {
  constexpr std::string_view kDot = "•";
  if (line.empty()) return 0;
  if (line[0] == '-' || line[0] == '*' || line[0] == '+') return with_blanks(line, 1);
  return line.starts_with(kDot) ? with_blanks(line, kDot.size()) : 0;
}

std::size_t enumerator_length(std::string_view line) {
  const std::size_t open = !line.empty() && line[0] == '(' ? 1 : 0;
  std::size_t at = open;
  while (at < line.size() && at < open + 5 && is_digit(line[at])) ++at;
  if (at == open && at < line.size() && (is_letter(line[at]) || line[at] == '#')) ++at;
  if (at == open || at >= line.size()) return 0;
  const bool closed = line[at] == ')' || (line[at] == '.' && open == 0);
  return closed && at + 1 < line.size() ? with_blanks(line, at + 1) : 0;
}

std::size_t field_length(std::string_view line) {
  if (line.size() < 3 || line[0] != ':' || line[1] == ':' || line[1] == ' ') return 0;
  for (std::size_t i = 1; i < line.size(); ++i) {
    if (line[i] == '`') return 0;  // a role
    if (line[i] == ':' && line[i - 1] != '\\' && (i + 1 == line.size() || line[i + 1] == ' ')) return with_blanks(line, i + 1);
  }
  return 0;
}

std::string joined(const Lines& lines, std::size_t from, std::size_t to) {
  std::string out;
  for (std::size_t i = from; i < to; ++i) {
    if (i > from) out += '\n';
    out += lines[i];
  }
  return out;
}

}  // namespace bodega::web::rst
