#include "pypi/index/merged_page.h"

#include <algorithm>
#include <unordered_set>

#include "base/text.h"

namespace bodega::pypi {

MergedPage merge_pages(const std::vector<Contribution>& contributions, const std::string& name) {
  MergedPage merged;
  for (const auto& contribution : contributions) merged.indexes.push_back(contribution.index);
  if (contributions.size() == 1) {
    merged.page = contributions.front().page;
    return merged;
  }
  auto page = std::make_shared<ProjectPage>();
  page->name = name;
  std::unordered_set<std::string_view> names;
  std::unordered_set<std::string> versions;
  for (std::size_t i = 0; i < contributions.size(); ++i) {
    const auto& part = *contributions[i].page;
    if (part.quarantined()) continue;
    for (const auto& file : part.files) {
      if (!names.insert(file.filename).second) continue;
      page->files.push_back(file);
      merged.origin.push_back(static_cast<std::uint16_t>(i));
    }
    for (auto& version : page_versions(part)) {
      if (versions.insert(version).second) page->versions.push_back(std::move(version));
    }
    if (!page->status) page->status = part.status;
    if (page->last_serial == 0) page->last_serial = part.last_serial;
  }
  merged.page = std::move(page);
  return merged;
}

ProjectPage hosted_page(const std::string& name, const std::vector<catalog::FileRow>& files,
                        const std::vector<catalog::ReleaseRow>& releases) {
  ProjectPage page;
  page.name = name;
  for (const auto& row : files) {
    PageFile file;
    file.filename = row.filename;
    file.hashes = {{"sha256", row.digest.hex()}};
    if (!row.requires_python.empty()) file.requires_python = row.requires_python;
    if (row.metadata_digest) file.core_metadata = {true, {{"sha256", row.metadata_digest->hex()}}};
    file.yanked = row.yanked;
    file.size = row.size;
    file.upload_time = rfc3339(row.uploaded_at);
    page.files.push_back(std::move(file));
  }
  for (const auto& release : releases) page.versions.push_back(release.version);
  return page;
}

std::vector<std::string> link_prefixes(const std::vector<std::string>& indexes, const std::string& reader, PagePlace place) {
  std::string to_index;  // from the page up to the reader's own index
  switch (place) {
    case PagePlace::simple: to_index = "../../"; break;
    case PagePlace::project_slash: to_index = "../"; break;
    case PagePlace::project: break;
  }
  std::vector<std::string> prefixes;
  for (const auto& index : indexes) {
    prefixes.push_back(index == reader ? to_index : to_index + "../../" + percent_encode(index, "/") + "/");
  }
  return prefixes;
}

}  // namespace bodega::pypi
