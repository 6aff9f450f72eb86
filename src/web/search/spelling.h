// The names that somebody may have meant who misspelt one. nearest_name() blocks, the others are pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "web/search/name_query.h"

namespace bodega::web {

struct Nearby {
  std::string name;
  std::size_t distance = 0;  // letters changed, added, left out, or swapped with the next
  unsigned weight = 0;       // NameList's
};
// The best other name for a misspelt one: near first, then well-known. One letter may differ, from eight letters on two.
Result<std::optional<Nearby>> nearest_name(const MirrorNames& mirror, std::string_view name);
// Likewise; one letter may differ.
std::optional<Nearby> neighbour_of(const NameList& names, std::string_view name);

std::size_t allowed_distance(std::size_t length);  // 0: too short to guess
// More than `limit`: limit + 1.
std::size_t spelling_distance(std::string_view a, std::string_view b, std::size_t limit);

}  // namespace bodega::web
