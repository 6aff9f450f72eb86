// reStructuredText as descriptions use it: titles, paragraphs, lists, definitions and fields, literal and code blocks, quotes, line blocks,
// plain tables, images, admonitions, links of all kinds. Whatever is not understood for certain stands there as it was written, as
// preformatted text, so that nothing is lost and nothing is guessed. Linear time, bounded depth. Pure.
#pragma once

#include <string>
#include <string_view>

namespace bodega::web {

// HTML for sanitize_html().
std::string rst_to_html(std::string_view text);

}  // namespace bodega::web
