// Any bytes as a chunked body: decoded at once and byte by byte they must give the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "http/chunked.h"

namespace {

std::string decode(std::string_view input, std::size_t step) {
  bodega::http::ChunkedDecoder decoder;
  std::string data;
  std::size_t used = 0;
  while (!input.empty() && !decoder.done()) {
    auto piece = input.substr(0, step);
    input.remove_prefix(piece.size());
    while (!piece.empty() && !decoder.done()) {
      const auto result = decoder.next(piece);
      if (!result) return "refused";
      data += result->data;
      used += result->consumed;
      piece.remove_prefix(result->consumed);
    }
  }
  return (decoder.done() ? "done " + std::to_string(used) : "more") + " " + data;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  if (decode(input, size + 1) != decode(input, 1)) std::abort();
  return 0;
}
