// The keys and values an index's options may have. Pure. Internal to index_config.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pypi/index/index_config.h"

namespace bodega::pypi {

tl::unexpected<Error> refuse(std::string message);

// In the order in which devpi's recorded answers show a new index.
std::span<const std::string_view> known_keys(IndexType type);
bool is_known_key(IndexType type, std::string_view key);
// Keys that devpi drops silently wherever they make no sense: old clients and exports carry them.
bool is_dropped_key(std::string_view key);
// What every new index gets for the key, which therefore cannot be removed; null = nothing.
Json default_of(IndexType type, std::string_view owner, std::string_view key);

// A list, or text with commas.
Result<std::vector<std::string>> to_list(const Json& value);
// The value of a known key, checked and in its stored form.
Result<Json> normalized_option(std::string_view key, const Json& value, const IndexExists& exists);

}  // namespace bodega::pypi
