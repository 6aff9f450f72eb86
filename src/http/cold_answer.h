// A handler's response made to fit its request: what goes out as head, and which part of the body follows. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "http/message.h"

namespace bodega::http {

enum class Framing { none, length, chunked, until_close };

struct ColdAnswer {
  int status = 200;
  std::string head;                 // without Date, Connection, X-Cache, X-Request-Id and the blank line
  Framing framing = Framing::none;  // none: no body follows
  std::uint64_t first = 0;
  std::optional<std::uint64_t> length;  // of what follows; absent: until the file ends
};

// nullopt: not known yet, the file still grows.
std::optional<std::uint64_t> body_length(const Body& body);

ColdAnswer shape_answer(const Request& request, const Response& response, int minor_version);

}  // namespace bodega::http
