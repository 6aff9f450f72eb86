// A catalog that was lost, made anew: hosted files from the notes beside them, users, indexes and tokens from accounts.json. What is cached
// needs no help: the next start adopts it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "catalog/catalog.h"
#include "store/blob_store.h"

namespace bodega::ops {

struct RebuildReport {
  std::uint64_t users = 0;
  std::uint64_t indexes = 0;
  std::uint64_t tokens = 0;
  std::uint64_t files = 0;
  std::uint64_t attachments = 0;
  std::uint64_t made_up = 0;   // users and indexes that only a note knew: without a password, with default options
  std::uint64_t unusable = 0;  // notes that could not be read or placed
};

// Into an empty catalog. Blocks. `accounts`: the text of accounts.json, if there is one. `say` gets a line for each thing made up or
// unusable.
Result<RebuildReport> rebuild(catalog::Catalog& catalog, store::BlobStore& store, const std::optional<std::string>& accounts,
                              const Clock& clock, const std::function<void(const std::string&)>& say);

}  // namespace bodega::ops
