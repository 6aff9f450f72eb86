// The store against its digests, and the catalog against the store. Runs on a data directory that no server uses.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "catalog/catalog.h"
#include "store/blob_store.h"

namespace bodega::ops {

enum class Repair { no, yes };

struct FsckReport {
  std::uint64_t blobs = 0;
  std::uint64_t bytes = 0;
  std::uint64_t damaged_hosted = 0;  // cannot be repaired: restore from a backup
  std::uint64_t missing_hosted = 0;  // likewise
  std::uint64_t damaged_cached = 0;  // repaired by removal: fetched again on demand
  std::uint64_t missing_cached = 0;  // repaired by forgetting
  std::uint64_t unrecorded = 0;      // whole blobs that nothing refers to; adopted into the cache, by the next start too, so no damage
  std::uint64_t repaired = 0;

  bool clean() const { return damaged_hosted + missing_hosted + damaged_cached + missing_cached == repaired; }
};

// `say` gets one line for each finding and now and then one of progress.
Result<FsckReport> fsck(catalog::Catalog& catalog, store::BlobStore& store, Repair repair, const Clock& clock,
                        const std::function<void(const std::string&)>& say);

}  // namespace bodega::ops
