// Which indexes have a project, seen from one of them: the stages of its search order that hold it, and the mirrors that may answer for it.
// Pages and devpi's JSON are both made of it, so that they never disagree. Home loop only.
#pragma once

#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "pypi/index/bases.h"
#include "pypi/index/mirror.h"

namespace bodega::pypi {

struct StageHolding {
  IndexRef index;
  std::vector<catalog::FileRow> files;
  std::vector<catalog::ReleaseRow> releases;
  std::vector<catalog::AttachmentRow> attachments;
  std::vector<catalog::ReleaseOutline> outlines{};
};

struct MirrorHolding {
  IndexRef index;
  MirrorPage page;
};

// A mirror that should have been asked and could not answer: no absence.
struct MirrorFailure {
  IndexRef index;
  Error error;
};

// Each list in search order.
struct Holdings {
  std::vector<StageHolding> stages;
  std::vector<MirrorHolding> mirrors;
  std::vector<MirrorFailure> failures;

  bool empty() const { return stages.empty() && mirrors.empty(); }
};

struct HoldingSources {
  catalog::Catalog& catalog;
  Mirrors& mirrors;
};

// What is read of a stage. Outlines alone, files and releases, or these and attachments.
enum class Detail { outlines, files, attachments };

// `name` is normalised. No mirror is asked for a name that the whitelists make private. Errors are the catalog's; those of mirrors are
// among the holdings.
Task<Result<Holdings>> find_holdings(HoldingSources use, SearchOrder order, std::string name, Detail detail, cache::ClientWish wish);

}  // namespace bodega::pypi
