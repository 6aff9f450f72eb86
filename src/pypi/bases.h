// How an index inherits from its bases, and which of them may answer for a project. Pure.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "pypi/index_config.h"

namespace bodega::pypi {

using IndexRef = std::shared_ptr<const IndexConfig>;
using IndexLookup = std::function<IndexRef(const std::string& key)>;  // nullptr: no such index

struct SearchOrder {
  std::vector<IndexRef> indexes;     // the index itself first; each once; mirrors behind all stages
  std::vector<std::string> missing;  // bases that do not exist (any more): skipped
};

// Breadth first through `bases`. Cycles are harmless.
SearchOrder search_order(IndexRef index, const IndexLookup& lookup);

struct ProjectSources {
  std::vector<IndexRef> stages;           // that have the project, in search order
  std::vector<IndexRef> mirrors;          // that may be asked for it
  std::vector<IndexRef> blocked_mirrors;  // that must not even be asked: the name is private and no whitelist has it
};

// The guard against dependency confusion. `hosting` holds the keys of the stages in `order` that have the project; its name is normalised.
// The whitelists are combined in search order by the mode of the requested index (the first of `order`); once the combination holds the
// name or "*" the project is whitelisted for good. A stage that has the project without that makes the name private.
ProjectSources sources_of(const std::vector<IndexRef>& order, std::string_view project, const std::set<std::string>& hosting);

}  // namespace bodega::pypi
