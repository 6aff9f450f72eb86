// When a document may be used as it is, must be asked about again, or may be served although it is old. Pure.
#pragma once

#include <optional>
#include <string_view>

#include "base/time.h"
#include "catalog/rows.h"

namespace bodega::cache {

struct FreshnessRules {
  Duration ttl_min = std::chrono::seconds(60);         // an upstream that says less is not asked more often than this
  Duration ttl_max = std::chrono::seconds(1800);       // devpi's default expiry: the longest a new release may stay unseen
  Duration negative_ttl = std::chrono::seconds(60);    // a name that was unknown may be registered the next minute
  Duration max_stale = std::chrono::hours(24 * 30);    // how old a copy may be that stands in for a failing upstream
  Duration no_cache_floor = std::chrono::seconds(10);  // a client's no-cache asks the upstream at most this often
  Duration patience = std::chrono::seconds(5);         // how long an asker with a stale copy at hand waits for the upstream
};

enum class Use {
  as_is,       // fresh, or freshly known to be absent
  revalidate,  // there is a copy, ask the upstream about it
  fetch,       // there is none
};

struct Kept {
  catalog::DocumentState state = catalog::DocumentState::present;
  WallTime fetched_at{};
  WallTime expires_at{};
};

enum class ClientWish { cached_is_fine, no_cache };

// Times in the future (the wall clock was set back) count as expired.
Use decide_use(const std::optional<Kept>& kept, WallTime now, ClientWish wish, const FreshnessRules& rules);

// The moment from which a fresh copy is asked about ahead of time: its last eighth. What is asked for that late is asked for often, and so
// its readers never wait for the upstream.
WallTime refresh_from(const Kept& kept);

// Until when an answer given now is fresh: the upstream's max-age within our bounds; ttl_max when it names none.
WallTime fresh_until(WallTime now, std::string_view cache_control, catalog::DocumentState state, const FreshnessRules& rules);

// Whether a present copy may stand in for a failing upstream.
bool may_serve_stale(const Kept& kept, WallTime now, const FreshnessRules& rules);

// The max-age directive of a Cache-Control value; no-store and no-cache are 0; nullopt when it says nothing of the kind.
std::optional<std::chrono::seconds> max_age_of(std::string_view cache_control);

}  // namespace bodega::cache
