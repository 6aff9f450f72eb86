#include "web/printable.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/text.h"

namespace bodega::web {
namespace {

constexpr std::uint32_t kReplacement = 0xFFFD;

std::uint8_t byte_at(std::string_view text, std::size_t at) { return static_cast<std::uint8_t>(text[at]); }

// RFC 3629: the character at the front and its length in bytes; nullopt when there is none.
struct Character {
  std::uint32_t code = 0;
  std::size_t length = 0;
};
std::optional<Character> first_character(std::string_view text) {
  const std::uint32_t lead = byte_at(text, 0);
  if (lead < 0x80) return Character{lead, 1};
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return std::nullopt;
  std::uint32_t code = lead & (0x7FU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte_at(text, i) & 0xC0U) != 0x80) return std::nullopt;
    code = code << 6U | (byte_at(text, i) & 0x3FU);
  }
  static constexpr std::array<std::uint32_t, 5> kSmallest = {0, 0, 0x80, 0x800, 0x10000};
  if (code < kSmallest[length] || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return std::nullopt;
  return Character{code, length};
}

}  // namespace

bool is_printable(std::uint32_t code) {
  if (code < 0x20) return code == '\t' || code == '\n' || code == '\r';
  if (code >= 0x7F && code <= 0x9F) return false;
  if ((code >= 0x202A && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069) || code == 0xFEFF) return false;
  return code <= 0x10FFFF && (code & 0xFFFEU) != 0xFFFE && (code < 0xFDD0 || code > 0xFDEF) && (code < 0xD800 || code > 0xDFFF);
}

void append_utf8(std::string& out, std::uint32_t code) {
  const auto tail = [code](unsigned shift) { return static_cast<char>(0x80U | ((code >> shift) & 0x3FU)); };
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += {static_cast<char>(0xC0U | (code >> 6U)), tail(0)};
  } else if (code < 0x10000) {
    out += {static_cast<char>(0xE0U | (code >> 12U)), tail(6), tail(0)};
  } else {
    out += {static_cast<char>(0xF0U | (code >> 18U)), tail(12), tail(6), tail(0)};
  }
}

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto plain = std::find_if(text.begin(), text.end(), [](char c) { return !(c >= 0x20 && c < 0x7F); });
    const auto length = static_cast<std::size_t>(plain - text.begin());
    out += text.substr(0, length);
    text.remove_prefix(length);
    if (text.empty()) break;
    const auto character = first_character(text);
    if (!character) {
      append_utf8(out, kReplacement);
      text.remove_prefix(1);
      continue;
    }
    if (is_printable(character->code)) out += text.substr(0, character->length);
    text.remove_prefix(character->length);
  }
  return out;
}

std::string printable_line(std::string_view text, std::size_t max) {
  // Three bytes a character are enough to find `max` bytes in, and a summary of a megabyte costs nothing.
  std::string out = printable(text.substr(0, max * 3 + 3));
  std::replace_if(
      out.begin(), out.end(), [](char c) { return c == '\n' || c == '\r' || c == '\t'; }, ' ');
  out = std::string(trim(out));
  if (out.size() <= max) return out;
  std::size_t end = max;
  while (end > 0 && (byte_at(out, end) & 0xC0U) == 0x80) --end;
  return out.substr(0, end) + "…";
}

}  // namespace bodega::web
