// Descriptions as strangers write them, to HTML; the first byte chooses the markup. What comes out is checked by the reader of the unit
// tests.
#include "web/description.h"

#include "fuzz_markup.h"
#include "web/html_checker_for_test.h"
#include "web/sanitize.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bodega::web;
  if (size == 0) return 0;
  const auto [text, type] = fuzz_markup(data, size);
  const std::string html = type.empty() ? sanitize_html(text) : render_description(text, type);
  const std::string fault = HtmlChecker::fault_of(html);
  if (!fault.empty()) std::fprintf(stderr, "%s\n", fault.c_str());
  FUZZ_EXPECT(fault.empty());
  return 0;
}
