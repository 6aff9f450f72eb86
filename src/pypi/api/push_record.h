// What a push within the server leaves in the catalog, all of it or nothing, and the log it answers with. Runs inside the catalog's
// functions: no waiting, no disk.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "pypi/api/push_source.h"

namespace bodega::pypi {

struct PushTarget {
  std::string index;  // "user/name"
  catalog::Overwrite overwrite = catalog::Overwrite::no;
  std::string who;
  WallTime when{};
};

struct PushRecorded {
  Json log = Json::array();      // devpi's: a list of [200, what, ...] for each step
  std::vector<Digest> replaced;  // lost a reference; others may refer to them still
  bool new_project = false;
};

// `wish` names project and version as they are shown in the log. conflict: a file stands on the target with other bytes and may not be
// replaced, or (as in devpi) a target that replaces nothing has all of it already. With some of it there, the rest is added.
Result<PushRecorded> record_push(catalog::Transaction& transaction, const PushSource& source, const PushTarget& target,
                                 const PushWish& wish);

// devpi's log of a pushed file: that of the source, then the push. `replaced`: the log of what it takes the place of.
enum class OverwriteEntries { keep, drop };
struct LogBefore {
  std::string source;
  OverwriteEntries overwrites = OverwriteEntries::drop;
  std::optional<std::string> replaced;
};
std::string pushed_log(const LogBefore& before, const std::string& from, const PushTarget& target);

}  // namespace bodega::pypi
