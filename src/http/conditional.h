// Conditional requests (RFC 9110 section 13), for GET and HEAD of a representation that exists.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/time.h"
#include "http/range.h"

namespace bodega::http {

struct Validators {
  std::string_view etag;  // with quotes, perhaps with W/; empty = none
  std::optional<WallTime> last_modified;
};

// Views into the request's head; absent fields have has_ false or are empty.
struct Conditions {
  bool has_if_none_match = false;
  std::string_view if_none_match;      // all field lines joined
  std::string_view if_modified_since;  // empty = absent
  std::string_view range;              // empty = absent, repeated, or the method is not GET
  std::string_view if_range;
};

// Weak comparison against a list of entity tags, or "*". A list that is not well formed matches nothing.
bool etag_list_matches(std::string_view list, std::string_view etag);

bool is_not_modified(const Conditions& conditions, const Validators& validators);

// If-Range: a strong entity tag that is equal, or exactly the date of Last-Modified. Whether Range may be looked at.
bool range_applies(const Conditions& conditions, const Validators& validators);

// What a GET or HEAD of a 200 answer becomes: 200, 206, 304 or 416.
struct Selection {
  int status = 200;
  std::uint64_t first = 0;
  std::uint64_t length = 0;
};
enum class AcceptRanges { no, yes };
Selection select(const Conditions& conditions, const Validators& validators, AcceptRanges ranges, std::uint64_t total);

}  // namespace bodega::http
