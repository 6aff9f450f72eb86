// A JSON file that is too large to hold: finds where the members of its objects and the items of its arrays lie, so that they can be read
// one at a time. What lies inside them is checked when it is read; here only strings and brackets are followed. Not thread-safe.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>

#include "base/result.h"
#include "pypi/format/json_value.h"

namespace bodega::ops {

// Of a value: from its first byte to behind its last.
struct Extent {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  std::uint64_t size() const { return end - begin; }
};

class JsonFile {
 public:
  static Result<JsonFile> open(const std::filesystem::path& path);

  Extent whole() const { return {0, size_}; }
  // invalid: no JSON. too_large: more than kMostAtOnce.
  Result<pypi::Json> read(const Extent& extent);
  static constexpr std::uint64_t kMostAtOnce = 64ULL << 20U;

  // In the order written; nothing when the value is of another kind. invalid: no JSON. `each` may not use this object.
  using EachMember = std::function<Result<void>(std::string key, const Extent& value)>;
  Result<void> members(const Extent& object, const EachMember& each);
  using EachItem = std::function<Result<void>(const Extent& item)>;
  Result<void> items(const Extent& array, const EachItem& each);

 private:
  JsonFile(std::ifstream file, std::uint64_t size) : file_(std::move(file)), size_(size) {}
  int peek();  // -1 at the end of the extent
  int take();
  void seek(const Extent& extent);
  int skip_blanks();                                      // and peeks
  Result<void> skip_string(std::string* kept = nullptr);  // which gets it with its quotes
  Result<Extent> skip_value();
  Result<void> walk(const Extent& extent, char open, char close, const std::function<Result<void>()>& each);

  std::ifstream file_;
  std::uint64_t size_;
  std::uint64_t at_ = 0;
  std::uint64_t end_ = 0;
};

}  // namespace bodega::ops
