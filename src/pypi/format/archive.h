// Reading an uploaded distribution: is it what its name says, and what does the metadata inside say? Strict, as the public index is
// (reference: docs/protocols/upload.md). Members are read in memory; nothing is ever unpacked to disk.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "pypi/format/filename.h"

namespace bodega::pypi {

struct Inspected {
  FileKind kind = FileKind::sdist;
  std::string name;      // as the metadata spells it
  std::string version;   // likewise
  std::string metadata;  // the very bytes of METADATA or PKG-INFO; empty for what is not read (exe, msi, rpm, deb, dmg, sdists without it)
  std::string requires_python;  // "" when there is none
};

// Reads the file, several times where needed, and blocks: run it on the offload pool. `path` is where the bytes lie, `filename` what the
// uploader calls them. Code::invalid with a sentence for the uploader; io when the file cannot be read.
//
// Wheels, zips, eggs: a plain zip (no comment, nothing before or behind it, no two members of one name, no links, no encryption, only
// stored and deflated members, names relative and without ".."). Wheels: one .dist-info of the right name with METADATA, WHEEL and a
// RECORD that lists the members. Tars: complete, nothing behind them, links that stay inside, no devices.
// All: at most kMaxRatio times larger unpacked, above kFreeSize. Name and version inside equal those of the file name. An sdist without
// PKG-INFO in the one directory at its top is taken unread: name, version and metadata stay empty.
Result<Inspected> inspect_distribution(const std::string& path, std::string_view filename);
// The same for an open file, whose position is neither used nor moved; it need not have a name any more.
Result<Inspected> inspect_distribution(int fd, std::string_view filename);

// Whether an archive may be kept as documentation: a plain zip as above, in which comments are allowed. Blocks; invalid, io.
Result<void> check_documentation(const std::string& path);

// The public index's limits against archive bombs.
inline constexpr std::uint64_t kMaxRatio = 50;
inline constexpr std::uint64_t kFreeSize = 64ULL << 20U;
// The largest known METADATA is under 1 MiB.
inline constexpr std::size_t kMaxMetadata = 4U << 20U;

}  // namespace bodega::pypi
