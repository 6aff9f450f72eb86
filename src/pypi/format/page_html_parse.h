// The HTML form of the simple API (PEP 503, 592, 629, 658, 714, 740, 792), read tolerantly: it is untrusted input, often hand-made.
#pragma once

#include <string_view>

#include "base/result.h"
#include "base/url.h"
#include "pypi/format/page.h"

namespace bodega::pypi {

// As parse_json_page(). Anchors that lead to no distribution of this project are left out; of two anchors for one file name the one
// with a hash wins, else the first. Code::invalid: another major repository-version, or a page
// without files that says nowhere that it is an index. Time is linear in the body.
Result<ProjectPage> parse_html_page(std::string_view body, const Url& base, std::string_view name);

}  // namespace bodega::pypi
