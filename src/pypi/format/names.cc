#include "pypi/format/names.h"

#include <algorithm>

#include "base/text.h"

namespace bodega::pypi {
namespace {

bool is_separator(char c) { return c == '-' || c == '_' || c == '.'; }

bool is_alnum(char c) { return (c >= '0' && c <= '9') || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z'); }

}  // namespace

bool is_valid_name(std::string_view name) {
  if (name.empty() || name.size() > kMaxNameLength || !is_alnum(name.front()) || !is_alnum(name.back())) return false;
  return std::all_of(name.begin(), name.end(), [](char c) { return is_alnum(c) || is_separator(c); });
}

std::string normalize_name(std::string_view name) {
  std::string out;
  out.reserve(name.size());
  bool in_run = false;
  for (const char c : name) {
    if (!is_separator(c)) {
      out += ascii_lower(c);
    } else if (!in_run) {
      out += '-';
    }
    in_run = is_separator(c);
  }
  return out;
}

bool normalizes_to(std::string_view name, std::string_view normalized) {
  std::size_t at = 0;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (is_separator(name[i]) && i > 0 && is_separator(name[i - 1])) continue;
    if (at == normalized.size() || normalized[at] != (is_separator(name[i]) ? '-' : ascii_lower(name[i]))) return false;
    ++at;
  }
  return at == normalized.size();
}

bool is_normalized_name(std::string_view name) { return is_valid_name(name) && normalize_name(name) == name; }

}  // namespace bodega::pypi
