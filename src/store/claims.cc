#include "store/claims.h"

#include "base/check.h"

namespace bodega::store {

Task<Claims::Claim> Claims::keep(Digest digest) {
  for (;;) {
    auto& slot = states_[digest];
    if (!slot) slot = std::make_shared<State>();
    if (!slot->removing) {
      ++slot->keepers;
      co_return Claim(*this, digest);
    }
    const std::shared_ptr<State> state = slot;
    auto still_there = [state] { return state->removing; };
    co_await state->removed.wait(still_there);
  }
}

std::optional<Claims::Claim> Claims::try_remove(const Digest& digest) {
  const auto [slot, fresh] = states_.try_emplace(digest);
  if (!fresh) return std::nullopt;
  slot->second = std::make_shared<State>();
  slot->second->removing = true;
  return Claim(*this, digest);
}

void Claims::leave(const Digest& digest) {
  const auto found = states_.find(digest);
  BODEGA_CHECK(found != states_.end(), "a claim on a blob that nobody knows of");
  const std::shared_ptr<State> state = found->second;
  if (state->removing) {
    state->removing = false;
    states_.erase(found);
    state->removed.notify_all();
  } else if (--state->keepers == 0) {
    states_.erase(found);
  }
}

}  // namespace bodega::store
