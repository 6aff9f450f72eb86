// What is indexed of a project, out of what the server knows of it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/rows.h"
#include "pypi/format/metadata.h"
#include "pypi/format/page.h"
#include "web/search/text_index.h"

namespace bodega::web {

// What the catalog says of a hosted project: its newest release, and the newest documentation.
struct HostedFacts {
  catalog::ProjectRow project;
  catalog::ReleaseRow newest;
  std::optional<catalog::AttachmentRow> docs;
  std::optional<WallTime> released;  // the newest release's first file
};
// The newest release by PEP 440; `releases` is not empty. Pure.
HostedFacts choose_facts(catalog::ProjectRow project, std::vector<catalog::ReleaseRow> releases,
                         const std::vector<catalog::AttachmentRow>& attachments, const std::vector<catalog::FileRow>& files);
// Changes with everything that is indexed. Pure.
std::string stamp_of(const HostedFacts& facts);
// Without pages. Pure.
ProjectText hosted_text(const HostedFacts& facts);

// Of a mirrored project: what its page tells, and its metadata where that is at hand. Pure.
ProjectText mirrored_text(const std::string& index, const pypi::ProjectPage& page, const pypi::Metadata* metadata);
// The digests of the metadata files of the newest releases, the newest first, at most `limit`. Pure.
std::vector<Digest> metadata_digests(const pypi::ProjectPage& page, std::size_t limit);

// "3.8", "3.9" ...: what the classifiers name, or Requires-Python lets in. Pure.
std::vector<std::string> pythons_of(const std::vector<std::string>& classifiers, std::string_view requires_python);

// The pages of an archive of documentation; what cannot be read is left out. Bounded in pages and bytes. Blocks.
std::vector<DocPage> read_documentation(const std::string& archive);

}  // namespace bodega::web
