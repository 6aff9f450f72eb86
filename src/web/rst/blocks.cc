#include "web/rst/blocks.h"

#include <algorithm>

#include "base/text.h"
#include "web/rst/inline.h"

namespace bodega::web::rst {
namespace {

// Lists in quotes in tables in lists; each level reads its lines once more.
constexpr std::size_t kMaxDepth = 16;

bool is_option(std::string_view line) {
  const auto is_letter = [](char c) { return ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z'; };
  if (line.starts_with("--")) return line.size() > 3 && is_letter(line[2]);
  return line.size() > 2 && line[0] == '-' && is_letter(line[1]) && (line[2] == ' ' || line[2] == ',');
}

bool has_line(const Lines& lines, std::size_t at) { return at < lines.size() && !lines[at].empty(); }

bool underlines(std::string_view rule, std::string_view title) {
  return is_rule(rule) && (rule.size() >= width_of(title) || rule.size() >= 4) && rule.size() >= 2;
}

}  // namespace

std::string BlockWriter::write(const Lines& lines) {
  nested(lines);
  return std::move(out_);
}

void BlockWriter::nested(const Lines& lines) {
  if (depth_ >= kMaxDepth) return preformatted(lines, 0, lines.size());
  const std::size_t outside = at_;
  ++depth_;
  for (at_ = 0; at_ < lines.size();) block(lines);
  --depth_;
  at_ = outside;
}

// An item of one paragraph is written without one.
void BlockWriter::nested_tight(const Lines& lines) {
  const std::size_t from = out_.size();
  nested(lines);
  const std::string_view made = std::string_view(out_).substr(from);
  if (!made.starts_with("<p>") || !made.ends_with("</p>\n") || made.find("<p>", 3) != std::string_view::npos) return;
  out_.erase(out_.size() - 5);
  out_.erase(from, 3);
}

void BlockWriter::block(const Lines& lines) {
  if (lines[at_].empty()) {
    ++at_;
    return;
  }
  if (quote(lines) || explicit_block(lines) || table(lines) || title(lines) || list(lines) || fields(lines) || verbatim(lines) ||
      line_block(lines) || definitions(lines)) {
    return;
  }
  paragraph(lines);
}

void BlockWriter::text(std::string_view words) { write_text(out_, words, names_); }

void BlockWriter::preformatted(const Lines& lines, std::size_t from, std::size_t to) {
  out_ += "<pre>";
  html_escape_to(out_, joined(lines, from, to));
  out_ += "</pre>\n";
}

void BlockWriter::code(const Lines& lines, std::string_view language) {
  out_ += "<pre><code";
  if (!language.empty()) out_ += " class=\"language-" + html_escape(language) + "\"";
  out_ += ">";
  html_escape_to(out_, joined(lines, 0, lines.size()));
  out_ += "</code></pre>\n";
}

void BlockWriter::heading(std::string_view words, std::string style) {
  auto found = std::find(styles_.begin(), styles_.end(), style);
  if (found == styles_.end()) found = styles_.insert(styles_.end(), std::move(style));
  const auto level = std::to_string(std::min<std::ptrdiff_t>(found - styles_.begin() + 1, 6));
  out_ += "<h" + level + ">";
  text(words);
  out_ += "</h" + level + ">\n";
}

bool BlockWriter::title(const Lines& lines) {
  const auto line = lines[at_];
  if (is_rule(line)) {
    const bool over = has_line(lines, at_ + 1) && has_line(lines, at_ + 2) && is_rule(lines[at_ + 2]) && lines[at_ + 2][0] == line[0] &&
                      !is_rule(lines[at_ + 1]) && underlines(line, trim(lines[at_ + 1]));
    if (over) {
      heading(trim(lines[at_ + 1]), std::string(2, line[0]));
      at_ += 3;
      return true;
    }
    if (line.size() < 4 || has_line(lines, at_ + 1)) return false;
    out_ += "<hr>\n";
    ++at_;
    return true;
  }
  if (!has_line(lines, at_ + 1) || !underlines(lines[at_ + 1], line)) return false;
  heading(line, std::string(1, lines[at_ + 1][0]));
  at_ += 2;
  return true;
}

bool BlockWriter::quote(const Lines& lines) {
  if (lines[at_][0] != ' ') return false;
  const std::size_t end = end_of_indented(lines, at_);
  out_ += "<blockquote>\n";
  nested(dedented(lines, at_, end));
  out_ += "</blockquote>\n";
  at_ = end;
  return true;
}

bool BlockWriter::list(const Lines& lines) {
  const bool bullets = bullet_length(lines[at_]) > 0;
  const auto length_of = bullets ? bullet_length : enumerator_length;
  if (length_of(lines[at_]) == 0) return false;
  // "A. Smith wrote" is a sentence: what goes on without an indent is no item of a list.
  if (!bullets && has_line(lines, at_ + 1) && lines[at_ + 1][0] != ' ' && enumerator_length(lines[at_ + 1]) == 0) return false;
  out_ += bullets ? "<ul>\n" : "<ol>\n";
  const char sign = lines[at_][0];
  while (at_ < lines.size() && length_of(lines[at_]) > 0 && (!bullets || lines[at_][0] == sign)) {
    const std::size_t end = end_of_indented(lines, at_ + 1);
    out_ += "<li>";
    nested_tight(item_lines(lines[at_].substr(length_of(lines[at_])), lines, at_ + 1, end));
    out_ += "</li>\n";
    at_ = std::max(end, at_ + 1);
    while (at_ < lines.size() && lines[at_].empty()) ++at_;
  }
  out_ += bullets ? "</ul>\n" : "</ol>\n";
  return true;
}

bool BlockWriter::fields(const Lines& lines) {
  if (field_length(lines[at_]) == 0) return false;
  out_ += "<dl>\n";
  while (at_ < lines.size() && !lines[at_].empty() && field_length(lines[at_]) > 0) {
    const auto line = lines[at_];
    const std::size_t length = field_length(line);
    const std::size_t end = end_of_indented(lines, at_ + 1);
    out_ += "<dt>";
    text(trim(line.substr(1, line.rfind(':', length - 1) - 1)));
    out_ += "</dt><dd>";
    nested_tight(item_lines(line.substr(length), lines, at_ + 1, end));
    out_ += "</dd>\n";
    at_ = std::max(end, at_ + 1);
    while (at_ + 1 < lines.size() && lines[at_].empty() && field_length(lines[at_ + 1]) > 0) ++at_;
  }
  out_ += "</dl>\n";
  return true;
}

bool BlockWriter::verbatim(const Lines& lines) {
  const bool doctest = lines[at_].starts_with(">>> ");
  if (!doctest && !is_option(lines[at_])) return false;
  std::size_t end = at_;
  while (end < lines.size() && !lines[end].empty() && (doctest || is_option(lines[end]) || lines[end][0] == ' ')) ++end;
  preformatted(lines, at_, end);
  at_ = end;
  return true;
}

bool BlockWriter::line_block(const Lines& lines) {
  const auto is_line = [](std::string_view line) { return line == "|" || line.starts_with("| "); };
  if (!is_line(lines[at_])) return false;
  out_ += "<p>";
  for (bool first = true; at_ < lines.size() && is_line(lines[at_]); ++at_, first = false) {
    if (!first) out_ += "<br>\n";
    text(trim(lines[at_].substr(1)));
  }
  out_ += "</p>\n";
  return true;
}

bool BlockWriter::definitions(const Lines& lines) {
  const auto is_term = [&](std::size_t at) {
    return has_line(lines, at) && lines[at][0] != ' ' && has_line(lines, at + 1) && lines[at + 1][0] == ' ' && !lines[at].ends_with("::");
  };
  if (!is_term(at_)) return false;
  out_ += "<dl>\n";
  while (is_term(at_)) {
    const std::size_t end = end_of_indented(lines, at_ + 1);
    out_ += "<dt>";
    text(lines[at_]);
    out_ += "</dt><dd>";
    nested_tight(dedented(lines, at_ + 1, end));
    out_ += "</dd>\n";
    at_ = end;
    // Another kind of block ends the list, though it may be followed by an indented line.
    if (at_ + 1 < lines.size() && lines[at_].empty() && is_term(at_ + 1) && !lines[at_ + 1].starts_with("..") &&
        bullet_length(lines[at_ + 1]) == 0 && enumerator_length(lines[at_ + 1]) == 0 && field_length(lines[at_ + 1]) == 0) {
      ++at_;
    } else if (!has_line(lines, at_) || lines[at_].starts_with("..") || bullet_length(lines[at_]) > 0) {
      break;
    }
  }
  out_ += "</dl>\n";
  return true;
}

void BlockWriter::literal_after_colons(const Lines& lines) {
  std::size_t from = at_;
  while (from < lines.size() && lines[from].empty()) ++from;
  const std::size_t end = end_of_indented(lines, from);
  if (end == from) return;
  code(dedented(lines, from, end), "");
  at_ = end;
}

void BlockWriter::paragraph(const Lines& lines) {
  const std::size_t from = at_;
  ++at_;
  while (has_line(lines, at_) && lines[at_][0] != ' ' && !lines[at_].starts_with(".. ") && !lines[at_ - 1].ends_with("::")) ++at_;
  std::string words = joined(lines, from, at_);
  const bool introduces = words.ends_with("::");
  if (introduces) {
    words.pop_back();
    // "::" alone, or after a blank, is not seen.
    if (words.size() == 1 || words[words.size() - 2] == ' ' || words[words.size() - 2] == '\n') words.pop_back();
  }
  if (!trim(words).empty()) {
    out_ += "<p>";
    text(trim(words));
    out_ += "</p>\n";
  }
  if (introduces) literal_after_colons(lines);
}

void BlockWriter::table_cells(const Table& table) {
  out_ += "<table>\n";
  for (const auto& row : table) {
    out_ += "<tr>";
    for (const auto& cell : row.cells) {
      out_ += row.header ? "<th>" : "<td>";
      nested_tight(cell);
      out_ += row.header ? "</th>" : "</td>";
    }
    out_ += "</tr>\n";
  }
  out_ += "</table>\n";
}

bool BlockWriter::table(const Lines& lines) {
  const bool grid = begins_grid_table(lines[at_]);
  if (!grid && !begins_simple_table(lines[at_])) return false;
  const std::size_t end = end_of_table(lines, at_);
  const Lines own(lines.begin() + static_cast<std::ptrdiff_t>(at_), lines.begin() + static_cast<std::ptrdiff_t>(end));
  const auto read = grid ? read_grid_table(own) : read_simple_table(own);
  if (read) {
    table_cells(*read);
  } else {
    preformatted(own, 0, own.size());
  }
  at_ = end;
  return true;
}

}  // namespace bodega::web::rst
