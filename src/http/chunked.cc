#include "http/chunked.h"

#include <algorithm>

#include "http/head_parser.h"

namespace bodega::http {

namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_text(char c) { return (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) || c == '\t'; }

}  // namespace

Result<ChunkedDecoder::Step> ChunkedDecoder::next(std::string_view input) {
  std::size_t at = 0;
  while (at < input.size() && state_ != State::done) {
    if (state_ == State::data) {
      const auto length = static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size() - at));
      left_ -= length;
      if (left_ == 0) state_ = State::data_cr;
      return Step{at + length, input.substr(at, length)};
    }
    if (!step(input[at])) return fail(Code::invalid, "the chunked coding of the request body is broken");
    ++at;
  }
  return Step{at, {}};
}

bool ChunkedDecoder::step(char c) {
  const auto go = [this](State next) {
    state_ = next;
    return true;
  };
  switch (state_) {
    case State::size_first:
    case State::size: {
      const int digit = hex_value(c);
      if (digit >= 0) {
        if (left_ > (UINT64_MAX >> 5)) return false;  // the next digit could overflow
        left_ = left_ * 16 + static_cast<unsigned>(digit);
        return go(State::size);
      }
      if (state_ == State::size_first) return false;
      if (c == ';') return go(State::extension);
      return c == '\r' && go(State::size_lf);
    }
    case State::extension:
      if (c == '\r') return go(State::size_lf);
      return is_text(c) && ++overhead_ <= kMaxChunkOverhead;
    case State::size_lf: overhead_ = 0; return c == '\n' && go(left_ == 0 ? State::trailer_start : State::data);
    case State::data: return false;
    case State::data_cr: return c == '\r' && go(State::data_lf);
    case State::data_lf: return c == '\n' && go(State::size_first);
    case State::trailer_start:
      if (c == '\r') return go(State::end_lf);
      return is_token({&c, 1}) && ++overhead_ <= kMaxChunkOverhead && go(State::trailer_name);
    case State::trailer_name:
      if (c == ':') return go(State::trailer_value);
      return is_token({&c, 1}) && ++overhead_ <= kMaxChunkOverhead;
    case State::trailer_value:
      if (c == '\r') return go(State::trailer_lf);
      return is_text(c) && ++overhead_ <= kMaxChunkOverhead;
    case State::trailer_lf: return c == '\n' && go(State::trailer_start);
    case State::end_lf: return c == '\n' && go(State::done);
    case State::done: return false;
  }
  return false;
}

}  // namespace bodega::http
