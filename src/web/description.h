// A release's description as HTML that may stand in a page.
#pragma once

#include <string>
#include <string_view>

namespace bodega::web {

enum class TextForm { markdown, rst, plain };

// By the Description-Content-Type of core metadata. Without one it is reStructuredText by the specification, unless it reads like Markdown
// or like nothing at all: then it is plain.
TextForm text_form_of(std::string_view content_type, std::string_view text);

// Always sanitised (sanitize.h), for an <article> of its own. At most the first megabyte is read. Blocks for some milliseconds, longer for
// texts made for it; for the pool.
std::string render_description(std::string_view text, std::string_view content_type);

}  // namespace bodega::web
