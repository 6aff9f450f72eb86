// Content-Encoding of upstream pages, decoded while they arrive. Not libcurl's own decoding: that takes a gzip body cut in the middle for a
// whole one, and inflates without bound while a transfer is paused.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace bodega::http {

// What we ask for and can read.
inline constexpr std::string_view kAcceptEncoding = "gzip, zstd";

class Decoder {
 public:
  virtual ~Decoder() = default;
  // Appends decoded bytes to `out` until `input` is used up or `out.size()` reaches `limit`; gives how much of `input` was used. May be
  // called with empty input: output can be left over. An error text for broken bytes and for bytes after the end.
  struct Step {
    std::size_t used = 0;
    bool more = false;  // stopped at the limit; call again with the rest of the input
  };
  virtual tl::expected<Step, std::string> decode(std::string_view input, std::string& out, std::size_t limit) = 0;
  // Whether the encoded stream came to its own end. Asked when the transfer is over.
  virtual bool ended() const = 0;
};

// For a Content-Encoding value. Empty or "identity": nullptr. An error text for encodings that cannot be read.
tl::expected<std::unique_ptr<Decoder>, std::string> make_decoder(std::string_view content_encoding);

}  // namespace bodega::http
