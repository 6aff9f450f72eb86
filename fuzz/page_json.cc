// A project's page as JSON: what the parser makes of it, whole and in pieces as a network brings them.
#include "fuzz_page.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bodega::pypi;
  const auto text = fuzz_text(data, size);
  const auto page = parse_json_page(text, fuzz_base(), "foo");
  if (page) check_page(*page);

  JsonPageReader reader(fuzz_base(), "foo");
  const std::size_t step = 1 + size % 61;
  bool fed = true;
  for (std::size_t at = 0; fed && at < size; at += step) fed = reader.feed(text.substr(at, step)).has_value();
  const auto in_pieces = reader.finish();
  FUZZ_EXPECT((fed && in_pieces.has_value()) == page.has_value());
  if (page) FUZZ_EXPECT(*in_pieces == *page);
  return 0;
}
