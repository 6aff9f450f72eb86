// Byte ranges (RFC 9110 section 14). Only one range is ever served: for several the RFC lets a server answer the whole, and nobody who
// fetches packages asks for them, while answering them is how servers were exhausted.
#pragma once

#include <cstdint>
#include <string_view>

namespace bodega::http {

enum class RangeKind { whole, part, unsatisfiable };

struct RangeChoice {
  RangeKind kind = RangeKind::whole;
  std::uint64_t first = 0;
  std::uint64_t length = 0;  // of what is sent
};

// `value` is the one Range field of a GET; `total` the length of the representation. Whatever is not valid counts as absent.
RangeChoice choose_range(std::string_view value, std::uint64_t total);

}  // namespace bodega::http
