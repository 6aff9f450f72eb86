// One page out of the pages of several indexes. Pure.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/rows.h"
#include "pypi/format/page.h"

namespace bodega::pypi {

struct Contribution {
  std::string index;  // "user/name", where its files' links lead
  std::shared_ptr<const ProjectPage> page;
};

struct MergedPage {
  // Shared with the contribution when there is only one: pages of 20,000 files are not copied for nothing.
  std::shared_ptr<const ProjectPage> page;
  std::vector<std::string> indexes;   // of the contributions, in order
  std::vector<std::uint16_t> origin;  // for each file its place in `indexes`; empty when there is one only
};

// Of files with one name the first index's wins. Versions are the union; status and serial are the first's that has one.
MergedPage merge_pages(const std::vector<Contribution>& contributions, const std::string& name);

// A hosted project as a page: exactly sha256, sizes and upload times always told.
ProjectPage hosted_page(const std::string& name, const std::vector<catalog::FileRow>& files,
                        const std::vector<catalog::ReleaseRow>& releases);

// Where a page is read from, which decides what its relative links climb over.
enum class PagePlace {
  simple,         // /u/i/+simple/p/
  project,        // /u/i/p    (installers)
  project_slash,  // /u/i/p/
};

// For each of `indexes`, what stands in front of the link of links.h on a page of index `reader` at `place`.
std::vector<std::string> link_prefixes(const std::vector<std::string>& indexes, const std::string& reader, PagePlace place);

}  // namespace bodega::pypi
