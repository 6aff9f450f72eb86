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

// Tries every name that is one letter away: the names that begin as this one does up to some letter become few with each letter, and are
// none behind the mistake.
class Neighbours {
 public:
  Neighbours(const NameList& names, std::string_view name) : names_(names), name_(name) {}

  std::optional<Nearby> best() {
    NameList::Range alike{0, names_.size()};
    for (std::size_t at = 0; at <= name_.size() && alike.begin < alike.end; ++at) {
      differ_at(at, alike);
      if (at < name_.size()) alike = names_.starting_with(name_.substr(0, at + 1), alike);
    }
    return std::move(best_);
  }

 private:
  void differ_at(std::size_t at, NameList::Range alike) {
    const std::string head(name_.substr(0, at));
    const auto rest = name_.substr(at);
    if (!rest.empty()) consider(head + std::string(rest.substr(1)), alike);
    if (rest.size() > 1) consider(head + rest[1] + rest[0] + std::string(rest.substr(2)), alike);
    for (const char letter : std::string_view("-0123456789abcdefghijklmnopqrstuvwxyz")) {
      const auto with_letter = names_.starting_with(head + letter, alike);
      if (with_letter.begin == with_letter.end) continue;
      consider(head + letter + std::string(rest), with_letter);
      if (!rest.empty()) consider(head + letter + std::string(rest.substr(1)), with_letter);
    }
  }

  void consider(const std::string& other, NameList::Range among) {
    const auto id = other == name_ ? std::nullopt : names_.find(other, among);
    if (id && (!best_ || names_.weight(*id) > best_->weight)) best_ = Nearby{other, 1, names_.weight(*id)};
  }

  const NameList& names_;
  std::string_view name_;
  std::optional<Nearby> best_;
};

// Two letters spoil at most six of the name's grams. Of many candidates those with the most in common are looked at. Of a long name the
// grams that many names have, whose lists are long, are left out: what has enough of all of them has enough of the others.
Result<std::vector<NameId>> much_in_common(const MirrorNames& mirror, std::string_view name) {
  constexpr std::size_t kLookedAt = 20'000;
  constexpr std::size_t kSpoilt = 6;
  constexpr std::size_t kLong = 6;  // grams that must be common to both
  auto grams = grams_of("-" + std::string(name) + "-");
  std::size_t least = grams.size() > kSpoilt ? grams.size() - kSpoilt : 1;
  if (least > kLong) {
    std::sort(grams.begin(), grams.end(), [&mirror](Gram a, Gram b) { return mirror.grams->size_of(a) < mirror.grams->size_of(b); });
    grams.resize(grams.size() - least / 2);
    least -= least / 2;
  }
  std::vector<std::uint8_t> counts(mirror.names->size(), 0);
  std::vector<NameId> out;
  for (const Gram gram : grams) {
    BODEGA_TRY_VOID(mirror.grams->each(gram, [&](NameId id) {
      if (++counts[id] == least) out.push_back(id);
    }));
  }
  std::erase_if(out, [&](NameId id) {
    const auto length = mirror.names->length(id);
    return length + 2 < name.size() || length > name.size() + 2;
  });
  if (out.size() > kLookedAt) {
    const auto more_in_common = [&counts](NameId a, NameId b) { return counts[a] > counts[b]; };
    std::nth_element(out.begin(), out.begin() + kLookedAt, out.end(), more_in_common);
    out.resize(kLookedAt);
  }
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace

std::optional<Nearby> neighbour_of(const NameList& names, std::string_view name) {
  if (allowed_distance(name.size()) == 0 || name.size() > kLongestSpelt) return std::nullopt;
  return Neighbours(names, name).best();
}

Result<std::optional<Nearby>> nearest_name(const MirrorNames& mirror, std::string_view name) {
  auto best = neighbour_of(*mirror.names, name);
  const std::size_t allowed = allowed_distance(name.size());
  if (best || allowed < 2 || name.size() > kLongestSpelt || !mirror.grams) return best;
  const NameList& names = *mirror.names;
  BODEGA_TRY(const auto candidates, much_in_common(mirror, name));
  NameReader reader(names);
  for (const NameId id : candidates) {
    const auto other = reader.name(id);
    const auto distance = other == name ? allowed + 1 : spelling_distance(name, other, allowed);
    if (distance <= allowed && (!best || names.weight(id) > best->weight)) best = Nearby{std::string(other), distance, names.weight(id)};
  }
  return best;
}

}  // namespace bodega::web
