#include "pypi/index/prefetch_plan.h"

#include <algorithm>
#include <map>
#include <optional>

#include "pypi/format/filename.h"

namespace bodega::pypi {
namespace {

struct Candidate {
  std::optional<int> rank;  // nullopt: no wheel that fits
  const PageFile* wheel = nullptr;
};

bool python_takes(const PageFile& file, const Version& python) {
  if (!file.requires_python) return true;
  const auto set = SpecifierSet::parse(*file.requires_python);
  return !set || set->contains(python, SpecifierSet::Prereleases::take);
}

}  // namespace

const PageFile* likely_wheel(const ProjectPage& page, const SpecifierSet& wanted, const Environment& environment) {
  const auto python = Version::parse(environment.python_full_version);
  if (!python || page.quarantined()) return nullptr;
  // Version texts are few, files are many.
  std::map<std::string, Candidate> by_text;
  for (const auto& file : page.files) {
    if (file.yanked) continue;
    const auto kind = file_kind(file.filename);
    if (kind != FileKind::wheel && kind != FileKind::sdist) continue;
    const auto rank = kind == FileKind::wheel ? wheel_rank(file.filename, environment) : std::nullopt;
    if (kind == FileKind::wheel && !rank) continue;
    if (!python_takes(file, *python)) continue;
    const auto text = file_version(file.filename, page.name);
    if (!text) continue;
    auto& candidate = by_text[*text];
    if (!rank || (candidate.rank && *candidate.rank >= *rank)) continue;
    candidate = {rank, &file};
  }
  const Candidate* best = nullptr;
  std::optional<Version> newest;
  for (const auto& [text, candidate] : by_text) {
    auto version = Version::parse(text);
    if (!version || !wanted.contains(*version)) continue;
    if (newest && *version <= *newest) continue;
    newest = std::move(version);
    best = &candidate;
  }
  if (best == nullptr || best->wheel == nullptr || !best->wheel->core_metadata.offered) return nullptr;
  return best->wheel;
}

std::vector<Requirement> needs_of(const Metadata& metadata, const Environment& environment, const std::vector<std::string>& extras) {
  std::vector<Requirement> out;
  for (const auto line : metadata.all("Requires-Dist")) {
    auto requirement = parse_requirement(line);
    if (!requirement || !requirement->url.empty()) continue;
    if (marker_holds(requirement->marker, environment, extras).value_or(false)) out.push_back(std::move(*requirement));
  }
  return out;
}

}  // namespace bodega::pypi
