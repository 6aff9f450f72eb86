#include "pypi/format/page_fields.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "base/time.h"
#include "pypi/format/filename.h"
#include "pypi/format/page.h"

namespace bodega::pypi {
namespace {

enum : unsigned char { kHexDigit = 1, kNoControl = 2 };

constexpr std::array<unsigned char, 256> kClasses = [] {
  std::array<unsigned char, 256> table{};
  for (std::size_t c = 0x20; c < 256; ++c) table[c] = c == 0x7F ? 0 : kNoControl;
  for (std::size_t c = '0'; c <= '9'; ++c) table[c] |= kHexDigit;
  for (std::size_t c = 'a'; c <= 'f'; ++c) table[c] |= kHexDigit;
  for (std::size_t c = 'A'; c <= 'F'; ++c) table[c] |= kHexDigit;
  return table;
}();

// Whether every character is of the class. A page has megabytes of such text, and next to none of it is wrong: no early end.
bool all(std::string_view text, unsigned char kind) {
  unsigned char seen = kind;
  for (const char c : text) seen &= kClasses[static_cast<unsigned char>(c)];
  return seen == kind;
}

bool is_hex(std::string_view text) { return all(text, kHexDigit); }
bool has_control(std::string_view text) { return !all(text, kNoControl); }

}  // namespace

bool is_hash(std::string_view algorithm, std::string_view hex) {
  constexpr std::size_t kLongest = 32;  // "sha3_512", "blake2b_256" and room
  const auto word = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-'; };
  if (algorithm.empty() || algorithm.size() > kLongest || !std::all_of(algorithm.begin(), algorithm.end(), word)) return false;
  if (algorithm == "sha256" ? hex.size() != 64 : hex.empty() || hex.size() > 256) return false;
  return is_hex(hex);
}

bool is_cut_sha256(std::string_view algorithm, std::string_view hex) {
  constexpr std::size_t kLeast = 4;  // devpi's address has three digits, a slash, and the next ones
  return algorithm == "sha256" && hex.size() >= kLeast && hex.size() < 64 && is_hex(hex);
}

bool is_requires_python(std::string_view text) { return text.size() <= 4096 && !has_control(text); }

bool is_provenance_url(std::string_view text) {
  if (!text.starts_with("https://") && !text.starts_with("http://")) return false;
  const auto bad = [](char c) { return c == ' ' || c == '"' || c == '<' || c == '>' || c == '\\'; };
  return text.size() <= 4096 && !has_control(text) && std::none_of(text.begin(), text.end(), bad);
}

bool is_status_word(std::string_view text) {
  return !text.empty() && text.size() <= 64 &&
         std::all_of(text.begin(), text.end(), [](char c) { return (c >= 'a' && c <= 'z') || c == '-'; });
}

bool is_version_text(std::string_view text) { return !text.empty() && text.size() <= kMaxFilename && !has_control(text); }

bool is_api_version_1(std::string_view text) { return text == "1" || (text.starts_with("1.") && parse_u64(text.substr(2)).has_value()); }

std::string read_upload_time(std::string_view text) {
  if (is_upload_time(text)) return std::string(text);
  const auto time = parse_rfc3339(text);
  return time ? rfc3339(*time) : std::string();
}

}  // namespace bodega::pypi
