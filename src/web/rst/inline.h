// Text within a paragraph of reStructuredText: emphasis, literals, roles, references, bare URLs. Pure.
#pragma once

#include <string>
#include <string_view>

#include "web/rst/names.h"

namespace bodega::web::rst {

// Appends HTML for sanitize_html(). Linear in the length of the text: a mark whose end was looked for in vain is not looked for again.
void write_text(std::string& out, std::string_view text, Names& names);

void write_picture(std::string& out, const Picture& picture, const Names& names);

}  // namespace bodega::web::rst
