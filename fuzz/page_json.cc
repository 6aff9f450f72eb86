#include "fuzz_page.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bodega::pypi;
  const auto page = parse_json_page(fuzz_text(data, size), fuzz_base(), "foo");
  if (page) check_page(*page);
  return 0;
}
