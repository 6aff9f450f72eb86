// Whether names hold a part, for tens of thousands of names of some ten letters: eight letters are compared at once, and nothing is called.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

namespace bodega::web {

class PartFinder {
 public:
  // Behind the last letter of what is looked through, so many bytes must be readable.
  static constexpr std::size_t kSlack = 8;

  explicit PartFinder(std::string part) : part_(std::move(part)) {
    const std::size_t head = std::min(part_.size(), kSlack);
    std::memcpy(&head_, part_.data(), head);
    std::memset(&mask_, 0xFF, head);
  }

  bool is_in(std::string_view text) const {
    if (text.size() < part_.size()) return false;
    const char* const last = text.data() + (text.size() - part_.size());
    for (const char* at = text.data(); at <= last; ++at) {
      std::uint64_t letters = 0;
      std::memcpy(&letters, at, sizeof letters);
      if ((letters & mask_) == head_ && has_rest(at)) return true;
    }
    return false;
  }

 private:
  bool has_rest(const char* at) const {
    return part_.size() <= kSlack || std::memcmp(at + kSlack, part_.data() + kSlack, part_.size() - kSlack) == 0;
  }

  std::string part_;
  std::uint64_t head_ = 0;
  std::uint64_t mask_ = 0;
};

}  // namespace bodega::web
