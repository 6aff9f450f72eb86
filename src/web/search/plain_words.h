// What a description says, without the marks of Markdown and reStructuredText: for the search and its excerpts. A reading for people, no
// parser: where a mark may be meant as it stands, it stays. Pure; takes a time that grows with the text.
#pragma once

#include <string>
#include <string_view>

namespace bodega::web {

// Line by line. `content_type` is core metadata's Description-Content-Type.
std::string plain_words(std::string_view text, std::string_view content_type);

}  // namespace bodega::web
