#include "pypi/format/archive.h"

#include <algorithm>
#include <unordered_set>

#include "base/text.h"
#include "pypi/format/archive_reader.h"
#include "pypi/format/metadata.h"
#include "pypi/format/names.h"
#include "pypi/format/specifier.h"
#include "pypi/format/version.h"

namespace bodega::pypi {
namespace {

// RECORD has a line of about 100 bytes for each member, and there are at most 200,000.
constexpr std::size_t kMaxRecord = 32U << 20U;
constexpr std::size_t kMaxWheelFile = 1U << 20U;

tl::unexpected<Error> refuse(std::string message) { return fail(Code::invalid, std::move(message)); }

std::string quote(std::string_view text) { return "'" + std::string(text) + "'"; }

bool same_version(std::string_view a, std::string_view b) {
  const auto left = Version::parse(a);
  const auto right = Version::parse(b);
  return left && right ? *left == *right : a == b;
}

// The first column of RECORD, a CSV file: "path,sha256=...,size".
Result<std::unordered_set<std::string>> record_paths(std::string_view record) {
  std::unordered_set<std::string> paths;
  while (!record.empty()) {
    std::string path;
    if (record.front() == '"') {
      std::size_t at = 1;
      for (; at < record.size(); ++at) {
        if (record[at] != '"') {
          path += record[at];
        } else if (at + 1 < record.size() && record[at + 1] == '"') {
          path += record[at++];
        } else {
          break;
        }
      }
      if (at == record.size()) return refuse("the wheel's RECORD is broken");
    } else {
      path = record.substr(0, record.find_first_of(",\r\n"));
    }
    if (!path.empty()) paths.insert(std::move(path));
    const auto end = record.find('\n');
    record.remove_prefix(end == std::string_view::npos ? record.size() : end + 1);
  }
  return paths;
}

Result<void> check_record(const ZipReader& zip, std::string_view record, const std::string& dist_info) {
  BODEGA_TRY(auto listed, record_paths(record));
  for (const auto& member : zip.members()) {
    const bool exempt = member == dist_info + "/RECORD" || member == dist_info + "/RECORD.jws" || member == dist_info + "/RECORD.p7s";
    const bool known = listed.erase(member) != 0;
    if (!known && !exempt && !member.ends_with('/')) return refuse("the wheel holds " + quote(member) + ", which its RECORD does not list");
  }
  for (const char* exempt : {"/RECORD", "/RECORD.jws", "/RECORD.p7s"}) listed.erase(dist_info + exempt);
  if (!listed.empty()) return refuse("the wheel's RECORD lists " + quote(*listed.begin()) + ", which it does not hold");
  return {};
}

// The one "<name>-<version>.dist-info" at the top.
Result<std::string> find_dist_info(const ZipReader& zip, const WheelName& wheel) {
  std::string found;
  for (const auto& member : zip.members()) {
    const std::string_view top = std::string_view(member).substr(0, member.find('/'));
    if (!top.ends_with(".dist-info") || top.size() == member.size() || top == found) continue;
    if (!found.empty()) return refuse("the wheel has more than one .dist-info directory");
    found = top;
  }
  if (found.empty()) return refuse("the wheel has no .dist-info directory");
  const std::string_view stem = std::string_view(found).substr(0, found.size() - std::string_view(".dist-info").size());
  const auto dash = stem.find('-');
  const bool fits = dash != std::string_view::npos && normalize_name(stem.substr(0, dash)) == normalize_name(wheel.distribution) &&
                    same_version(stem.substr(dash + 1), wheel.version);
  if (!fits) return refuse("the wheel's directory " + quote(found) + " is not that of its file name");
  return found;
}

Result<std::string> required(ZipReader& zip, const std::string& member, std::size_t limit) {
  BODEGA_TRY(auto bytes, zip.read(member, limit));
  if (!bytes) return refuse("the archive has no " + quote(member));
  return std::move(*bytes);
}

Result<std::string> wheel_metadata(const std::string& path, std::string_view filename) {
  const auto wheel = parse_wheel(filename);
  if (!wheel) return refuse(quote(filename) + " is not the name of a wheel");
  BODEGA_TRY(auto zip, ZipReader::open(path, ZipRules::distribution));
  BODEGA_TRY(const std::string dist_info, find_dist_info(*zip, *wheel));
  BODEGA_TRY(const std::string wheel_file, required(*zip, dist_info + "/WHEEL", kMaxWheelFile));
  if (!Metadata::parse(wheel_file).get("Wheel-Version").starts_with("1."))
    return refuse("the wheel's WHEEL file does not say Wheel-Version 1");
  BODEGA_TRY(const std::string record, required(*zip, dist_info + "/RECORD", kMaxRecord));
  BODEGA_TRY_VOID(check_record(*zip, record, dist_info));
  return required(*zip, dist_info + "/METADATA", kMaxMetadata);
}

// Archives of old tools, and what is no sdist but called like one (bdist_dumb), have no "<top>/PKG-INFO"; devpi takes them, so their inside
// is left unread: "".
Result<std::string> zip_sdist_metadata(const std::string& path) {
  BODEGA_TRY(auto zip, ZipReader::open(path, ZipRules::distribution));
  std::string top;
  for (const auto& member : zip->members()) {
    const std::string_view first = std::string_view(member).substr(0, member.find('/'));
    if (top.empty()) top = first;
    if (first != top) return std::string();
  }
  BODEGA_TRY(auto bytes, zip->read(top + "/PKG-INFO", kMaxMetadata));
  return bytes ? std::move(*bytes) : std::string();
}

Result<std::string> egg_metadata(const std::string& path) {
  BODEGA_TRY(auto zip, ZipReader::open(path, ZipRules::distribution));
  return required(*zip, "EGG-INFO/PKG-INFO", kMaxMetadata);
}

Result<std::string> tar_metadata(const std::string& path, std::string_view filename) {
  const std::string lower = to_lower(filename);
  const bool gzip = lower.ends_with(".tar.gz") || lower.ends_with(".tgz");
  BODEGA_TRY(TarFound found, read_tar(path, gzip ? TarPacking::gzip : TarPacking::other, "PKG-INFO", kMaxMetadata));
  return found.bytes ? std::move(*found.bytes) : std::string();
}

// Do the metadata and the file name speak of the same release?
Result<void> check_agreement(const Metadata& metadata, std::string_view filename) {
  for (const char* field : {"Name", "Version"}) {
    if (metadata.count(field) > 1) return refuse(std::string("the metadata has more than one ") + field);
  }
  if (metadata.metadata_version().empty()) return refuse("the metadata has no Metadata-Version");
  if (!is_valid_name(metadata.name())) return refuse("the metadata's Name " + quote(metadata.name()) + " is not a valid project name");
  if (!Version::parse(metadata.version()))
    return refuse("the metadata's Version " + quote(metadata.version()) + " is not a version of PEP 440");
  const auto version = file_version(filename, normalize_name(metadata.name()));
  if (!version) return refuse("filename " + quote(filename) + " does not match the name in its metadata, " + quote(metadata.name()));
  if (!same_version(*version, metadata.version())) {
    return refuse("filename " + quote(filename) + " does not match the version in its metadata, " + quote(metadata.version()));
  }
  if (const std::string python = metadata.requires_python(); !SpecifierSet::parse(python)) {
    return refuse("the metadata's Requires-Python " + quote(python) + " is not a version specifier");
  }
  return {};
}

// Formats whose inside is not read: what the file name says is all there is.
Result<Inspected> by_name(FileKind kind, std::string_view filename) {
  Inspected out;
  out.kind = kind;
  for (const auto& candidate : project_candidates(filename)) {
    const auto version = file_version(filename, candidate);
    if (!version || !Version::parse(*version)) continue;
    out.name = candidate;
    out.version = *version;
    return out;
  }
  return refuse(quote(filename) + " does not tell its project and version");
}

Result<std::string> read_metadata(FileKind kind, const std::string& path, std::string_view filename) {
  if (kind == FileKind::wheel) return wheel_metadata(path, filename);
  if (kind == FileKind::egg) return egg_metadata(path);
  return istarts_with(filename.substr(filename.size() - 4), ".zip") ? zip_sdist_metadata(path) : tar_metadata(path, filename);
}

}  // namespace

Result<Inspected> inspect_distribution(const std::string& path, std::string_view filename) {
  const auto kind = file_kind(filename);
  if (!kind || !is_safe_filename(filename)) return refuse("the file is not a distribution by its name");
  if (*kind != FileKind::wheel && *kind != FileKind::sdist && *kind != FileKind::egg) return by_name(*kind, filename);
  Inspected out;
  out.kind = *kind;
  BODEGA_TRY(out.metadata, read_metadata(*kind, path, filename));
  if (out.metadata.empty()) return out;
  const Metadata metadata = Metadata::parse(out.metadata);
  BODEGA_TRY_VOID(check_agreement(metadata, filename));
  out.name = metadata.name();
  out.version = metadata.version();
  out.requires_python = metadata.requires_python();
  return out;
}

Result<void> check_documentation(const std::string& path) {
  BODEGA_TRY_VOID(ZipReader::open(path, ZipRules::documentation));
  return {};
}

// Opening it anew by /proc gives a position of its own.
Result<Inspected> inspect_distribution(int fd, std::string_view filename) {
  return inspect_distribution("/proc/self/fd/" + std::to_string(fd), filename);
}

}  // namespace bodega::pypi
