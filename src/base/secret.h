// Text that must never reach a log, a page or an error message. It prints as "***"; reveal() is the one way to its value, so a search for
// that word finds every use.
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace bodega {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}
  ~Secret() { wipe(); }
  Secret(const Secret&) = default;
  Secret(Secret&& other) noexcept : value_(std::move(other.value_)) { other.wipe(); }
  Secret& operator=(const Secret&) = default;
  Secret& operator=(Secret&& other) noexcept {
    if (this != &other) {
      wipe();
      value_ = std::move(other.value_);
      other.wipe();
    }
    return *this;
  }

  std::string_view reveal() const { return value_; }
  bool empty() const { return value_.empty(); }

 private:
  void wipe() {
    volatile char* data = value_.data();
    for (std::size_t i = 0; i < value_.size(); ++i) data[i] = 0;
    value_.clear();
  }
  std::string value_;
};

inline std::string_view to_string(const Secret&) { return "***"; }

}  // namespace bodega
