#include "pypi/format/metadata.h"

#include "fuzz_input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bodega::pypi;
  const auto metadata = Metadata::parse(fuzz_text(data, size));
  std::size_t total = metadata.description().size();
  for (const auto& field : metadata.fields()) {
    FUZZ_EXPECT(!field.name.empty() && metadata.count(field.name) > 0);
    total += field.value.size();
  }
  FUZZ_EXPECT(total <= 2 * size);
  (void)metadata.requires_python();
  (void)metadata.all("Classifier");
  return 0;
}
