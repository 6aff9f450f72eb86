// Any bytes as a form: at once and byte by byte the same parts must come out, within the limits. The first byte chooses the boundary.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "http/multipart.h"

namespace {

using bodega::http::FormEvent;

std::string read(std::string_view input, std::size_t step, const std::string& type) {
  auto parser = bodega::http::MultipartParser::make(type, {20, 500, 2000});
  if (!parser) return "type";
  std::string seen;
  while (!input.empty()) {
    parser->feed(input.substr(0, step));
    input.remove_prefix(std::min(step, input.size()));
    while (true) {
      const auto event = parser->next();
      if (!event) return "refused";
      if (event->kind == FormEvent::Kind::need_more) break;
      if (event->kind == FormEvent::Kind::part) seen += "(" + event->part.name + "/" + event->part.filename.value_or("-") + ")";
      if (event->kind == FormEvent::Kind::part_end) seen += "|";
      if (event->kind == FormEvent::Kind::end) seen += ".";
      seen += event->data;
    }
  }
  return seen + (parser->finish() ? "" : "?");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::string type = data[0] % 2 == 0 ? "multipart/form-data; boundary=b" : "multipart/form-data; boundary=\"-- -\"";
  if (read(input, size, type) != read(input, 1, type)) std::abort();
  bodega::http::parse_urlencoded(input);
  bodega::http::parse_header_value(input);
  bodega::http::MultipartParser::make(input);
  return 0;
}
