#include "pypi/index/bases.h"

#include <algorithm>
#include <deque>
#include <iterator>
#include <set>

namespace bodega::pypi {
namespace {

using Names = std::set<std::string, std::less<>>;

Names combined(const Names& whitelist, const std::vector<std::string>& next, WhitelistMode mode) {
  const Names others(next.begin(), next.end());
  Names out;
  if (mode == WhitelistMode::unite) {
    std::set_union(whitelist.begin(), whitelist.end(), others.begin(), others.end(), std::inserter(out, out.end()));
  } else {
    std::set_intersection(whitelist.begin(), whitelist.end(), others.begin(), others.end(), std::inserter(out, out.end()));
  }
  return out;
}

}  // namespace

SearchOrder search_order(IndexRef index, const IndexLookup& lookup) {
  SearchOrder out;
  if (!index) return out;
  std::set<std::string> seen{index->key()};
  std::deque<IndexRef> todo{std::move(index)};
  while (!todo.empty()) {
    const IndexRef next = std::move(todo.front());
    todo.pop_front();
    if (next->is_mirror()) {
      out.mirrors.push_back(next);
      continue;
    }
    out.stages.push_back(next);
    for (const auto& key : next->bases) {
      if (!seen.insert(key).second) continue;
      if (IndexRef base = lookup(key)) {
        todo.push_back(std::move(base));
      } else {
        out.missing.push_back(key);
      }
    }
  }
  return out;
}

WhitelistWalk walk_whitelist(const SearchOrder& order, std::string_view project,
                             const std::function<bool(const std::string& key)>& has_project) {
  if (order.stages.empty()) return {};
  const WhitelistMode mode = order.stages.front()->whitelist_mode;
  const auto& own = order.stages.front()->mirror_whitelist;
  Names whitelist(own.begin(), own.end());
  bool whitelisted = false;
  bool is_private = false;
  for (const auto& stage : order.stages) {
    whitelist = combined(whitelist, stage->mirror_whitelist, mode);  // the first with itself: no change
    if (whitelist.contains("*") || whitelist.contains(project)) {
      whitelisted = true;
    } else if (has_project(stage->key())) {
      is_private = true;
    }
  }
  return {is_private && !whitelisted, whitelisted};
}

}  // namespace bodega::pypi
