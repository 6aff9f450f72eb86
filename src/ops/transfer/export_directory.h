// The directory a dump is written into: files first, its index last. Internal to export.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "ops/transfer/export.h"
#include "store/blob_store.h"

namespace bodega::ops {

class ExportDirectory {
 public:
  // Makes it (0700: the index holds password hashes), or takes an empty one. conflict with the next step when something is in it.
  static Result<std::unique_ptr<ExportDirectory>> create(const std::filesystem::path& path);
  ~ExportDirectory();
  ExportDirectory(const ExportDirectory&) = delete;
  ExportDirectory& operator=(const ExportDirectory&) = delete;

  struct Placed {
    std::string path;  // below the directory
    bool linked = false;
  };
  // Puts a blob's bytes at `folder`/`filename`, or into a folder below when that is taken already. corrupt: the blob changed meanwhile.
  Result<Placed> place(const store::Blob& blob, const std::filesystem::path& folder, const std::string& filename, Placing placing);
  // Appends to the index.
  Result<void> write(std::string_view text);
  // Makes all of it durable and gives the index its name.
  Result<void> finish();

 private:
  ExportDirectory(std::filesystem::path path, int index) : path_(std::move(path)), index_(index) {}
  Result<void> flush();

  std::filesystem::path path_;
  int index_;
  std::string waiting_;  // of the index, not written yet
};

}  // namespace bodega::ops
