// Characters of UTF-8 (RFC 3629), one at a time. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace bodega {

// Whether a byte goes on with the character that began before it.
constexpr bool continues_character(char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80; }

struct Character {
  std::uint32_t code = 0;
  std::size_t length = 0;  // in bytes
};

// Where the character begins to which the byte at `at` belongs; the size of the text when `at` lies behind it.
std::size_t character_start(std::string_view text, std::size_t at);

// Characters of a text that is valid.
std::size_t count_characters(std::string_view text);

// The character at the front of a text that is not empty; nullopt when what stands there is none.
std::optional<Character> first_character(std::string_view text);

// `code` is a character's: at most U+10FFFF, and no half of a surrogate pair.
void append_utf8(std::string& out, std::uint32_t code);

}  // namespace bodega
