// Bytes received and not yet used. Small while a connection is idle, because there may be ten thousand of them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>

namespace bodega::http {

class InputBuffer {
 public:
  std::string_view bytes() const { return {data_.get() + begin_, end_ - begin_}; }
  bool empty() const { return begin_ == end_; }
  char* space() { return data_.get() + end_; }
  std::size_t room() const { return capacity_ - end_; }
  void commit(std::size_t count) { end_ += count; }
  void consume(std::size_t count) {
    begin_ += count;
    if (begin_ == end_) begin_ = end_ = 0;
  }

  // Makes room for at least one more byte, and for kIdle in all. Views into the buffer die.
  void make_room() {
    if (begin_ > 0) {
      std::memmove(data_.get(), data_.get() + begin_, end_ - begin_);
      end_ -= begin_;
      begin_ = 0;
    }
    if (room() == 0 || capacity_ < kIdle) resize(std::max(kIdle, capacity_ * 2));
  }
  void append(std::string_view more) {
    make_room();
    if (room() < more.size()) resize(end_ + more.size());
    std::memcpy(space(), more.data(), more.size());
    commit(more.size());
  }
  // For a connection that goes idle.
  void shrink() {
    if (empty() && capacity_ > kIdle) resize(kIdle);
  }

 private:
  // Holds the heads of pip and uv, which are about 700 bytes with their User-Agent. A longer one costs a second read.
  static constexpr std::size_t kIdle = 1024;

  void resize(std::size_t capacity) {
    auto data = std::make_unique_for_overwrite<char[]>(capacity);
    if (end_ > begin_) std::memcpy(data.get(), data_.get() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
    data_ = std::move(data);
    capacity_ = capacity;
  }

  std::unique_ptr<char[]> data_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace bodega::http
