#include "web/printable.h"

#include <algorithm>

#include "base/text.h"
#include "base/utf8.h"

namespace bodega::web {
namespace {

constexpr std::uint32_t kReplacement = 0xFFFD;

}  // namespace

bool is_printable(std::uint32_t code) {
  if (code < 0x20) return code == '\t' || code == '\n' || code == '\r';
  if (code >= 0x7F && code <= 0x9F) return false;
  if ((code >= 0x202A && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069) || code == 0xFEFF) return false;
  return code <= 0x10FFFF && (code & 0xFFFEU) != 0xFFFE && (code < 0xFDD0 || code > 0xFDEF) && (code < 0xD800 || code > 0xDFFF);
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
  return out.substr(0, character_start(out, max)) + "…";
}

}  // namespace bodega::web
