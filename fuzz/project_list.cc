#include "pypi/format/project_list.h"

#include <string>
#include <vector>

#include "fuzz_input.h"
#include "pypi/format/names.h"

namespace {

using namespace bodega::pypi;

struct Scan {
  bool good = false;
  std::vector<std::string> names;
  bool operator==(const Scan&) const = default;
};

Scan scan(PageFormat format, std::string_view bytes, std::size_t step) {
  ProjectListScanner scanner(format);
  Scan out;
  const auto take = [&](std::string_view name) {
    FUZZ_EXPECT(is_valid_name(name));
    out.names.emplace_back(name);
  };
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    if (!scanner.feed(bytes.substr(at, step), take)) return out;
  }
  out.good = scanner.finish().has_value();
  return out;
}

}  // namespace

// However the bytes are cut, the names are the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = fuzz_text(data, size);
  for (const PageFormat format : {PageFormat::json, PageFormat::html}) {
    const Scan whole = scan(format, bytes, size + 1);
    const Scan pieces = scan(format, bytes, 1);
    FUZZ_EXPECT(whole.good == pieces.good);
    if (whole.good) FUZZ_EXPECT(whole == pieces);
  }
  return 0;
}
