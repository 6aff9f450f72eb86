// The path of a link, and a file's URL and name; the input is three lines.
#include "pypi/format/links.h"

#include <string>

#include "base/text.h"
#include "fuzz_input.h"
#include "pypi/format/filename.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bodega;
  using namespace bodega::pypi;
  const auto lines = split(fuzz_text(data, size), '\n');
  const auto given = parse_link(lines[0]);
  if (given) FUZZ_EXPECT(is_safe_filename(given->filename));
  if (lines.size() < 3 || !is_safe_filename(lines[2]) || lines[2].ends_with(".metadata")) return 0;
  ProjectPage page;
  PageFile file;
  file.url = "https://files.test/" + std::string(lines[1]);
  file.filename = lines[2];
  page.files.push_back(file);
  const std::string link = to_link(file);
  const auto decoded = percent_decode(link);
  FUZZ_EXPECT(decoded);
  const auto parsed = parse_link(*decoded);
  FUZZ_EXPECT(parsed && find_file(page, *parsed) == &page.files[0]);
  if (given) (void)find_file(page, *given);
  return 0;
}
