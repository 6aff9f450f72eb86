#include "web/rst/rst.h"

#include "web/rst/blocks.h"
#include "web/rst/lines.h"
#include "web/rst/names.h"

namespace bodega::web {

std::string rst_to_html(std::string_view text) {
  const std::string expanded = rst::expand_tabs(text);
  const rst::Lines lines = rst::split_lines(expanded);
  rst::Names names = rst::collect_names(lines);
  return rst::BlockWriter(names).write(lines);
}

}  // namespace bodega::web
