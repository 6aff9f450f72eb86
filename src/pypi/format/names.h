// Project names: PEP 508 says what is one, PEP 503 how two spellings are the same.
#pragma once

#include <string>
#include <string_view>

namespace bodega::pypi {

// A name must leave room for a version and a suffix in a file name of at most 255 bytes.
inline constexpr std::size_t kMaxNameLength = 200;

// ASCII letters and digits, with '-', '_', '.' between them; either case; 1 to kMaxNameLength bytes.
bool is_valid_name(std::string_view name);

// PEP 503: lower case, every run of "-_." becomes one "-". Total: other bytes pass through. devpi folds every run of other
// characters; for a valid name the two rules give the same.
std::string normalize_name(std::string_view name);

// normalize_name(name) == normalized, without making a string.
bool normalizes_to(std::string_view name, std::string_view normalized);

// Valid and already in its normal form.
bool is_normalized_name(std::string_view name);

}  // namespace bodega::pypi
