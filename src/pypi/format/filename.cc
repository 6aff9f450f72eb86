#include "pypi/format/filename.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "pypi/format/names.h"
#include "pypi/format/version.h"

namespace bodega::pypi {
namespace {

struct Extension {
  std::string_view text;
  FileKind kind;
};

// pip's list of archives, and the retired binary formats the public index still lists.
constexpr std::array<Extension, 18> kExtensions = {{
    {".whl", FileKind::wheel},
    {".tar.gz", FileKind::sdist},
    {".zip", FileKind::sdist},
    {".tgz", FileKind::sdist},
    {".tar.bz2", FileKind::sdist},
    {".tbz", FileKind::sdist},
    {".tar.xz", FileKind::sdist},
    {".txz", FileKind::sdist},
    {".tar.z", FileKind::sdist},
    {".tar.lzma", FileKind::sdist},
    {".tar", FileKind::sdist},
    {".egg", FileKind::egg},
    {".exe", FileKind::exe},
    {".msi", FileKind::msi},
    {".rpm", FileKind::rpm},
    {".deb", FileKind::deb},
    {".dmg", FileKind::dmg},
    {".tlz", FileKind::sdist},
}};

// More guesses than this do not help: a caller asks for a page for each.
constexpr std::size_t kMaxCandidates = 8;

const Extension* find_extension(std::string_view filename) {
  for (const auto& extension : kExtensions) {
    if (filename.size() <= extension.text.size()) continue;
    if (iequals(filename.substr(filename.size() - extension.text.size()), extension.text)) return &extension;
  }
  return nullptr;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Where old binary formats put a platform behind the version: "x-1.0.win32-py2.7.exe", "x-1.0.linux-x86_64.tar.gz".
std::string_view without_platform(std::string_view version) {
  for (const std::string_view mark : {".win", ".linux-", ".macosx-"}) version = version.substr(0, version.find(mark));
  return version;
}

std::string_view version_part(FileKind kind, std::string_view rest) {
  switch (kind) {
    case FileKind::egg: return rest.substr(0, rest.find('-'));
    case FileKind::exe:
    case FileKind::msi: return without_platform(rest);
    case FileKind::rpm: return rest.substr(0, rest.find('-'));
    case FileKind::deb: return rest.substr(0, rest.find_first_of("_-"));
    default: break;
  }
  const std::string_view cut = without_platform(rest);
  return cut.size() != rest.size() && Version::parse(cut) ? cut : rest;
}

// What follows the name of the project and a separator in a stem; empty when the stem is of another project.
std::string_view rest_after_project(FileKind kind, std::string_view stem, std::string_view project) {
  const std::string_view separators = kind == FileKind::deb ? "-_" : "-";
  for (auto at = stem.find_first_of(separators); at != std::string_view::npos; at = stem.find_first_of(separators, at + 1)) {
    const std::string_view rest = stem.substr(at + 1);
    if (normalizes_to(stem.substr(0, at), project) && !version_part(kind, rest).empty()) return rest;
  }
  return {};
}

void add_candidate(std::vector<std::string>& out, std::string_view name) {
  if (out.size() >= kMaxCandidates || !is_valid_name(name)) return;
  std::string normal = normalize_name(name);
  if (std::find(out.begin(), out.end(), normal) == out.end()) out.push_back(std::move(normal));
}

}  // namespace

std::string_view to_string(FileKind kind) {
  switch (kind) {
    case FileKind::wheel: return "bdist_wheel";
    case FileKind::sdist: return "sdist";
    case FileKind::egg: return "bdist_egg";
    case FileKind::exe: return "bdist_wininst";
    case FileKind::msi: return "bdist_msi";
    case FileKind::rpm: return "bdist_rpm";
    case FileKind::deb: return "bdist_dumb";
    case FileKind::dmg: return "bdist_dmg";
  }
  return "sdist";
}

bool is_safe_filename(std::string_view filename) {
  if (filename.empty() || filename.size() > kMaxFilename || filename == "." || filename.find("..") != std::string_view::npos) return false;
  const auto bad = [](char c) { return c == '/' || c == '\\' || static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  return std::none_of(filename.begin(), filename.end(), bad) && is_utf8(filename);
}

std::optional<FileKind> file_kind(std::string_view filename) {
  const Extension* extension = find_extension(filename);
  if (extension == nullptr) return std::nullopt;
  return extension->kind;
}

std::string_view file_content_type(std::string_view filename) {
  if (file_kind(filename) != FileKind::sdist) return "application/octet-stream";
  return to_lower(filename).ends_with(".zip") ? "application/zip" : "application/x-tar";
}

std::string_view file_stem(std::string_view filename) {
  const Extension* extension = find_extension(filename);
  return extension == nullptr ? std::string_view{} : filename.substr(0, filename.size() - extension->text.size());
}

std::optional<WheelName> parse_wheel(std::string_view filename) {
  if (file_kind(filename) != FileKind::wheel || !is_safe_filename(filename)) return std::nullopt;
  const auto parts = split(file_stem(filename), '-');
  if (parts.size() < 5 || parts.size() > 7) return std::nullopt;
  if (std::any_of(parts.begin(), parts.end(), [](std::string_view part) { return part.empty(); })) return std::nullopt;
  WheelName wheel{parts[0], parts[1], {}, parts[2], parts[3], parts[4], {}};
  if (parts.size() == 5) return wheel;
  // A build tag begins with a digit and a Python tag never does, so the third of six parts tells a build from a variant label.
  const bool has_build = is_digit(parts[2].front());
  if (parts.size() == 7 && !has_build) return std::nullopt;
  const std::size_t tags = has_build ? 3 : 2;
  if (has_build) wheel.build = parts[2];
  wheel.python = parts[tags];
  wheel.abi = parts[tags + 1];
  wheel.platform = parts[tags + 2];
  if (parts.size() > tags + 3) wheel.variant = parts[tags + 3];
  return wheel;
}

std::optional<SdistName> parse_sdist(std::string_view filename) {
  if (file_kind(filename) != FileKind::sdist || !is_safe_filename(filename)) return std::nullopt;
  const std::string_view stem = file_stem(filename);
  const auto dash = stem.rfind('-');
  if (dash == std::string_view::npos || dash == 0 || dash + 1 == stem.size()) return std::nullopt;
  return SdistName{stem.substr(0, dash), stem.substr(dash + 1)};
}

std::vector<std::string> project_candidates(std::string_view filename) {
  std::vector<std::string> out;
  const auto kind = file_kind(filename);
  if (!kind || !is_safe_filename(filename)) return out;
  if (*kind == FileKind::wheel) {
    if (const auto wheel = parse_wheel(filename)) add_candidate(out, wheel->distribution);
    return out;
  }
  const std::string_view stem = file_stem(filename);
  if (*kind == FileKind::egg) {
    add_candidate(out, stem.substr(0, stem.find('-')));
    return out;
  }
  const std::string_view separators = *kind == FileKind::deb ? "-_" : "-";
  for (const bool digit_follows : {true, false}) {
    for (auto at = stem.find_first_of(separators); at != std::string_view::npos; at = stem.find_first_of(separators, at + 1)) {
      if (at + 1 < stem.size() && is_digit(stem[at + 1]) == digit_follows) add_candidate(out, stem.substr(0, at));
    }
  }
  return out;
}

bool belongs_to_project(std::string_view filename, std::string_view project) {
  const auto kind = file_kind(filename);
  if (!kind || !is_safe_filename(filename)) return false;
  if (*kind == FileKind::wheel) {
    const auto wheel = parse_wheel(filename);
    return wheel && normalizes_to(wheel->distribution, project);
  }
  return !rest_after_project(*kind, file_stem(filename), project).empty();
}

std::optional<std::string> file_version(std::string_view filename, std::string_view project) {
  const auto kind = file_kind(filename);
  if (!kind || !is_safe_filename(filename)) return std::nullopt;
  if (*kind == FileKind::wheel) {
    const auto wheel = parse_wheel(filename);
    if (!wheel || !normalizes_to(wheel->distribution, project)) return std::nullopt;
    std::string version(wheel->version);
    if (Version::parse(version)) return version;
    std::string dashed = version;
    std::replace(dashed.begin(), dashed.end(), '_', '-');
    return Version::parse(dashed) ? dashed : version;
  }
  const std::string_view rest = rest_after_project(*kind, file_stem(filename), project);
  if (rest.empty()) return std::nullopt;
  return std::string(version_part(*kind, rest));
}

Result<void> check_upload_filename(std::string_view filename, std::string_view name, std::string_view version) {
  if (!is_safe_filename(filename)) return fail(Code::invalid, "the name of the file holds characters that are not allowed, or is too long");
  const std::string quoted = "'" + std::string(filename) + "'";
  const auto actual = file_version(filename, normalize_name(name));
  std::string underscored(version);
  std::replace(underscored.begin(), underscored.end(), '-', '_');
  const bool contains = filename.find(version) != std::string_view::npos || filename.find(underscored) != std::string_view::npos;
  const auto wanted = Version::parse(version);
  const auto given = actual ? Version::parse(*actual) : std::nullopt;
  // devpi asks only whether the text is in there; "1.0-rc1" in a file named "1.0rc1" is the same version, "1.0" in "11.0" is not.
  const bool same = wanted && given ? *wanted == *given : contains;
  if (!same || version.empty())
    return fail(Code::invalid, "filename " + quoted + " does not contain version '" + std::string(version) + "'");
  if (!file_kind(filename)) return fail(Code::invalid, quoted + " is not a valid archive name");
  if (!actual) return fail(Code::invalid, "filename " + quoted + " does not match project name '" + std::string(name) + "'");
  return {};
}

}  // namespace bodega::pypi
