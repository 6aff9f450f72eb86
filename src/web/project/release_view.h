// The page of a release: what it says of itself, and its files. Pure; for the pool, because of the description.
#pragma once

#include <optional>
#include <string>

#include "web/project/about.h"
#include "web/project/overview.h"
#include "web/project/parts.h"
#include "web/project/release.h"

namespace bodega::web {

struct ReleaseFacts {
  const Overview& overview;
  const ReleaseView& release;
  std::optional<About> about;  // nullopt: not known, and why is in `unknown`
  std::string unknown;
};

Markup release_view(const ProjectPlace& place, const ReleaseFacts& facts);

}  // namespace bodega::web
