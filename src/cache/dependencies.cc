#include "cache/dependencies.h"

#include <algorithm>

namespace bodega::cache {

std::shared_ptr<http::Validity> Dependencies::stand_on(const std::vector<std::string>& facts) {
  auto validity = std::make_shared<http::Validity>();
  for (const auto& fact : facts) also(fact, validity);
  return validity;
}

void Dependencies::also(const std::string& fact, const std::shared_ptr<http::Validity>& validity) {
  by_fact_[fact].push_back(validity);
  if (until_compact_-- == 0) compact();
}

void Dependencies::revoke(const std::string& fact) {
  if (revoked_) revoked_(fact);
  const auto found = by_fact_.find(fact);
  if (found == by_fact_.end()) return;
  for (const auto& weak : found->second) {
    if (const auto validity = weak.lock()) validity->revoke();
  }
  by_fact_.erase(found);
}

void Dependencies::revoke_all() {
  for (const auto& [fact, list] : by_fact_) {
    for (const auto& weak : list) {
      if (const auto validity = weak.lock()) validity->revoke();
    }
  }
  by_fact_.clear();
}

void Dependencies::compact() {
  std::size_t alive = 0;
  for (auto it = by_fact_.begin(); it != by_fact_.end();) {
    std::erase_if(it->second, [](const auto& weak) { return weak.expired(); });
    alive += it->second.size();
    it = it->second.empty() ? by_fact_.erase(it) : std::next(it);
  }
  until_compact_ = std::max<std::size_t>(1024, alive);
}

}  // namespace bodega::cache
