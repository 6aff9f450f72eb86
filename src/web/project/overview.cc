#include "web/project/overview.h"

#include <algorithm>
#include <unordered_map>

#include "pypi/format/filename.h"
#include "pypi/format/version.h"

namespace bodega::web {
namespace {

class Gathering {
 public:
  void add(const pypi::StageHolding& stage);
  void add(const pypi::MirrorHolding& mirror);
  Overview finish();

 private:
  // The line of a version as far as `index` may say something of it; nullptr when an index before it has the version.
  VersionLine* line(const std::string& version, const std::string& index);
  void count(VersionLine* line, std::optional<std::uint64_t> size, bool yanked, std::optional<WallTime> when);

  Overview out_;
  std::unordered_map<std::string, std::size_t> places_;
};

VersionLine* Gathering::line(const std::string& version, const std::string& index) {
  const auto [place, is_new] = places_.emplace(version, out_.versions.size());
  if (is_new) {
    out_.versions.push_back({});
    out_.versions.back().version = version;
    out_.versions.back().index = index;
  }
  auto& found = out_.versions[place->second];
  if (found.index == index) return &found;
  if (found.also.empty() || found.also.back() != index) found.also.push_back(index);
  return nullptr;
}

void Gathering::count(VersionLine* line, std::optional<std::uint64_t> size, bool yanked, std::optional<WallTime> when) {
  ++out_.files;
  out_.bytes += size.value_or(0);
  if (line == nullptr) return;
  ++line->files;
  if (yanked) ++line->yanked;
  if (when && (!line->since || *when < *line->since)) line->since = when;
}

void Gathering::add(const pypi::StageHolding& stage) {
  out_.is_hosted = true;
  const std::string index = stage.index->key();
  for (const auto& release : stage.releases) line(release.version, index);
  for (const auto& file : stage.files) {
    auto* of_version = line(file.version, index);
    count(of_version, file.size, file.yanked.has_value(), file.uploaded_at);
    if (of_version != nullptr && !file.requires_python.empty()) of_version->requires_python = file.requires_python;
  }
  for (const auto& attachment : stage.attachments) {
    if (attachment.kind != catalog::AttachmentKind::doczip) continue;
    const auto place = places_.find(attachment.version);
    if (place != places_.end() && out_.versions[place->second].docs_index.empty()) out_.versions[place->second].docs_index = index;
  }
}

void Gathering::add(const pypi::MirrorHolding& mirror) {
  const std::string index = mirror.index->key();
  const auto& page = *mirror.page.page;
  out_.mirrors.push_back(index);
  out_.is_stale = out_.is_stale || mirror.page.stale;
  if (page.status && page.status->status != "active" && !out_.status) {
    out_.status = page.status;
    out_.status_from = index;
  }
  if (page.quarantined()) return;
  for (const auto& file : page.files) {
    const auto version = pypi::file_version(file.filename, page.name);
    if (!version) continue;
    auto* of_version = line(*version, index);
    count(of_version, file.size, file.yanked.has_value(), parse_rfc3339(file.upload_time));
    if (of_version != nullptr && file.requires_python) of_version->requires_python = *file.requires_python;
  }
}

Overview Gathering::finish() {
  std::vector<std::string> order;
  order.reserve(out_.versions.size());
  for (const auto& version : out_.versions) order.push_back(version.version);
  pypi::sort_versions(order);
  std::vector<VersionLine> sorted;
  sorted.reserve(order.size());
  for (auto version = order.rbegin(); version != order.rend(); ++version) {
    auto& line = out_.versions[places_.at(*version)];
    const auto parsed = pypi::Version::parse(*version);
    line.is_final = parsed && !parsed->is_prerelease();
    sorted.push_back(std::move(line));
  }
  out_.versions = std::move(sorted);
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

Overview overview_of(const pypi::Holdings& holdings) {
  Gathering gathering;
  for (const auto& stage : holdings.stages) gathering.add(stage);
  for (const auto& mirror : holdings.mirrors) gathering.add(mirror);
  Overview out = gathering.finish();
  for (const auto& failure : holdings.failures) out.failed.push_back(failure.index->key());
  return out;
}

}  // namespace bodega::web
