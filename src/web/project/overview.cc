#include "web/project/overview.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>

#include "pypi/format/version.h"

namespace bodega::web {
namespace {

class Gathering {
 public:
  void add(const pypi::StageHolding& stage);
  void add(const pypi::MirrorHolding& mirror, const MirrorOutline& outline);
  Overview finish();

 private:
  void add(const catalog::ReleaseOutline& release, const std::string& index);
  void sort();

  Overview out_;
  std::unordered_map<std::string_view, std::size_t> places_;  // the texts are the outlines'
  bool is_sorted_ = true;
};

// The first index that has a version tells of it; of the others it is known that they have it too.
void Gathering::add(const catalog::ReleaseOutline& release, const std::string& index) {
  out_.files += release.files;
  out_.bytes += release.bytes;
  const auto [place, is_new] = places_.emplace(release.version, out_.versions.size());
  if (!is_new) {
    auto& line = out_.versions[place->second];
    line.also.push_back(index);
    if (release.has_docs && line.docs_index.empty()) line.docs_index = index;
    return;
  }
  out_.versions.push_back({});
  auto& line = out_.versions.back();
  line.version = release.version;
  line.index = index;
  line.files = release.files;
  line.yanked = release.yanked;
  line.since = release.since;
  line.requires_python = release.requires_python;
  if (release.has_docs) line.docs_index = index;
}

void Gathering::add(const pypi::StageHolding& stage) {
  out_.is_hosted = true;
  is_sorted_ = false;
  out_.versions.reserve(stage.outlines.size());
  const std::string index = stage.index->key();
  for (const auto& release : stage.outlines) add(release, index);
}

void Gathering::add(const pypi::MirrorHolding& mirror, const MirrorOutline& outline) {
  const std::string index = mirror.index->key();
  const auto& page = *mirror.page.page;
  out_.mirrors.push_back(index);
  out_.is_stale = out_.is_stale || mirror.page.stale;
  if (page.status && page.status->status != "active" && !out_.status) {
    out_.status = page.status;
    out_.status_from = index;
  }
  if (page.quarantined()) return;
  is_sorted_ = is_sorted_ && out_.versions.empty();
  out_.versions.reserve(outline.versions.size());
  for (const auto& version : outline.versions) add(version.release, index);
}

void Gathering::sort() {
  std::vector<std::string> order;
  order.reserve(out_.versions.size());
  for (const auto& version : out_.versions) order.push_back(version.version);
  pypi::sort_versions(order);
  std::vector<VersionLine> sorted;
  sorted.reserve(order.size());
  for (auto version = order.rbegin(); version != order.rend(); ++version) {
    sorted.push_back(std::move(out_.versions[places_.at(*version)]));
  }
  out_.versions = std::move(sorted);
}

Overview Gathering::finish() {
  if (!is_sorted_) sort();
  for (auto& line : out_.versions) {
    const auto parsed = pypi::Version::parse(line.version);
    line.is_final = parsed && !parsed->is_prerelease();
  }
  return std::move(out_);
}

}  // namespace

const VersionLine* Overview::find(const std::string& version) const {
  const auto found = std::find_if(versions.begin(), versions.end(), [&](const VersionLine& line) { return line.version == version; });
  return found == versions.end() ? nullptr : &*found;
}

const VersionLine* Overview::latest() const { return versions.empty() ? nullptr : &versions.front(); }

const VersionLine* Overview::stable() const {
  const VersionLine* yanked = nullptr;
  for (const auto& line : versions) {
    if (!line.is_final) continue;
    if (!line.all_yanked()) return &line;
    if (yanked == nullptr) yanked = &line;
  }
  return yanked;
}

Overview overview_of(const pypi::Holdings& holdings, const std::vector<MirrorOutlineRef>& mirrors) {
  Gathering gathering;
  for (const auto& stage : holdings.stages) gathering.add(stage);
  for (std::size_t i = 0; i < holdings.mirrors.size(); ++i) gathering.add(holdings.mirrors[i], *mirrors[i]);
  Overview out = gathering.finish();
  for (const auto& failure : holdings.failures) out.failed.push_back(failure.index->key());
  return out;
}

}  // namespace bodega::web
