#include "http/target.h"

#include <algorithm>

#include "base/text.h"

namespace bodega::http {

namespace {

bool is_hostile(std::string_view segment) {
  if (segment.empty() || segment == "." || segment == ".." || !is_utf8(segment)) return true;
  return std::any_of(segment.begin(), segment.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f || c == '/' || c == '\\';
  });
}

}  // namespace

Result<SplitPath> split_path(std::string_view path) {
  SplitPath result;
  if (path == "*") return result;
  if (path.empty() || path.front() != '/') return fail(Code::invalid, "the path does not begin with a slash");
  path.remove_prefix(1);
  if (path.empty()) {
    result.trailing_slash = true;
    return result;
  }
  if (path.back() == '/') {
    result.trailing_slash = true;
    path.remove_suffix(1);
  }
  for (const auto part : split(path, '/')) {
    auto decoded = percent_decode(part);
    if (!decoded) return fail(Code::invalid, "the path holds a broken percent escape");
    if (is_hostile(*decoded))
      return fail(Code::invalid, "the path holds a segment that is empty, climbs, or hides a separator or control byte");
    result.segments.push_back(std::move(*decoded));
  }
  return result;
}

}  // namespace bodega::http
