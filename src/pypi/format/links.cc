#include "pypi/format/links.h"

#include <algorithm>

#include "base/text.h"
#include "pypi/format/filename.h"

namespace bodega::pypi {
namespace {

constexpr std::string_view kPackages = "packages/";
// "packages/aa/bb/<60 hex>"
constexpr std::size_t kPackagesPath = 9 + 2 + 1 + 2 + 1 + 60;
constexpr std::size_t kFirstDir = 3;
constexpr std::size_t kSecondDir = 13;
constexpr std::string_view kMetadata = ".metadata";
// What RFC 3986 allows literally in a path segment beside unreserved characters.
constexpr std::string_view kSegment = "!$&'()*+,;=:@";

bool is_packages_path(std::string_view path) {
  return path.size() == kPackagesPath && path.starts_with(kPackages) && path[11] == '/' && path[14] == '/' &&
         is_lower_hex(path.substr(9, 2)) && is_lower_hex(path.substr(12, 2)) && is_lower_hex(path.substr(15));
}

// The path of the URL without its last segment and the slash before that: "https://h/a/b/f" gives "https://h/a/b".
std::string_view without_last_segment(std::string_view url) { return url.substr(0, url.rfind('/')); }

// "packages/aa/bb/<60 hex>" of an upstream URL that ends with that and the file name; empty for any other.
std::string_view packages_path(const PageFile& file) {
  const std::string_view url = file.url;
  const std::string_view dir = without_last_segment(url);
  if (dir.size() <= kPackagesPath || dir.size() == url.size() || dir[dir.size() - kPackagesPath - 1] != '/') return {};
  const std::string_view path = dir.substr(dir.size() - kPackagesPath);
  if (!is_packages_path(path)) return {};
  const std::string_view last = url.substr(dir.size() + 1);
  if (last != file.filename && percent_decode(last) != file.filename) return {};
  return path;
}

// The first 16 digits in lower case, or as many as the page gave; empty when it gave no SHA-256.
std::string sha256_prefix(const PageFile& file) {
  const std::string* hex = file.sha256();
  if (hex == nullptr || hex->size() <= kFirstDir) return {};
  return to_lower(std::string_view(*hex).substr(0, kFirstDir + kSecondDir));
}

std::string external_dir(const PageFile& file) {
  std::string_view url = without_last_segment(std::string_view(file.url).substr(0, file.url.find('?')));
  const auto colon = url.find("://");
  if (colon == std::string_view::npos) return {};
  const auto keep = [](char c) {
    return (c >= '0' && c <= '9') || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z') || c == '_' || c == '.' || c == '-';
  };
  std::string dir(url.substr(0, colon));
  dir += '_';
  for (const char c : url.substr(colon + 3)) dir += keep(c) ? c : '_';
  return dir;
}

void append_filename(std::string& out, std::string_view filename) {
  const auto plain = [](char c) {
    return (c >= '0' && c <= '9') || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z') || c == '-' || c == '.' || c == '_';
  };
  if (std::all_of(filename.begin(), filename.end(), plain)) {
    out += filename;
  } else {
    out += percent_encode(filename, kSegment);
  }
}

struct Matches {
  const PageFile& file;
  bool operator()(const PackagesLink& link) const { return packages_path(file) == link.path; }
  bool operator()(const Sha256PrefixLink& link) const { return sha256_prefix(file) == link.prefix; }
  bool operator()(const ExternalLink& link) const { return external_dir(file) == link.dir; }
};

}  // namespace

void append_link(std::string& out, const PageFile& file) {
  if (const auto path = packages_path(file); !path.empty()) {
    out.append("+f/").append(path);
  } else if (const auto prefix = sha256_prefix(file); !prefix.empty()) {
    out.append("+f/").append(prefix, 0, kFirstDir).append(1, '/').append(prefix, kFirstDir);
  } else {
    out.append("+e/").append(external_dir(file));
  }
  out += '/';
  append_filename(out, file.filename);
}

std::string to_link(const PageFile& file) {
  std::string out;
  append_link(out, file);
  return out;
}

std::optional<FileLink> parse_link(std::string_view path) {
  if (path.ends_with('/')) path.remove_suffix(1);
  const auto slash = path.rfind('/');
  if (slash == std::string_view::npos || slash < 3) return std::nullopt;
  const bool external = path.starts_with("+e/");
  if (!external && !path.starts_with("+f/")) return std::nullopt;
  const std::string_view dir = path.substr(3, slash - 3);
  FileLink link;
  std::string_view filename = path.substr(slash + 1);
  if (filename.ends_with(kMetadata)) {
    link.is_metadata = true;
    filename.remove_suffix(kMetadata.size());
  }
  if (!is_safe_filename(filename)) return std::nullopt;
  link.filename = filename;
  if (external) {
    if (dir.empty() || dir.find('/') != std::string_view::npos || !is_utf8(dir)) return std::nullopt;
    link.target = ExternalLink{std::string(dir)};
  } else if (is_packages_path(dir)) {
    link.target = PackagesLink{std::string(dir)};
  } else {
    if (dir.size() < kFirstDir + 2 || dir.size() > kFirstDir + 1 + kSecondDir || dir[kFirstDir] != '/') return std::nullopt;
    std::string prefix = std::string(dir.substr(0, kFirstDir)) + std::string(dir.substr(kFirstDir + 1));
    if (!is_lower_hex(prefix)) return std::nullopt;
    link.target = Sha256PrefixLink{std::move(prefix)};
  }
  return link;
}

const PageFile* find_file(const ProjectPage& page, const FileLink& link) {
  for (const auto& file : page.files) {
    if (file.filename == link.filename && std::visit(Matches{file}, link.target)) return &file;
  }
  return nullptr;
}

}  // namespace bodega::pypi
