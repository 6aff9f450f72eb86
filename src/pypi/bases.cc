#include "pypi/bases.h"

#include <algorithm>
#include <deque>
#include <iterator>

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
  std::vector<IndexRef> mirrors;
  std::set<std::string> seen{index->key()};
  std::deque<IndexRef> todo{std::move(index)};
  while (!todo.empty()) {
    const IndexRef stage = std::move(todo.front());
    todo.pop_front();
    out.indexes.push_back(stage);
    for (const auto& key : stage->bases) {
      if (!seen.insert(key).second) continue;
      IndexRef base = lookup(key);
      if (!base) {
        out.missing.push_back(key);
      } else if (base->is_mirror()) {
        mirrors.push_back(std::move(base));
      } else {
        todo.push_back(std::move(base));
      }
    }
  }
  out.indexes.insert(out.indexes.end(), mirrors.begin(), mirrors.end());
  return out;
}

ProjectSources sources_of(const std::vector<IndexRef>& order, std::string_view project, const std::set<std::string>& hosting) {
  ProjectSources out;
  if (order.empty()) return out;
  const WhitelistMode mode = order.front()->whitelist_mode;
  Names whitelist;
  bool first = true;
  bool whitelisted = false;
  bool is_private = false;
  for (const auto& index : order) {
    if (index->is_mirror()) continue;
    if (first) {
      whitelist = Names(index->mirror_whitelist.begin(), index->mirror_whitelist.end());
    } else {
      whitelist = combined(whitelist, index->mirror_whitelist, mode);
    }
    first = false;
    const bool has_it = hosting.contains(index->key());
    if (whitelist.contains("*") || whitelist.contains(project)) {
      whitelisted = true;
    } else if (has_it) {
      is_private = true;
    }
    if (has_it) out.stages.push_back(index);
  }
  auto& mirrors = is_private && !whitelisted ? out.blocked_mirrors : out.mirrors;
  std::copy_if(order.begin(), order.end(), std::back_inserter(mirrors), [](const IndexRef& index) { return index->is_mirror(); });
  return out;
}

}  // namespace bodega::pypi
