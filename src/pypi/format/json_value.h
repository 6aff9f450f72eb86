// A JSON value whose objects keep the order of their keys: devpi's answers have one, and users' own data comes back as it was given.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"

namespace bodega::pypi {

class Json {
 public:
  using Array = std::vector<Json>;
  using Member = std::pair<std::string, Json>;
  // Few keys each: looked up one after the other.
  using Object = std::vector<Member>;

  Json() = default;  // null
  Json(bool value) : value_(value) {}
  Json(int value) : value_(std::int64_t{value}) {}
  Json(std::int64_t value) : value_(value) {}
  Json(std::uint64_t value) : value_(value) {}
  Json(double value) : value_(value) {}
  Json(std::string value) : value_(std::move(value)) {}
  Json(std::string_view value) : value_(std::string(value)) {}
  Json(const char* value) : value_(std::string(value)) {}
  Json(Array value) : value_(std::move(value)) {}
  Json(Object value) : value_(std::move(value)) {}
  Json(const std::vector<std::string>& values) : value_(Array(values.begin(), values.end())) {}
  static Json object() { return Json(Object{}); }
  static Json array() { return Json(Array{}); }

  // One JSON text (RFC 8259), UTF-8, at most `kMaxDepth` deep. invalid. Of a key given twice the last value counts, at the first place.
  static Result<Json> parse(std::string_view text);
  // Whether parse() would take it, without making the value: for texts that are kept as they are. invalid.
  static Result<void> check(std::string_view text);
  static constexpr std::size_t kMaxDepth = 64;  // configuration, not data; also bounds our recursion

  bool is_null() const { return std::holds_alternative<std::monostate>(value_); }
  bool is_object() const { return std::holds_alternative<Object>(value_); }
  bool is_array() const { return std::holds_alternative<Array>(value_); }
  bool is_string() const { return std::holds_alternative<std::string>(value_); }
  const bool* boolean() const { return std::get_if<bool>(&value_); }
  const std::string* string() const { return std::get_if<std::string>(&value_); }
  const std::int64_t* integer() const { return std::get_if<std::int64_t>(&value_); }
  const double* real() const { return std::get_if<double>(&value_); }
  // Empty when the value is of another kind.
  const Array& items() const;
  const Object& members() const;

  // Python's truth: null, false, 0, "", [] and {} are not.
  bool truthy() const;

  // Of an object.
  const Json* find(std::string_view key) const;       // nullptr: no such key, or no object
  std::string_view text(std::string_view key) const;  // "" when absent or no string
  void set(std::string_view key, Json value);         // keeps the place of a present key, else appends
  bool remove(std::string_view key);
  // Of an array.
  void push_back(Json value);

  // As Python's json.dumps(value, indent=2): ASCII only, "\u00fc", surrogate pairs; no final newline.
  std::string pretty() const;
  // As json.dumps(value, separators=(",", ":")): the same escapes, no white space.
  std::string compact() const;

  // Objects are equal whatever the order of their keys, as in Python.
  bool operator==(const Json& other) const;

 private:
  // Whole numbers that fit are int64_t; uint64_t holds the larger ones only.
  std::variant<std::monostate, bool, std::int64_t, std::uint64_t, double, std::string, Array, Object> value_;
  friend class JsonWriter;
  friend std::string python_repr(const Json& value);
};

// As Python prints a value in an error message: repr() and str(). They differ for strings at the top only.
std::string python_repr(const Json& value);
std::string python_str(const Json& value);

}  // namespace bodega::pypi
