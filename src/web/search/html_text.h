// What a page of documentation says, for the search index: its title and its words, without markup, navigation and scripts. Pure.
#pragma once

#include <string>
#include <string_view>

namespace bodega::web {

struct HtmlText {
  std::string title;
  std::string text;  // blanks folded
};
// At most `limit` bytes of text.
HtmlText read_html_text(std::string_view html, std::size_t limit);

}  // namespace bodega::web
