#include "web/project/mirror_outline.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>

#include "pypi/format/filename.h"
#include "pypi/format/version.h"

namespace bodega::web {
namespace {

// The largest pages of the public index come to some hundred kilobytes each.
constexpr std::size_t kMostBytes = 2ULL << 20;
// Each question looks through them all.
constexpr std::size_t kMostPages = 64;

std::size_t bytes_of(const MirrorOutline& outline) {
  std::size_t bytes = sizeof(MirrorOutline);
  for (const auto& version : outline.versions) bytes += sizeof(version) + version.files.capacity() * sizeof(std::uint32_t);
  return bytes;
}

void count(const pypi::PageFile& file, catalog::ReleaseOutline& release) {
  ++release.files;
  release.bytes += file.size.value_or(0);
  if (file.yanked) ++release.yanked;
  const auto when = parse_rfc3339(file.upload_time);
  if (when && (!release.since || *when < *release.since)) release.since = when;
  if (file.requires_python) release.requires_python = *file.requires_python;
}

}  // namespace

const MirrorOutline::Version* MirrorOutline::find(const std::string& version) const {
  const auto found = std::find_if(versions.begin(), versions.end(), [&](const Version& one) { return one.release.version == version; });
  return found == versions.end() ? nullptr : &*found;
}

MirrorOutline outline_of(const pypi::ProjectPage& page) {
  std::unordered_map<std::string, MirrorOutline::Version> by_version;
  for (std::size_t i = 0; i < page.files.size(); ++i) {
    const auto& file = page.files[i];
    auto version = pypi::file_version(file.filename, page.name);
    if (!version) continue;
    auto& one = by_version[std::move(*version)];
    count(file, one.release);
    one.files.push_back(static_cast<std::uint32_t>(i));
  }
  std::vector<std::string> order;
  order.reserve(by_version.size());
  for (const auto& [version, one] : by_version) order.push_back(version);
  pypi::sort_versions(order);
  MirrorOutline out;
  out.versions.reserve(order.size());
  for (auto version = order.rbegin(); version != order.rend(); ++version) {
    out.versions.push_back(std::move(by_version.at(*version)));
    out.versions.back().release.version = *version;
  }
  return out;
}

MirrorOutlineRef MirrorOutlines::find(const std::shared_ptr<const pypi::ProjectPage>& page) {
  const auto found =
      std::find_if(kept_.begin(), kept_.end(), [&page](const Kept& one) { return one.at == page.get() && !one.page.expired(); });
  if (found == kept_.end()) return nullptr;
  kept_.splice(kept_.begin(), kept_, found);
  return found->outline;
}

void MirrorOutlines::keep(const std::shared_ptr<const pypi::ProjectPage>& page, MirrorOutlineRef outline) {
  const std::size_t bytes = bytes_of(*outline);
  if (bytes > kMostBytes || find(page)) return;
  kept_.push_front({page.get(), page, std::move(outline), bytes});
  bytes_ += bytes;
  for (auto one = std::next(kept_.begin()); one != kept_.end();) {
    bytes_ -= one->page.expired() ? one->bytes : 0;
    one = one->page.expired() ? kept_.erase(one) : std::next(one);
  }
  while (bytes_ > kMostBytes || kept_.size() > kMostPages) {
    bytes_ -= kept_.back().bytes;
    kept_.pop_back();
  }
}

}  // namespace bodega::web
