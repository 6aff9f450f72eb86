#include "cache/freshness.h"

#include <algorithm>

#include "base/text.h"

namespace bodega::cache {

using catalog::DocumentState;

Use decide_use(const std::optional<Kept>& kept, WallTime now, ClientWish wish, const FreshnessRules& rules) {
  if (!kept) return Use::fetch;
  const Use again = kept->state == DocumentState::present ? Use::revalidate : Use::fetch;
  if (kept->fetched_at > now || now >= kept->expires_at) return again;
  if (wish == ClientWish::no_cache && now - kept->fetched_at >= rules.no_cache_floor) return again;
  return Use::as_is;
}

WallTime refresh_from(const Kept& kept) { return kept.expires_at - (kept.expires_at - kept.fetched_at) / 8; }

WallTime fresh_until(WallTime now, std::string_view cache_control, DocumentState state, const FreshnessRules& rules) {
  using std::chrono::microseconds;
  if (state == DocumentState::absent) return now + std::chrono::duration_cast<microseconds>(rules.negative_ttl);
  const auto told = max_age_of(cache_control);
  const Duration wanted = told ? Duration(*told) : rules.ttl_max;
  return now + std::chrono::duration_cast<microseconds>(std::clamp(wanted, rules.ttl_min, std::max(rules.ttl_min, rules.ttl_max)));
}

bool may_serve_stale(const Kept& kept, WallTime now, const FreshnessRules& rules) {
  return kept.state == DocumentState::present && now - kept.fetched_at <= rules.max_stale;
}

std::optional<std::chrono::seconds> max_age_of(std::string_view cache_control) {
  std::optional<std::chrono::seconds> age;
  for (auto part : split(cache_control, ',')) {
    part = trim(part);
    if (iequals(part, "no-store") || iequals(part, "no-cache")) return std::chrono::seconds(0);
    if (!istarts_with(part, "max-age=")) continue;
    // A year is as good as any larger number and keeps the arithmetic far from overflow.
    constexpr std::uint64_t kYear = 365ULL * 24 * 3600;
    if (const auto seconds = parse_u64(part.substr(8))) age = std::chrono::seconds(std::min(*seconds, kYear));
  }
  return age;
}

}  // namespace bodega::cache
