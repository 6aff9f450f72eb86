// What an import took and what it could not take.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "ops/transfer/records.h"

namespace bodega::ops {

struct ImportReport {
  std::uint64_t users = 0;
  std::uint64_t indexes = 0;
  std::uint64_t projects = 0;
  std::uint64_t releases = 0;
  std::uint64_t files = 0;        // of hosted releases
  std::uint64_t attachments = 0;  // documentation and test results
  std::uint64_t pages = 0;        // of mirrors
  std::uint64_t cached = 0;       // files of mirrors
  std::uint64_t bytes = 0;        // of all files
  std::uint64_t linked = 0;       // of these: shared with the source, by reflink or hard link

  std::uint64_t damaged = 0;
  std::uint64_t missing = 0;
  std::uint64_t skipped = 0;
  std::uint64_t warnings = 0;
  std::vector<Finding> findings;  // the first kMostFindings of them
  static constexpr std::size_t kMostFindings = 10'000;

  bool complete() const { return damaged + missing + skipped == 0; }
  void add(Finding finding);
};

std::string_view to_string(Finding::Kind kind);
std::string to_text(const ImportReport& report);  // a table for people; ends with a line end
std::string to_json(const ImportReport& report);  // likewise, one object

// Counts for a progress bar. Any thread.
struct ImportProgress {
  std::atomic<std::uint64_t> files{0};
  std::atomic<std::uint64_t> bytes{0};
};

}  // namespace bodega::ops
