// Markdown as people write it for GitHub and the public index (CommonMark with tables, strikethrough and bare links), by cmark-gfm.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace bodega::web {

// cmark-gfm takes a time that grows with the square of some texts (CVE-2023-22483 and its like are open in Debian 12), so it works under
// these. A README of 100 KB takes some 3 ms and 4 MB.
struct MarkdownLimits {
  std::chrono::milliseconds time{300};  // of this thread's processor time
  std::size_t memory = 32U << 20U;
};

// HTML as the author meant it, his own raw HTML included: for sanitize_html() only. nullopt: over a limit. Blocks; any thread, one at a
// time, because cmark-gfm keeps its tables of special characters for the whole process.
std::optional<std::string> markdown_to_html(std::string_view text, MarkdownLimits limits = {});

std::string markdown_version();  // of cmark-gfm, as it runs: "0.29.0.gfm.6"

}  // namespace bodega::web
