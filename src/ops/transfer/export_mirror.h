// The cached files of a mirror's project, as a dump has them. Internal to export.
#pragma once

#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "ops/transfer/export_entries.h"

namespace bodega::ops {

struct CachedFile {
  std::string filename;
  FileEntry entry;  // but for its path
};
struct CachedProject {
  pypi::Json versions = pypi::Json::object();  // version: what the page tells of it
  std::vector<CachedFile> files;               // in the order of the page
};

// Empty when the page is damaged or none of its files is cached: both can be fetched again.
Result<CachedProject> cached_project(catalog::Reader& reader, catalog::CacheReader& cache, const std::string& index,
                                     const std::string& name);

}  // namespace bodega::ops
