// Versions and specifiers; the input is two texts divided by a line end.
#include "pypi/format/version.h"

#include "fuzz_input.h"
#include "pypi/format/specifier.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bodega::pypi;
  const std::string_view text = fuzz_text(data, size);
  const auto middle = text.find('\n');
  const auto first = Version::parse(text.substr(0, middle));
  const std::string_view rest = middle == std::string_view::npos ? std::string_view{} : text.substr(middle + 1);
  const auto second = Version::parse(rest);
  if (first) {
    const auto again = Version::parse(first->text());
    FUZZ_EXPECT(again && *again == *first && again->text() == first->text());
  }
  if (first && second) {
    const auto order = *first <=> *second;
    FUZZ_EXPECT((*second <=> *first) == (order < 0 ? std::strong_ordering::greater : order > 0 ? std::strong_ordering::less : order));
  }
  if (const auto set = SpecifierSet::parse(rest); set && first) {
    const bool taken = set->contains(*first);
    if (taken) FUZZ_EXPECT(set->contains(*first, SpecifierSet::Prereleases::take));
  }
  return 0;
}
