// A project as its page shows it, from what the indexes of one search order hold of it. Pure; for the pool: a project may have ten thousand
// files.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "pypi/index/holdings.h"
#include "web/project/mirror_outline.h"

namespace bodega::web {

struct VersionLine {
  std::string version;
  std::string index;              // "user/name" of the first in search order that has it
  std::vector<std::string> also;  // and of the others
  std::size_t files = 0;          // of `index`
  std::size_t yanked = 0;         // of these
  std::optional<WallTime> since;  // the first upload, where known
  std::string requires_python;
  std::string docs_index;  // which index has documentation of it; empty: none
  bool is_final = true;    // no pre-release

  bool all_yanked() const { return files > 0 && yanked == files; }
};

struct Overview {
  std::vector<VersionLine> versions;  // newest first
  std::size_t files = 0;
  std::uint64_t bytes = 0;  // as far as sizes are known
  std::optional<pypi::ProjectStatus> status;
  std::string status_from;           // the index that says so
  bool is_hosted = false;            // some of it is ours
  std::vector<std::string> mirrors;  // that have it
  std::vector<std::string> failed;   // mirrors that could not tell
  bool is_stale = false;             // the upstream could not be asked; this is what was known before

  const VersionLine* find(const std::string& version) const;  // nullptr: none
  const VersionLine* latest() const;                          // the newest, pre-releases included
  const VersionLine* stable() const;                          // the newest final one, a yanked one only where there is no other
  // What installers take when nothing is asked for.
  const VersionLine* preferred() const { return stable() != nullptr ? stable() : latest(); }
};

// Of stages, their outlines; `mirrors` are the outlines of the holdings' mirrors, in the same order.
Overview overview_of(const pypi::Holdings& holdings, const std::vector<MirrorOutlineRef>& mirrors);

}  // namespace bodega::web
