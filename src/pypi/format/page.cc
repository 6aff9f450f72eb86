#include "pypi/format/page.h"

#include <algorithm>

#include "pypi/format/filename.h"
#include "pypi/format/version.h"

namespace bodega::pypi {

const std::string* PageFile::hash(std::string_view algorithm) const {
  for (const auto& entry : hashes) {
    if (entry.algorithm == algorithm) return &entry.hex;
  }
  return nullptr;
}

bool is_upload_time(std::string_view text) {
  constexpr std::string_view kShape = "0000-00-00T00:00:00";
  if (text.size() < kShape.size() + 1 || text.back() != 'Z') return false;
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  for (std::size_t i = 0; i < kShape.size(); ++i) {
    if (kShape[i] == '0' ? !is_digit(text[i]) : text[i] != kShape[i]) return false;
  }
  const std::string_view rest = text.substr(kShape.size(), text.size() - kShape.size() - 1);
  if (rest.empty()) return true;
  return rest.front() == '.' && rest.size() >= 2 && rest.size() <= 7 && std::all_of(rest.begin() + 1, rest.end(), is_digit);
}

std::vector<std::string> page_versions(const ProjectPage& page) {
  std::vector<std::string> versions = page.versions;
  if (versions.empty()) {
    for (const auto& file : page.files) {
      const auto text = file_version(file.filename, page.name);
      if (!text) continue;
      const auto version = Version::parse(*text);
      versions.push_back(version ? version->text() : *text);
    }
  }
  sort_versions(versions);
  return versions;
}

}  // namespace bodega::pypi
