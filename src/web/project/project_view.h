// The page of a project: its versions on all indexes that the one looked at reads. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "web/project/about.h"
#include "web/project/overview.h"
#include "web/project/parts.h"

namespace bodega::web {

struct ProjectFacts {
  const Overview& overview;
  std::string summary;                                       // of the preferred version, where known
  std::vector<std::string> blocked;                          // mirrors that are not asked, because the name is private here
  std::vector<std::pair<std::string, std::string>> outside;  // pages of the project at its mirrors' upstreams: title, URL
  bool may_refresh = false;                                  // some mirror is read
};

// A row is some 300 to 500 bytes; a page shall stay below 60 KB.
inline constexpr std::size_t kVersionsPerPage = 80;

Markup project_view(const ProjectPlace& place, const ProjectFacts& facts, std::size_t page);

}  // namespace bodega::web
