// Lines of reStructuredText: what they look like, before what they mean. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace bodega::web::rst {

// Without line ends and blanks at their ends; tabs are spaces already. Views into a text that outlives them.
using Lines = std::vector<std::string_view>;

// `text` with tabs written as spaces (to columns of eight), for split_lines().
std::string expand_tabs(std::string_view text);
Lines split_lines(std::string_view text);

std::size_t indent_of(std::string_view line);  // spaces in front; 0 of an empty line
std::size_t width_of(std::string_view line);   // characters

// One character of punctuation, repeated: what stands under a title. Empty lines are none.
bool is_rule(std::string_view line);

// The lines [from, to) without the indent that all of them share, without empty ones at either end.
Lines dedented(const Lines& lines, std::size_t from, std::size_t to);
// The same, after `first`, which is what follows the marker of a list item or a directive; the indent of `first` does not count.
Lines item_lines(std::string_view first, const Lines& lines, std::size_t from, std::size_t to);

// Where the block that is indented, or empty, from line `at` on ends; empty lines at its end are no part of it. At most `most` lines are
// looked at.
std::size_t end_of_indented(const Lines& lines, std::size_t at, std::size_t most = std::string_view::npos);

// The marker of a list item in front of a line, its blanks included: "- ", "12. ", "(a) ", "#) ". 0: none.
std::size_t bullet_length(std::string_view line);
std::size_t enumerator_length(std::string_view line);
// ":name: " in front of a line; 0: none.
std::size_t field_length(std::string_view line);

std::string joined(const Lines& lines, std::size_t from, std::size_t to);

}  // namespace bodega::web::rst
