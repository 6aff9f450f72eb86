// Descriptions as strangers write them, to HTML; the first byte chooses the markup. What comes out is checked by the reader of the unit
// tests.
#include "web/description.h"

#include <array>

#include "fuzz_input.h"
#include "web/html_checker_for_test.h"
#include "web/sanitize.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bodega::web;
  if (size == 0) return 0;
  constexpr std::array<std::string_view, 3> kTypes = {"text/markdown", "text/x-rst", "text/plain"};
  const auto text = fuzz_text(data + 1, size - 1);
  const std::size_t choice = data[0] % (kTypes.size() + 1);
  const std::string html = choice == kTypes.size() ? sanitize_html(text) : render_description(text, kTypes[choice]);
  const std::string fault = HtmlChecker::fault_of(html);
  if (!fault.empty()) std::fprintf(stderr, "%s\n", fault.c_str());
  FUZZ_EXPECT(fault.empty());
  return 0;
}
