// The head of a request (RFC 9112, strictly): everything that two parsers on one path could read differently is refused, because that is
// what request smuggling lives from. Parses in place: all views point into the caller's buffer and live as long as it is not touched.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "http/message.h"

namespace bodega::http {

// The header fields that the connection itself looks at, recognised while parsing.
enum class Field : std::uint8_t {
  other,
  host,
  connection,
  content_length,
  transfer_encoding,
  accept,
  accept_encoding,
  user_agent,
  if_none_match,
  if_modified_since,
  range,
  if_range,
  expect,
  cache_control,
  pragma,
  x_devpi_absolute_urls,
  count,
};
inline constexpr std::size_t kFieldCount = static_cast<std::size_t>(Field::count);

Field identify_field(std::string_view name);

struct HeadField {
  std::string_view name;
  std::string_view value;  // without surrounding blanks
};

// Reused from request to request, so that its vector allocates once.
struct RequestHead {
  Method method = Method::get;
  int minor_version = 1;  // HTTP/1.x
  bool keep_alive = true;
  bool expect_continue = false;
  bool chunked = false;
  bool browser = false;  // is_browser() of message.h
  std::optional<std::uint64_t> content_length;
  std::string_view method_text;
  std::string_view target;  // origin-form; "*" for OPTIONS; of an absolute-form the part from the path on
  std::string_view path;
  std::string_view query;  // without '?'
  std::string_view host;   // Host, or the authority of an absolute-form
  std::size_t bytes = 0;   // of the head with its blank line, and an empty line before it
  std::vector<HeadField> fields;

  bool has(Field field) const { return (seen_ & bit(field)) != 0; }
  bool repeated(Field field) const { return (repeated_ & bit(field)) != 0; }
  std::string_view first(Field field) const { return has(field) ? first_[static_cast<std::size_t>(field)] : std::string_view{}; }
  bool has_body() const { return chunked || content_length.value_or(0) > 0; }

  void reset();
  void note(Field field, std::string_view value);

 private:
  static constexpr std::uint32_t bit(Field field) { return 1U << static_cast<unsigned>(field); }
  std::uint32_t seen_ = 0;
  std::uint32_t repeated_ = 0;
  std::array<std::string_view, kFieldCount> first_{};
};

struct HeadLimits {
  std::size_t head_bytes = 32 * 1024;
  std::size_t line_bytes = 8 * 1024;  // the request line, as nginx: one buffer
  std::size_t fields = 100;           // as Apache
};

// Why a head was refused. The connection must close after the answer: where the next request begins is not known.
struct HeadFault {
  int status = 400;
  std::string_view text;
};

enum class HeadStatus { need_more, complete, refused };

// `bytes` is everything received since the head began. `scanned` starts at 0 with each head and belongs to the parser: it makes a head that
// arrives byte by byte cost linear time.
HeadStatus parse_head(std::string_view bytes, std::size_t& scanned, const HeadLimits& limits, RequestHead& head, HeadFault& fault);

bool is_token(std::string_view text);       // RFC 9110 section 5.6.2
bool is_host_value(std::string_view text);  // uri-host [":" port]; empty is one
// The members of a comma list contain `token`, without case.
bool list_has(std::string_view list, std::string_view token);

}  // namespace bodega::http
