// How an index inherits from its bases, and which of them may answer for a project. Pure.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "pypi/index/index_config.h"

namespace bodega::pypi {

using IndexRef = std::shared_ptr<const IndexConfig>;
using IndexLookup = std::function<IndexRef(const std::string& key)>;  // nullptr: no such index

struct SearchOrder {
  std::vector<IndexRef> stages;      // the index itself first; each once
  std::vector<IndexRef> mirrors;     // asked behind all stages
  std::vector<std::string> missing;  // bases that do not exist (any more): skipped
};

// Breadth first through `bases`. Cycles are harmless.
SearchOrder search_order(IndexRef index, const IndexLookup& lookup);

struct WhitelistWalk {
  bool mirrors_blocked = false;  // the name is private and no whitelist has it: mirrors must not even be asked
  bool whitelisted = false;      // the whitelists have the name or "*"
};

// The guard against dependency confusion. `has_project(key)`: whether that stage has the project, whose name is normalised. The whitelists
// are combined in search order by the mode of the requested index (the first stage); once the combination holds the name or "*" the
// project is whitelisted for good. A stage that has the project without that makes the name private.
WhitelistWalk walk_whitelist(const SearchOrder& order, std::string_view project,
                             const std::function<bool(const std::string& key)>& has_project);

}  // namespace bodega::pypi
