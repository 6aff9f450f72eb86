// The data directory: made, locked and judged before anything in it is opened.
#pragma once

#include <filesystem>
#include <memory>

#include "base/result.h"
#include "catalog/catalog.h"

namespace bodega::app {

// Holds the lock until destroyed; the kernel lets go of it when the process dies, however it dies.
class DataDirectory {
 public:
  // Makes the directory (0700) when it is absent. io, no_space: a sentence with the next step.
  static Result<void> make(const std::filesystem::path& path);
  // make(), and the lock. Errors are sentences with the next step: not writable, used by another Bodega (with its
  // process id), disk full.
  static Result<std::unique_ptr<DataDirectory>> open(const std::filesystem::path& path);
  ~DataDirectory();
  DataDirectory(const DataDirectory&) = delete;
  DataDirectory& operator=(const DataDirectory&) = delete;

  const std::filesystem::path& path() const { return path_; }
  // Whether an earlier server left blobs or a cache here: then a missing catalog is a loss, not a first start.
  catalog::HadData had_data() const { return had_data_; }

 private:
  DataDirectory(std::filesystem::path path, int lock, catalog::HadData had_data);
  std::filesystem::path path_;
  int lock_;
  catalog::HadData had_data_;
};

// Whether a path is a folder or below it, also by links and ".."; it need not be there yet.
bool lies_in(const std::filesystem::path& path, const std::filesystem::path& folder);

}  // namespace bodega::app
