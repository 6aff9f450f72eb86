// A project's page as a value: what an upstream's JSON or HTML said, or what a hosted index holds. Readers make one (page_json_parse.h,
// page_html_parse.h), renderers print it (page_render.h); between them it lies on disk in the form of docs/formats/page.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace bodega::pypi {

struct Hash {
  std::string algorithm;  // hashlib's name: "sha256"
  std::string hex;        // as given; lower case but for odd upstreams
  bool operator==(const Hash&) const = default;
};

// PEP 714: whether `<file>.metadata` exists, and its digests when the page gave them. hashes implies offered.
struct CoreMetadata {
  bool offered = false;
  std::vector<Hash> hashes;
  bool operator==(const CoreMetadata&) const = default;
};

struct PageFile {
  std::string filename;                        // safe (is_safe_filename)
  std::string url;                             // absolute http(s) without fragment; empty for a hosted file
  std::vector<Hash> hashes;                    // in the order given
  std::optional<std::string> requires_python;  // not escaped; not checked
  CoreMetadata core_metadata;
  std::optional<std::string> yanked;  // reason; empty: yanked without one
  std::optional<std::uint64_t> size;
  std::string upload_time;                // "YYYY-MM-DDTHH:MM:SS[.ffffff]Z" or empty
  std::optional<std::string> provenance;  // absolute http(s) URL
  std::optional<bool> gpg_sig;
  bool operator==(const PageFile&) const = default;

  const std::string* hash(std::string_view algorithm) const;  // the hex; nullptr when the page gave none
  const std::string* sha256() const { return hash("sha256"); }
};

struct ProjectStatus {
  std::string status;  // "active", "archived", "quarantined", "deprecated" or a later word
  std::string reason;  // may be empty
  bool operator==(const ProjectStatus&) const = default;
};

struct ProjectPage {
  std::string name;  // normalised
  std::vector<PageFile> files;
  std::vector<std::string> versions;  // as given; empty: not told
  std::optional<ProjectStatus> status;
  std::uint64_t last_serial = 0;  // 0: none
  std::string api_version;        // as the upstream said; empty: not told
  bool operator==(const ProjectPage&) const = default;

  bool quarantined() const { return status && status->status == "quarantined"; }
};

// The digits PEP 700 asks for and nothing else.
bool is_upload_time(std::string_view text);

// The page's versions by PEP 440; where it tells none, those its file names tell.
std::vector<std::string> page_versions(const ProjectPage& page);

// docs/formats/page.md. Deterministic: equal pages give equal bytes.
std::string encode_page(const ProjectPage& page);
// Code::corrupt when the bytes are not what encode_page() wrote (magic, version, length, checksum, contents).
Result<ProjectPage> decode_page(std::string_view bytes);

}  // namespace bodega::pypi
