// The chunked transfer coding of a request body (RFC 9112 section 7.1), incrementally and strictly: CRLF only, no blank before the size's
// end, no size that does not fit. Extensions and trailer fields are checked for form, bounded, and dropped.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace bodega::http {

class ChunkedDecoder {
 public:
  struct Step {
    std::size_t consumed = 0;  // of the input
    std::string_view data;     // a part of the input
  };
  // Takes what it can off the front of `input` and stops after at most one run of data. Nothing consumed: more input is needed, or done().
  // invalid when the framing is broken: where the next request begins is then unknown.
  Result<Step> next(std::string_view input);
  bool done() const { return state_ == State::done; }

 private:
  enum class State {
    size_first,
    size,
    extension,
    size_lf,
    data,
    data_cr,
    data_lf,
    trailer_start,
    trailer_name,
    trailer_value,
    trailer_lf,
    end_lf,
    done
  };
  bool step(char c);

  State state_ = State::size_first;
  std::uint64_t left_ = 0;    // of the chunk, or its size so far
  std::size_t overhead_ = 0;  // bytes of this chunk's extension, or of all trailers
};

// Extensions of one chunk and all trailers together: nobody sends them, so that this only has to be generous to the curious.
inline constexpr std::size_t kMaxChunkOverhead = 4096;

}  // namespace bodega::http
