#include "http/conditional.h"

#include "base/text.h"

namespace bodega::http {

namespace {

std::string_view opaque(std::string_view etag) { return etag.starts_with("W/") ? etag.substr(2) : etag; }

// Takes one entity tag with its quotes, without W/, off the front; empty when there is none.
std::string_view take_etag(std::string_view& list) {
  if (list.starts_with("W/")) list.remove_prefix(2);
  if (!list.starts_with('"')) return {};
  const auto close = list.find('"', 1);
  if (close == std::string_view::npos) return {};
  const auto tag = list.substr(0, close + 1);
  list.remove_prefix(close + 1);
  return tag;
}

}  // namespace

bool etag_list_matches(std::string_view list, std::string_view etag) {
  if (etag.empty()) return false;
  list = trim(list);
  if (list == "*") return true;
  bool found = false;
  while (!list.empty()) {
    const auto tag = take_etag(list);
    if (tag.empty()) return false;
    if (tag == opaque(etag)) found = true;
    list = trim(list);
    if (list.empty()) break;
    if (list.front() != ',') return false;
    while (!list.empty() && (list.front() == ',' || list.front() == ' ' || list.front() == '\t')) list.remove_prefix(1);
  }
  return found;
}

bool is_not_modified(const Conditions& conditions, const Validators& validators) {
  // If-None-Match wins; the date is only looked at without it (section 13.2.2).
  if (conditions.has_if_none_match) {
    return trim(conditions.if_none_match) == "*" || etag_list_matches(conditions.if_none_match, validators.etag);
  }
  if (conditions.if_modified_since.empty() || !validators.last_modified) return false;
  const auto since = parse_http_date(conditions.if_modified_since);
  // Last-Modified travels in whole seconds.
  return since && std::chrono::floor<std::chrono::seconds>(*validators.last_modified) <= *since;
}

bool range_applies(const Conditions& conditions, const Validators& validators) {
  if (conditions.range.empty()) return false;
  if (conditions.if_range.empty()) return true;
  if (conditions.if_range.front() == '"') return conditions.if_range == validators.etag;  // strong on both sides
  const auto date = parse_http_date(conditions.if_range);
  return date && validators.last_modified && std::chrono::floor<std::chrono::seconds>(*validators.last_modified) == *date;
}

Selection select(const Conditions& conditions, const Validators& validators, AcceptRanges ranges, std::uint64_t total) {
  if (is_not_modified(conditions, validators)) return {304, 0, 0};
  if (ranges == AcceptRanges::no || !range_applies(conditions, validators)) return {200, 0, total};
  const auto choice = choose_range(conditions.range, total);
  switch (choice.kind) {
    case RangeKind::part: return {206, choice.first, choice.length};
    case RangeKind::unsatisfiable: return {416, 0, 0};
    case RangeKind::whole: break;
  }
  return {200, 0, total};
}

}  // namespace bodega::http
