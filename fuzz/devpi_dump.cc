#include "ops/transfer/dump.h"

#include "fuzz_input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bodega::ops;
  const auto text = fuzz_text(data, size);
  const auto inside = [text](std::string_view part) {
    return part.empty() || (part.data() >= text.data() && part.data() + part.size() <= text.data() + text.size());
  };
  if (const auto value = decode_dump(text)) FUZZ_EXPECT(!value->compact().empty());
  (void)decode_piece(text);
  const auto entry = scan_entry(text);
  if (!entry) return 0;
  FUZZ_EXPECT(inside(entry->renames));
  (void)decode_piece(entry->renames);
  for (const auto& change : entry->changes) {
    FUZZ_EXPECT(inside(change.key) && inside(change.value) && !change.value.empty());
    FUZZ_EXPECT(entry->find(change.key) != nullptr);
    (void)decode_piece(change.value);
  }
  // What the scan passed over is what building it all would have found.
  if (const auto whole = decode_dump(text)) FUZZ_EXPECT(whole->items().size() == 2);
  return 0;
}
