#include "http/range.h"

#include <algorithm>

#include "base/text.h"

namespace bodega::http {

namespace {

RangeChoice suffix_range(std::string_view digits, std::uint64_t total) {
  const auto count = parse_u64(digits);
  if (!count) return {RangeKind::whole, 0, total};
  if (*count == 0 || total == 0) return {RangeKind::unsatisfiable, 0, 0};
  const auto length = std::min(*count, total);
  return {RangeKind::part, total - length, length};
}

}  // namespace

RangeChoice choose_range(std::string_view value, std::uint64_t total) {
  const RangeChoice whole{RangeKind::whole, 0, total};
  if (!istarts_with(value, "bytes=")) return whole;
  const auto spec = trim(value.substr(6));
  const auto dash = spec.find('-');
  if (dash == std::string_view::npos) return whole;
  const auto from = spec.substr(0, dash);
  const auto to = spec.substr(dash + 1);
  if (from.empty()) return suffix_range(to, total);
  const auto first = parse_u64(from);
  if (!first) return whole;
  auto last = to.empty() ? std::optional<std::uint64_t>(UINT64_MAX) : parse_u64(to);
  if (!last || *last < *first) return whole;
  if (*first >= total) return {RangeKind::unsatisfiable, 0, 0};
  last = std::min(*last, total - 1);
  return {RangeKind::part, *first, *last - *first + 1};
}

}  // namespace bodega::http
