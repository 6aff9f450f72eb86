#include "pypi/format/array_splitter.h"

#include <algorithm>
#include <array>
#include <utility>

namespace bodega::pypi {
namespace {

constexpr std::array<bool, 256> kPunctuation = [] {
  std::array<bool, 256> table{};
  for (const unsigned char c : {'"', '{', '}', '[', ']', ',', ':'}) table[c] = true;
  return table;
}();

bool is_blank(std::string_view text) { return text.find_first_not_of(" \t\r\n") == std::string_view::npos; }

}  // namespace

ArraySplitter::ArraySplitter(std::string member, std::size_t batch_bytes, Batch batch)
    : member_(std::move(member)), batch_bytes_(batch_bytes), batch_(std::move(batch)) {}

Result<void> ArraySplitter::feed(std::string_view text) {
  text_ = text;
  taken_ = 0;
  for (std::size_t at = 0; at < text.size();) {
    if (in_string_) {
      skip_string(at);
      continue;
    }
    if (kPunctuation[static_cast<unsigned char>(text[at])]) BODEGA_TRY_VOID(punctuation(at));
    ++at;
  }
  take(text.size());
  return {};
}

std::string ArraySplitter::finish() {
  rest_.reserve(rest_.size() + kRoom);
  return std::move(rest_);
}

// To behind the closing quote, or to the end of what is here.
void ArraySplitter::skip_string(std::size_t& at) {
  if (std::exchange(escaped_, false)) ++at;
  while (at < text_.size()) {
    const std::size_t quote = std::min(text_.find('"', at), text_.size());
    std::size_t slash = quote;  // the first of the backslashes before it
    while (slash > at && text_[slash - 1] == '\\') --slash;
    const bool odd = (quote - slash) % 2 == 1;
    at = quote;
    if (at == text_.size()) {
      escaped_ = odd;
      return;
    }
    if (!odd) {
      in_string_ = false;
      if (in_object()) {
        take(at);
        is_key_ = std::string_view(rest_).substr(key_begin_) == member_;
      }
      ++at;
      return;
    }
    ++at;
  }
}

Result<void> ArraySplitter::punctuation(std::size_t at) {
  const char c = text_[at];
  if (c == '"') {
    in_string_ = true;
    if (in_object()) {
      take(at + 1);
      key_begin_ = rest_.size();
    }
    return {};
  }
  const bool is_value = std::exchange(is_value_, false);
  const bool is_key = std::exchange(is_key_, false);
  if (c == ':') {
    is_value_ = is_key && in_object();
  } else if (c == '{' || c == '[') {
    if (c == '[' && is_value) begin_array(at);
    ++depth_;
  } else if (c == '}' || c == ']') {
    if (in_array_ && depth_ == 2) BODEGA_TRY_VOID(end_array(at));
    if (depth_ > 0) --depth_;
  } else if (in_array_ && depth_ == 2 && elements_.size() + at - taken_ >= batch_bytes_) {
    take(at);
    taken_ = at + 1;
    cut_ = true;
    return hand_over();
  }
  return {};
}

void ArraySplitter::begin_array(std::size_t at) {
  take(at + 1);
  in_array_ = true;
  cut_ = false;
  ++arrays_;
  // An element over, because a batch ends where an element does.
  constexpr std::size_t kElement = 4096;
  elements_.reserve(std::min(batch_bytes_ + kElement, text_.size() - at) + kRoom);
  elements_ = "[";
}

Result<void> ArraySplitter::end_array(std::size_t at) {
  take(at);
  in_array_ = false;
  if (is_blank(std::string_view(elements_).substr(1))) {
    if (!cut_) return {};
    elements_ += ',';  // as it was given: nothing behind a comma
  }
  return hand_over();
}

Result<void> ArraySplitter::hand_over() {
  elements_ += ']';
  elements_.reserve(elements_.size() + kRoom);
  BODEGA_TRY_VOID(batch_(elements_));
  elements_.resize(1);
  return {};
}

void ArraySplitter::take(std::size_t end) {
  (in_array_ ? elements_ : rest_).append(text_.substr(taken_, end - taken_));
  taken_ = end;
}

}  // namespace bodega::pypi
