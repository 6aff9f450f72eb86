#include "web/search/spelling.h"

#include <algorithm>
#include <array>
#include <numeric>

namespace bodega::web {
namespace {

constexpr std::size_t kLongestSpelt = 64;

}  // namespace

std::size_t allowed_distance(std::size_t length) { return length < 4 ? 0 : length < 8 ? 1 : 2; }

// Optimal string alignment, in three rows.
std::size_t spelling_distance(std::string_view a, std::string_view b, std::size_t limit) {
  const std::size_t gap = a.size() > b.size() ? a.size() - b.size() : b.size() - a.size();
  if (gap > limit || a.size() > kLongestSpelt || b.size() > kLongestSpelt + limit) return limit + 1;
  std::array<std::array<std::uint8_t, kLongestSpelt + 4>, 3> rows;  // NOLINT: filled below
  std::uint8_t* before = rows[0].data();
  std::uint8_t* last = rows[1].data();
  std::uint8_t* row = rows[2].data();
  std::iota(last, last + b.size() + 1, std::uint8_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = static_cast<std::uint8_t>(i);
    std::uint8_t least = row[0];
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const int other = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      int best = std::min({last[j] + 1, row[j - 1] + 1, other});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) best = std::min(best, before[j - 2] + 1);
      row[j] = static_cast<std::uint8_t>(best);
      least = std::min(least, row[j]);
    }
    if (least > limit) return limit + 1;
    std::swap(before, last);
    std::swap(last, row);
  }
  return std::min<std::size_t>(last[b.size()], limit + 1);
}

namespace {

// Of many candidates those with the most grams in common are looked at.
std::size_t least_in_common(const NameList& names, const std::vector<std::uint8_t>& counts, std::size_t length, std::size_t grams) {
  constexpr std::size_t kLookedAt = 20'000;
  const std::size_t allowed = allowed_distance(length);
  // A changed letter spoils three grams, two swapped ones four.
  const std::size_t spoilt = allowed == 1 ? 4 : 6;
  std::array<std::size_t, 256> with{};
  for (NameId id = 0; id < names.size(); ++id) {
    const auto other = names.length(id);
    if (other + allowed >= length && other <= length + allowed) ++with[counts[id]];
  }
  std::size_t least = grams > spoilt ? grams - spoilt : 1;
  std::size_t seen = 0;
  for (std::size_t count = grams; count > least; --count) {
    seen += with[count];
    if (seen + with[count - 1] > kLookedAt) return count;
  }
  return least;
}

}  // namespace

Result<std::optional<Nearby>> nearest_name(const MirrorNames& mirror, std::string_view name) {
  const std::size_t allowed = allowed_distance(name.size());
  if (allowed == 0 || name.size() > kLongestSpelt || !mirror.grams) return std::optional<Nearby>();
  const NameList& names = *mirror.names;
  std::vector<std::uint8_t> counts(names.size(), 0);
  const auto grams = grams_of("-" + std::string(name) + "-");
  for (const Gram gram : grams) BODEGA_TRY_VOID(mirror.grams->count(gram, counts));
  const std::size_t least = least_in_common(names, counts, name.size(), grams.size());
  std::optional<Nearby> best;
  for (NameId id = 0; id < names.size(); ++id) {
    if (counts[id] < least) continue;
    const std::size_t limit = best ? best->distance : allowed;
    const auto other = names.name(id);
    const std::size_t distance = other == name ? limit + 1 : spelling_distance(name, other, limit);
    if (distance > limit) continue;
    const bool better = !best || distance < best->distance || names.weight(id) > best->weight;
    if (better) best = Nearby{std::string(other), distance, names.weight(id)};
  }
  return best;
}

}  // namespace bodega::web
