// The JSON form of the simple API (PEP 691, 700, 714, 740, 792), read tolerantly: it is untrusted input.
#pragma once

#include <string_view>

#include "base/result.h"
#include "base/url.h"
#include "pypi/format/page.h"

namespace bodega::pypi {

// `base` is the URL the page came from after redirects; `name` is the normalised name that was asked for. Unknown keys and optional keys
// of a wrong type are ignored; a file without name or URL, or with a hostile name, is left out. Code::invalid: no JSON, not an object,
// another major api-version, or a page that says it is of another project. Needs about four times the body in memory while it runs, the
// result included; with `room` bytes behind the body that may be read (64 are enough) it need not be copied first.
Result<ProjectPage> parse_json_page(std::string_view body, const Url& base, std::string_view name, std::size_t room = 0);

// Does the body begin like JSON, whatever its Content-Type said?
bool looks_like_json(std::string_view body);

}  // namespace bodega::pypi
