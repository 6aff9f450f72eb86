// A dump that devpi-import (6.x) takes: the way out of Bodega. Runs on a data directory that no server uses and changes nothing in it.
//
//   DIR/dataindex.json                          users, indexes, metadata and where each file lies; written last
//   DIR/<user>/<index>/<project>/<version>/...  the files
//
// The dump is whole when dataindex.json is there. Until then it is called dataindex.json.unfinished; the rename that ends the export
// comes after everything else is durable. Memory is bounded by the largest project, not by the number of files.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "catalog/catalog.h"
#include "store/blob_store.h"

namespace bodega::ops {

enum class MirroredFiles { leave_out, include };
enum class Placing { copy, hard_link };

struct ExportOptions {
  std::filesystem::path directory;  // absent or empty
  MirroredFiles mirrored = MirroredFiles::leave_out;
  Placing placing = Placing::copy;  // hard_link falls back to a copy where the file system wants it
  std::string program;              // "bodega 0.1.0", noted in the dump
};

struct ExportReport {
  std::uint64_t users = 0;
  std::uint64_t indexes = 0;
  std::uint64_t projects = 0;
  std::uint64_t releases = 0;
  std::uint64_t files = 0;  // releases, documentation and test results
  std::uint64_t bytes = 0;
  std::uint64_t linked = 0;   // of the files, those that share their bytes with the data directory
  std::uint64_t damaged = 0;  // left out: their bytes are missing or wrong
  std::uint64_t yanked = 0;   // in the dump, but devpi has no place for the mark
  bool complete() const { return damaged == 0; }
};

// Counts for a progress bar. Any thread.
struct ExportProgress {
  std::atomic<std::uint64_t> files{0};
  std::atomic<std::uint64_t> bytes{0};
};

// What an export would write, by the catalog; of mirrors as if every cached file stood on a page.
struct ExportVolume {
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
};
Result<ExportVolume> export_volume(catalog::Catalog& catalog, MirroredFiles mirrored);

// `say` gets a line for each index and for each file that is left out. Errors are sentences with the next step:
// conflict (DIR is not empty, or holds an unfinished export), no_space, io. After an error the dump is unfinished and must be removed.
Result<ExportReport> export_devpi(catalog::Catalog& catalog, store::BlobStore& store, const ExportOptions& options,
                                  ExportProgress& progress, const std::function<void(const std::string&)>& say);

}  // namespace bodega::ops
