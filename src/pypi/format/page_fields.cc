#include "pypi/format/page_fields.h"

#include <algorithm>

#include "base/text.h"
#include "base/time.h"
#include "pypi/format/filename.h"
#include "pypi/format/page.h"

namespace bodega::pypi {
namespace {

bool is_hex_digit(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

}  // namespace

bool is_hash(std::string_view algorithm, std::string_view hex) {
  constexpr std::size_t kLongest = 32;  // "sha3_512", "blake2b_256" and room
  const auto word = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-'; };
  if (algorithm.empty() || algorithm.size() > kLongest || !std::all_of(algorithm.begin(), algorithm.end(), word)) return false;
  if (algorithm == "sha256" ? hex.size() != 64 : hex.empty() || hex.size() > 256) return false;
  return std::all_of(hex.begin(), hex.end(), is_hex_digit);
}

bool is_cut_sha256(std::string_view algorithm, std::string_view hex) {
  constexpr std::size_t kLeast = 4;  // devpi's address has three digits, a slash, and the next ones
  return algorithm == "sha256" && hex.size() >= kLeast && hex.size() < 64 && std::all_of(hex.begin(), hex.end(), is_hex_digit);
}

bool is_requires_python(std::string_view text) { return text.size() <= 4096 && std::none_of(text.begin(), text.end(), is_control); }

bool is_provenance_url(std::string_view text) {
  if (!text.starts_with("https://") && !text.starts_with("http://")) return false;
  const auto bad = [](char c) { return is_control(c) || c == ' ' || c == '"' || c == '<' || c == '>' || c == '\\'; };
  return text.size() <= 4096 && std::none_of(text.begin(), text.end(), bad);
}

bool is_status_word(std::string_view text) {
  return !text.empty() && text.size() <= 64 &&
         std::all_of(text.begin(), text.end(), [](char c) { return (c >= 'a' && c <= 'z') || c == '-'; });
}

bool is_version_text(std::string_view text) {
  return !text.empty() && text.size() <= kMaxFilename && std::none_of(text.begin(), text.end(), is_control);
}

bool is_api_version_1(std::string_view text) { return text == "1" || (text.starts_with("1.") && parse_u64(text.substr(2)).has_value()); }

std::string read_upload_time(std::string_view text) {
  if (is_upload_time(text)) return std::string(text);
  const auto time = parse_rfc3339(text);
  return time ? rfc3339(*time) : std::string();
}

}  // namespace bodega::pypi
