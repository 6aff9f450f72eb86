// Forms as uploads send them: multipart/form-data (RFC 7578 over RFC 2046), piece by piece in constant memory, and
// application/x-www-form-urlencoded. Pure; every byte is hostile.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace bodega::http {

struct FormLimits {
  std::size_t parts = 1000;                // a release has some 40 kinds of fields; classifiers and files repeat
  std::size_t head_bytes = 16 * 1024;      // of one part's header fields
  std::uint64_t field_bytes = 8ULL << 20;  // of all parts that are not files together; the longest descriptions are some 2 MiB
};

struct PartHead {
  std::string name;
  std::optional<std::string> filename;  // as sent, a path perhaps: never to be used as one
  std::string content_type;             // empty = not said
};

// What a body is made of, in its order: for each part one `part`, any number of `data`, one `part_end`; then `end`.
struct FormEvent {
  enum class Kind { need_more, part, data, part_end, end };
  Kind kind = Kind::need_more;
  PartHead part;          // of Kind::part
  std::string_view data;  // of Kind::data; stands until the next call
};

class MultipartParser {
 public:
  // From the request's Content-Type. invalid when that is not multipart/form-data with a valid boundary.
  static Result<MultipartParser> make(std::string_view content_type, FormLimits limits = {});

  // Adds bytes; call next() until it needs more before feeding again, then nothing is kept but a few bytes.
  void feed(std::string_view bytes);
  // invalid for a broken form, too_large over a limit. After an error the parser is of no more use.
  Result<FormEvent> next();
  // After the last byte: invalid when the form has not come to its end, as when the transfer was cut off.
  Result<void> finish() const;

 private:
  enum class State { preamble, after_delimiter, head, body, done };
  MultipartParser(std::string boundary, FormLimits limits) : delimiter_("\r\n--" + boundary), limits_(limits) {}
  std::string_view rest() const { return std::string_view(buffer_).substr(at_); }
  Result<FormEvent> preamble();
  Result<FormEvent> after_delimiter();
  Result<FormEvent> head();
  Result<FormEvent> body();
  FormEvent take_data(std::size_t count);

  std::string delimiter_;
  FormLimits limits_;
  State state_ = State::preamble;
  std::string buffer_;
  std::size_t at_ = 0;
  bool at_delimiter_ = false;  // the delimiter was found: part_end comes next
  bool is_file_ = false;
  std::size_t skip_ = 0;  // the CRLF that ends the header block, when no delimiter follows at once
  std::size_t parts_ = 0;
  std::uint64_t field_bytes_ = 0;
};

// "form-data; name=\"a\"; filename=x": the first word in lower case, then parameters with their names in lower case and their values
// unquoted. nullopt when the form is broken or a parameter comes twice.
struct HeaderValue {
  std::string value;
  std::vector<std::pair<std::string, std::string>> parameters;
  const std::string* parameter(std::string_view name) const;
};
std::optional<HeaderValue> parse_header_value(std::string_view text);

using FormFields = std::vector<std::pair<std::string, std::string>>;
// invalid for a broken escape, too_large over a limit.
Result<FormFields> parse_urlencoded(std::string_view body, FormLimits limits = {});

}  // namespace bodega::http
