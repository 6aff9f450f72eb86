// A text whose first byte says what it is written in.
#pragma once

#include <array>
#include <string_view>

#include "fuzz_input.h"

struct FuzzMarkup {
  std::string_view text;
  std::string_view type;  // core metadata's Description-Content-Type; empty: it is HTML
};

// `size` is not 0.
inline FuzzMarkup fuzz_markup(const std::uint8_t* data, std::size_t size) {
  constexpr std::array<std::string_view, 4> kTypes = {"text/markdown", "text/x-rst", "text/plain", ""};
  return {fuzz_text(data + 1, size - 1), kTypes[data[0] % kTypes.size()]};
}
