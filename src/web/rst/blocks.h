// The blocks of reStructuredText, made HTML for sanitize_html(). Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "web/rst/lines.h"
#include "web/rst/names.h"
#include "web/rst/table.h"

namespace bodega::web::rst {

class BlockWriter {
 public:
  explicit BlockWriter(Names& names) : names_(names) {}
  std::string write(const Lines& lines);

 private:
  // Each takes the block at line `at_` of `lines` and goes behind it; false, and nothing done, when another kind stands there.
  bool title(const Lines& lines);
  bool quote(const Lines& lines);
  bool explicit_block(const Lines& lines);
  bool table(const Lines& lines);
  bool list(const Lines& lines);
  bool fields(const Lines& lines);
  bool verbatim(const Lines& lines);  // doctest, options: as they are written
  bool line_block(const Lines& lines);
  bool definitions(const Lines& lines);
  void paragraph(const Lines& lines);

  void block(const Lines& lines);
  void nested(const Lines& lines);
  void nested_tight(const Lines& lines);
  void heading(std::string_view text, std::string style);
  void literal_after_colons(const Lines& lines);
  void preformatted(const Lines& lines, std::size_t from, std::size_t to);
  void code(const Lines& lines, std::string_view language);
  void table_cells(const Table& table);
  void directive(std::string_view name, std::string_view argument, const Lines& body, const Lines& whole);
  void picture(std::string_view name, std::string_view argument, const Lines& body);
  void admonition(std::string_view name, std::string_view argument, const Lines& body);
  void text(std::string_view words);

  Names& names_;
  std::string out_;
  std::size_t at_ = 0;
  std::size_t depth_ = 0;
  std::vector<std::string> styles_;  // of titles, outermost first
};

}  // namespace bodega::web::rst
