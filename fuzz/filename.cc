#include "pypi/format/filename.h"

#include "fuzz_input.h"
#include "pypi/format/names.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bodega::pypi;
  const std::string_view name = fuzz_text(data, size);
  const auto candidates = project_candidates(name);
  FUZZ_EXPECT(candidates.size() <= 8);
  for (const auto& candidate : candidates) {
    FUZZ_EXPECT(is_normalized_name(candidate));
    (void)file_version(name, candidate);
    FUZZ_EXPECT(belongs_to_project(name, candidate) == file_version(name, candidate).has_value());
  }
  if (!candidates.empty()) FUZZ_EXPECT(is_safe_filename(name));
  (void)parse_sdist(name);
  const auto checked = check_upload_filename(name, "foo", "1.0");
  if (checked) FUZZ_EXPECT(belongs_to_project(name, "foo"));
  if (const auto wheel = parse_wheel(name)) FUZZ_EXPECT(!wheel->distribution.empty() && !wheel->platform.empty());
  return 0;
}
