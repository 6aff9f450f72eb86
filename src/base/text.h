// Small pure functions over bytes and text: hex, base64, percent-encoding, case folding by ASCII only.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bodega {

std::string to_hex(std::string_view bytes);                 // lower case
std::optional<std::string> from_hex(std::string_view hex);  // either case; nullopt on any other character or odd length
bool is_lower_hex(std::string_view text);                   // every character 0-9a-f; true when empty

std::string base64_encode(std::string_view bytes);
std::optional<std::string> base64_decode(std::string_view text);  // padding optional, no white space

constexpr char ascii_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
std::string to_lower(std::string_view text);
bool iequals(std::string_view a, std::string_view b);
bool istarts_with(std::string_view text, std::string_view prefix);
std::string_view trim(std::string_view text);                                // spaces and tabs, CR, LF
std::vector<std::string_view> split(std::string_view text, char separator);  // "" gives one empty part
// The parts point into the text: not into one that is gone at the end of the line.
template <std::same_as<std::string> Temporary>
std::vector<std::string_view> split(Temporary&& text, char separator) = delete;
std::string fold_blanks(std::string_view text);  // each run of blanks and control characters is one space; none at the front
std::string join(const std::vector<std::string>& parts, std::string_view separator);

// RFC 3986. Decodes once; nullopt for a broken escape. '+' stays '+'.
std::optional<std::string> percent_decode(std::string_view text);
// Encodes everything but unreserved characters and those in `keep`.
std::string percent_encode(std::string_view text, std::string_view keep = {});
// application/x-www-form-urlencoded value: '+' is a space.
std::optional<std::string> form_decode(std::string_view text);

// Text put into HTML or a double-quoted attribute: & < > " '
std::string html_escape(std::string_view text);
void html_escape_to(std::string& out, std::string_view text);
// Appends a JSON string literal with its quotes. Bytes >= 0x80 pass through when they are valid UTF-8, else become U+FFFD.
void json_string_to(std::string& out, std::string_view text);
std::string json_string(std::string_view text);
bool is_utf8(std::string_view text);

// Decimal, no sign, no blanks, no overflow; nullopt otherwise.
std::optional<std::uint64_t> parse_u64(std::string_view text);

// Constant time in the length of `a`; false at once when the lengths differ.
bool constant_time_equal(std::string_view a, std::string_view b);

// Edit distance of two short names, for "did you mean".
std::size_t edit_distance(std::string_view a, std::string_view b);

}  // namespace bodega
