// What stands in dataindex.json, with devpi's keys in devpi's order. Pure. Internal to export.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"
#include "catalog/rows.h"
#include "pypi/format/json_value.h"

namespace bodega::ops {

// A name as a folder of the dump. Names that would leave it or meet its index get a '%' before them, which no name holds.
std::string folder_of(std::string_view name);

// corrupt when the profile is no JSON object.
Result<pypi::Json> user_entry(const catalog::UserRow& user);
// corrupt likewise. devpi-import goes by `name` and `version` inside, so they are made to agree with where the release stands.
Result<pypi::Json> release_entry(const catalog::ReleaseRow& release, std::string_view display_name);

// A file of the dump, whatever it is.
struct FileEntry {
  std::string_view type;  // "releasefile", "doczip", "toxresult"
  std::string project;
  std::string version;
  std::string path;  // below the dump
  Digest digest;
  WallTime modified{};
  std::string log_json;       // empty: none, as for mirrored files
  std::string for_entrypath;  // of a test result
  std::string url;            // of a mirrored file
};
pypi::Json file_entry(const FileEntry& file);

// Where devpi keeps a file with these bytes: "u/i/+f/abc/0123456789abc/file".
std::string entrypath(std::string_view index, const Digest& digest, std::string_view filename);

}  // namespace bodega::ops
