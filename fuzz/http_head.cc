// Any bytes as a request head: whole, and in two pieces, which must come to the same verdict; views stay inside the input.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "http/conditional.h"
#include "http/head_parser.h"
#include "http/target.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bodega::http;  // NOLINT(google-build-using-namespace)
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  RequestHead head;
  HeadFault fault;
  std::size_t scanned = 0;
  const auto whole = parse_head(bytes, scanned, {}, head, fault);
  if (whole == HeadStatus::refused) require(fault.status >= 400 && fault.status < 600 && !fault.text.empty());
  if (whole == HeadStatus::complete) {
    require(head.bytes <= bytes.size() && std::string_view(bytes).substr(0, head.bytes).ends_with("\r\n\r\n"));
    require(!(head.chunked && head.content_length));
    for (const auto& field : head.fields) {
      require(is_token(field.name) && field.value.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos);
      require(field.value.data() >= bytes.data() && field.value.data() + field.value.size() <= bytes.data() + head.bytes);
    }
    require(is_host_value(head.host));
    if (const auto path = split_path(head.path)) {
      for (const auto& segment : path->segments)
        require(!segment.empty() && segment != "." && segment != ".." && segment.find('/') == std::string::npos);
    }
    Conditions conditions;
    conditions.has_if_none_match = head.has(Field::if_none_match);
    conditions.if_none_match = head.first(Field::if_none_match);
    conditions.if_modified_since = head.first(Field::if_modified_since);
    conditions.range = head.first(Field::range);
    conditions.if_range = head.first(Field::if_range);
    const auto chosen = select(conditions, {"\"e\"", {}}, AcceptRanges::yes, 1000);
    require(chosen.first + chosen.length <= 1000);
  }
  // The same in two pieces. A prefix may only be refused when the whole is not taken.
  if (size > 1) {
    const std::string part = bytes.substr(0, size / 2);
    std::size_t again = 0;
    const auto first = parse_head(part, again, {}, head, fault);
    if (first == HeadStatus::refused) require(whole != HeadStatus::complete);
    if (first == HeadStatus::need_more) require(parse_head(bytes, again, {}, head, fault) == whole || whole == HeadStatus::need_more);
  }
  return 0;
}
