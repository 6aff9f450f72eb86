// A search as people type it: it always means something, within bounds, and what it means can be asked of a name.
#include "web/search/query.h"

#include "fuzz_input.h"
#include "web/search/name_query.h"

namespace {
std::size_t depth_of(const bodega::web::Query& query) {
  std::size_t deepest = 0;
  for (const auto& child : query.children) deepest = std::max(deepest, depth_of(child));
  return deepest + 1;
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bodega::web;
  const auto query = parse_query(fuzz_text(data, size));
  const auto terms = wanted_terms(query);
  FUZZ_EXPECT(terms.size() <= kMaxTerms);
  FUZZ_EXPECT(depth_of(query) <= kMaxDepth * (kMaxTerms + 2));
  for (const auto& term : terms) FUZZ_EXPECT(!term.text.empty() && term.boost >= 0 && term.boost <= 100);
  (void)describe(query);
  (void)holds_name(query, "root", "pypi", "some-name");
  FUZZ_EXPECT(name_wanted(query).size() <= kMaxQueryBytes + kMaxTerms);
  return 0;
}
