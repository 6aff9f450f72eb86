// Where a listed file is found below its index, and back. Three shapes are understood for the same file:
//   +f/packages/aa/bb/<60 hex>/<file name>   the upstream's own path; reversible, so lock files stay portable
//   +f/<3 hex>/<13 hex>/<file name>          devpi's: the first 16 digits of the SHA-256
//   +e/<dir>/<file name>                     devpi's for files without a SHA-256: scheme, host, port and path joined by "_"
// The first that a file can have is the one its page shows.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "pypi/format/page.h"

namespace bodega::pypi {

// Percent-encoded, relative to the index ("+f/..."), ready for an href.
void append_link(std::string& out, const PageFile& file);
std::string to_link(const PageFile& file);

struct PackagesLink {
  std::string path;  // "packages/aa/bb/<60 hex>", lower case
  bool operator==(const PackagesLink&) const = default;
};
struct Sha256PrefixLink {
  std::string prefix;  // 16 lower-case hex digits; fewer, but more than three, of a page that gave no more
  bool operator==(const Sha256PrefixLink&) const = default;
};
struct ExternalLink {
  std::string dir;
  bool operator==(const ExternalLink&) const = default;
};

struct FileLink {
  std::variant<PackagesLink, Sha256PrefixLink, ExternalLink> target;
  std::string filename;      // safe; without ".metadata"
  bool is_metadata = false;  // the link was for the PEP 658 sibling
};

// `path` is what follows the index and its slash, percent-decoded once, from "+f" or "+e" on; one slash at the end is ignored.
// nullopt when it has none of the shapes or the file name is not safe.
std::optional<FileLink> parse_link(std::string_view path);

// The listed file the link means, by any of its shapes; nullptr when the page has none. Lives as long as the page.
const PageFile* find_file(const ProjectPage& page, const FileLink& link);

}  // namespace bodega::pypi
