// A data directory opened by a command while no server uses it.
#pragma once

#include <filesystem>
#include <memory>

#include "app/data_directory.h"
#include "async/offload.h"
#include "base/result.h"
#include "catalog/catalog.h"
#include "store/blob_store.h"

namespace bodega::app {

struct OfflineData {
  // For a directory that a Bodega has used; makes none. Errors are sentences with the next step: locked, not there, nothing in it, damaged.
  static Result<OfflineData> open(const std::filesystem::path& path);

  std::unique_ptr<DataDirectory> directory;  // the lock
  std::unique_ptr<store::FileSystem> file_system;
  std::unique_ptr<store::BlobStore> store;
  std::unique_ptr<Pool> pool;
  std::unique_ptr<catalog::Catalog> catalog;  // writes on the calling thread
};

}  // namespace bodega::app
