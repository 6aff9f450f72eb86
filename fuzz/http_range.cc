// Any bytes as Range, If-Range, If-None-Match and forwarded fields.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include "http/conditional.h"
#include "http/forwarded.h"
#include "http/host_rule.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bodega::http;  // NOLINT(google-build-using-namespace)
  if (size < 8) return 0;
  std::uint64_t total = 0;
  std::memcpy(&total, data, sizeof total);
  const std::string text(reinterpret_cast<const char*>(data) + 8, size - 8);
  const auto choice = choose_range(text, total);
  if (choice.kind == RangeKind::part && (choice.length == 0 || choice.first >= total || choice.length > total - choice.first)) std::abort();
  etag_list_matches(text, "\"abc\"");
  Conditions conditions;
  conditions.range = text;
  conditions.if_range = text;
  conditions.if_modified_since = text;
  select(conditions, {"\"abc\"", bodega::WallTime{}}, AcceptRanges::yes, total);
  const auto trust = ProxyTrust::parse({"127.0.0.0/8"});
  const Headers headers{{"X-Forwarded-For", text}, {"Forwarded", text}, {"X-Forwarded-Host", text}, {"X-Outside-Url", text}};
  outside_of(headers, "own", bodega::IpAddress::parse("127.0.0.1"), *trust);
  HostRule("", {"*.lab"}).allows(text);
  return 0;
}
