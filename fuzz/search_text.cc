// What the search reads of descriptions and of pages of documentation; the first byte chooses the markup.
#include "fuzz_markup.h"
#include "web/search/html_text.h"
#include "web/search/part_finder.h"
#include "web/search/plain_words.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bodega::web;
  if (size == 0) return 0;
  const auto [text, type] = fuzz_markup(data, size);
  std::string words;
  if (type.empty()) {
    constexpr std::size_t kLimit = 1000;
    words = read_html_text(text, kLimit).text;
    FUZZ_EXPECT(words.size() <= kLimit);
  } else {
    words = plain_words(text, type);
    FUZZ_EXPECT(words.size() <= text.size() + 1);
  }
  const std::string part(text.substr(0, data[0] / 8));
  const std::size_t length = words.size();
  words.append(PartFinder::kSlack, part.empty() ? ' ' : part.front());
  const std::string_view looked_through(words.data(), length);
  FUZZ_EXPECT(PartFinder(part).is_in(looked_through) == (looked_through.find(part) != std::string_view::npos));
  return 0;
}
