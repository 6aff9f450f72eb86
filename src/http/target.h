// The path of a request, decoded exactly once and taken apart. Whatever could climb, hide or be read in two ways ends here, before any
// handler: names are keys into tables, never pieces of paths on a disk, and this is the first of those two walls.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace bodega::http {

struct SplitPath {
  std::vector<std::string> segments;
  bool trailing_slash = false;
};

// `path` as received, beginning with '/', without query; "*" has no segments. invalid for a broken escape, an empty segment, ".", "..",
// and '/', '\', NUL or another control byte in a decoded segment, and for what is not UTF-8 after decoding.
Result<SplitPath> split_path(std::string_view path);

}  // namespace bodega::http
