// A release that is to be pushed: what its index knows of it. Runs inside the catalog's functions or is pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "pypi/api/push_wish.h"
#include "pypi/format/archive.h"
#include "pypi/format/page.h"
#include "pypi/upload/upload_metadata.h"

namespace bodega::pypi {

struct PushSource {
  std::string index;    // where it lies
  std::string project;  // normalised
  std::string version;  // as that index spells it
  std::string display;
  ReleaseMetadata metadata;
  std::vector<catalog::FileRow> files;          // by name; their `metadata` bytes too
  std::vector<catalog::AttachmentRow> results;  // test results, by name
  std::optional<catalog::AttachmentRow> docs;

  bool empty() const { return files.empty() && results.empty() && !docs; }
  // Of everything it consists of.
  std::vector<Digest> digests() const;
};

// A hosted release; nullopt: the index has no such one. A version that is only spelt otherwise (1.0.0 for 1.0) is found where there is no
// better one.
Result<std::optional<PushSource>> hosted_source(catalog::Reader& reader, const std::string& index, const std::string& project,
                                                const std::string& version);
// conflict when a file of it is not what it was: it was deleted or replaced since it was read.
Result<void> check_unchanged(catalog::Reader& reader, const PushSource& source);

// The files of a page that are of a version, by name; likewise.
std::vector<PageFile> files_of_version(const ProjectPage& page, const std::string& version);
// How those files spell it: as asked where one of them does.
std::string spelt_version(const std::vector<PageFile>& files, const std::string& project, const std::string& version);

// A mirrored file as one that is hosted on `into.index`, and what it tells of its release. `inspected`: nullopt when its inside cannot be
// read; then the page alone speaks.
struct MirroredFile {
  PageFile listed;
  Digest digest;
  std::uint64_t size = 0;
  std::optional<Inspected> inspected;
};
void add_mirrored(PushSource& into, MirroredFile file, WallTime now);

void keep_parts(PushSource& source, PushParts parts);

}  // namespace bodega::pypi
