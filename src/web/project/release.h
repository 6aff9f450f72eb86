// A release as its page shows it: its files from all indexes of the search order, with what is known of each. Pure; for the pool.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "pypi/format/json_value.h"
#include "pypi/index/holdings.h"

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
  const pypi::MirrorHolding* mirror = nullptr;    // in the holdings
  const pypi::PageFile* metadata_file = nullptr;  // on its page; nullptr: nobody can tell more
};

// nullopt: no index has that version, spelt like that. The holdings must outlive the view.
std::optional<ReleaseView> release_of(const pypi::Holdings& holdings, const std::string& version);

// Of a mirrored release, the file whose metadata tells the most for the least: a wheel with a `.metadata` sibling. nullptr: none.
const pypi::PageFile* metadata_file_of(const pypi::ProjectPage& page, const std::string& version);

}  // namespace bodega::web
