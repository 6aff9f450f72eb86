// A release as its page shows it: its files from all indexes of the search order, with what is known of each. Pure; for the pool.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "pypi/format/json_value.h"
#include "pypi/index/holdings.h"
#include "web/project/mirror_outline.h"

namespace bodega::web {

struct FileLine {
  std::string filename;
  std::string index;  // where it comes from, "user/name"
  std::string href;   // below the index, percent-encoded
  std::vector<pypi::Hash> hashes;
  std::optional<std::uint64_t> size;
  std::optional<WallTime> when;
  std::string who;  // of a hosted file; empty: anonymous, or not known
  std::optional<std::string> yanked;
  std::string requires_python;
  std::string provenance;  // URL
  bool has_metadata = false;
  pypi::Json log;                        // devpi's; an array
  std::vector<std::string> tox_results;  // names, oldest first
  bool may_change = false;               // whoever asks may yank and delete it
};

struct ReleaseView {
  std::string version;
  std::string index;                              // the first that has it
  std::vector<FileLine> files;                    // each name once, as installers see them: the first index counts
  std::string docs_index;                         // empty: no documentation
  std::string docs_href;                          // of the archive, below `docs_index`
  std::string metadata_json;                      // of a hosted release; empty: ask the file below
  const pypi::MirrorHolding* mirror = nullptr;    // in the holdings; set with the file below
  const pypi::PageFile* metadata_file = nullptr;  // on its page, a sibling of it is offered; nullptr: nobody can tell more
};

// What the stages among `holding` have of one version. In a reader's thread.
Result<std::vector<pypi::StageHolding>> read_release(catalog::Reader& reader, const std::vector<pypi::StageHolding>& holding,
                                                     const std::string& project, const std::string& version);

// Where a release is: what the stages have of it (read_release), and the mirrors of the project with the outlines of their pages.
struct ReleaseSources {
  const std::vector<pypi::StageHolding>& stages;
  const std::vector<pypi::MirrorHolding>& mirrors;
  const std::vector<MirrorOutlineRef>& outlines;
};

// nullopt: no index has that version, spelt like that. The mirrors must outlive the view.
std::optional<ReleaseView> release_of(const ReleaseSources& sources, const std::string& version);

}  // namespace bodega::web
