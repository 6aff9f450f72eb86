// What a mirror's page of a project comes to, version by version; and the outlines of pages that are asked for often.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "catalog/rows.h"
#include "pypi/format/page.h"

namespace bodega::web {

struct MirrorOutline {
  struct Version {
    catalog::ReleaseOutline release;
    std::vector<std::uint32_t> files;  // places of its files on the page, in its order
  };
  std::vector<Version> versions;  // newest first

  const Version* find(const std::string& version) const;  // nullptr: none
};

using MirrorOutlineRef = std::shared_ptr<const MirrorOutline>;

// Files of other projects count for nothing. Pure; for the pool: a page may list ten thousand files.
MirrorOutline outline_of(const pypi::ProjectPage& page);

// Outlines of pages that are still held by somebody: an outline is of this very page or it is not found, so that nothing has to be revoked.
// Bounded by bytes. Home loop only.
class MirrorOutlines {
 public:
  MirrorOutlineRef find(const std::shared_ptr<const pypi::ProjectPage>& page);
  void keep(const std::shared_ptr<const pypi::ProjectPage>& page, MirrorOutlineRef outline);

 private:
  struct Kept {
    const pypi::ProjectPage* at;  // compared, and only while `page` stands
    std::weak_ptr<const pypi::ProjectPage> page;
    MirrorOutlineRef outline;
    std::size_t bytes;
  };
  std::list<Kept> kept_;  // newest first
  std::size_t bytes_ = 0;
};

}  // namespace bodega::web
