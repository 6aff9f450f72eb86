// The one place where response heads become bytes. Control bytes never pass, whatever a handler put into a value: header injection has
// nowhere to happen.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/message.h"

namespace bodega::http {

// "HTTP/1.1 404 Not Found\r\n". The phrase holds printable ASCII only, at most kMaxReason bytes; empty = the standard one.
void append_status_line(std::string& out, int status, std::string_view reason);
// "Name: value\r\n"; nothing at all when the name is no token.
void append_field(std::string& out, std::string_view name, std::string_view value);
void append_field(std::string& out, std::string_view name, std::uint64_t value);

// pip prints the whole reason phrase; more than this no terminal shows well.
inline constexpr std::size_t kMaxReason = 200;

// Fields that belong to the connection: a handler's are ignored.
bool is_connection_field(std::string_view name);
// What a 304 keeps of the 200's fields (RFC 9110 section 15.4.5).
bool belongs_to_304(std::string_view name);

// Status line and fields of `response` but those of the connection; Content-Length as the last line when `length` is given. No blank line.
std::string make_head(const Response& response, std::optional<std::uint64_t> length);
std::string make_head_304(const Response& response);

// From the 200's head that ends with Content-Length: the same fields under 206 and Content-Range.
std::string make_head_206(std::string_view head, std::uint64_t first, std::uint64_t length, std::uint64_t total);
std::string make_head_416(std::uint64_t total);

}  // namespace bodega::http
