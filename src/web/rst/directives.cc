#include <algorithm>

#include "base/text.h"
#include "web/rst/blocks.h"
#include "web/rst/inline.h"

namespace bodega::web::rst {
namespace {

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// What follows the options of a directive.
Lines content(const Lines& body) {
  std::size_t at = 0;
  while (at < body.size() && field_length(body[at]) > 0) ++at;
  return dedented(body, at, body.size());
}

// "name:: argument" in front of a directive; npos: no directive.
std::size_t name_length(std::string_view text) {
  const auto end = text.find("::");
  if (end == std::string_view::npos || end == 0 || (end + 2 < text.size() && text[end + 2] != ' ')) return std::string_view::npos;
  const auto name = text.substr(0, end);
  const bool plain = std::all_of(name.begin(), name.end(), [](char c) {
    const char lower = ascii_lower(c);
    return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == ':' || c == '+' || c == '.';
  });
  return plain ? end : std::string_view::npos;
}

}  // namespace

bool BlockWriter::explicit_block(const Lines& lines) {
  const auto line = lines[at_];
  if (line.starts_with("__ ")) {
    ++at_;
    return true;
  }
  if (line != ".." && !line.starts_with(".. ")) return false;
  const std::size_t from = at_;
  at_ = std::max(end_of_indented(lines, from + 1), from + 1);
  // An empty comment takes nothing that stands apart from it.
  if (line == ".." && (from + 1 == lines.size() || lines[from + 1].empty())) at_ = from + 1;
  const auto rest = trim(line.substr(2));
  const Lines whole(lines.begin() + static_cast<std::ptrdiff_t>(from), lines.begin() + static_cast<std::ptrdiff_t>(at_));
  if (rest.starts_with('_')) {
    const auto end = rest.find(':');
    if (end == rest.size() - 1) out_ += "<span id=\"" + html_escape(link_name(rest.substr(1, end - 1))) + "\"></span>";
    return true;
  }
  if (rest.starts_with('|')) return true;  // a substitution, known already
  if (rest.starts_with('[') && rest.find("] ") != std::string_view::npos) {
    const auto end = rest.find(']');
    out_ += "<dl><dt>" + html_escape(rest.substr(0, end + 1)) + "</dt><dd>";
    nested_tight(item_lines(trim(rest.substr(end + 1)), lines, from + 1, at_));
    out_ += "</dd></dl>\n";
    return true;
  }
  const auto length = name_length(rest);
  if (length == std::string_view::npos) return true;  // a comment
  directive(to_lower(rest.substr(0, length)), trim(rest.substr(length + 2)), dedented(lines, from + 1, at_), whole);
  return true;
}

void BlockWriter::directive(std::string_view name, std::string_view argument, const Lines& body, const Lines& whole) {
  if (is_one_of(name, {"code", "code-block", "sourcecode"})) return code(content(body), argument);
  if (is_one_of(name, {"image", "figure"})) return picture(name, argument, body);
  if (is_one_of(name, {"note", "tip", "hint", "important", "warning", "caution", "danger", "attention", "error", "admonition", "seealso",
                       "topic"})) {
    return admonition(name, argument, body);
  }
  if (is_one_of(name, {"contents", "sectnum", "highlight", "default-role", "meta", "toctree", "include", "role", "target-notes"})) return;
  if (name == "rubric") {
    out_ += "<p><strong>";
    text(argument);
    out_ += "</strong></p>\n";
    return;
  }
  if (is_one_of(name, {"container", "compound", "epigraph", "highlights", "pull-quote"})) {
    out_ += "<blockquote>\n";
    nested(content(body));
    out_ += "</blockquote>\n";
    return;
  }
  preformatted(whole, 0, whole.size());
}

void BlockWriter::picture(std::string_view name, std::string_view argument, const Lines& body) {
  out_ += "<p>";
  write_picture(out_, read_picture(argument, body), names_);
  out_ += "</p>\n";
  if (name == "figure") nested(content(body));
}

void BlockWriter::admonition(std::string_view name, std::string_view argument, const Lines& body) {
  const bool titled = name == "admonition" || name == "topic";
  out_ += "<blockquote><p><strong>";
  if (titled) {
    text(argument);
  } else {
    std::string title(name == "seealso" ? "see also" : name);
    title[0] = static_cast<char>(title[0] - 'a' + 'A');
    out_ += title;
  }
  out_ += "</strong></p>\n";
  if (titled || argument.empty()) {
    nested(content(body));
  } else {
    // The argument is the beginning of the first paragraph.
    nested(item_lines(argument, body, 0, body.size()));
  }
  out_ += "</blockquote>\n";
}

}  // namespace bodega::web::rst
