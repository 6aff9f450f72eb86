// What the name of a distribution file tells. Wheels: the binary distribution format; sdists: PEP 625, and everything older, where the
// line between name and version can only be guessed.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace bodega::pypi {

enum class FileKind { wheel, sdist, egg, exe, msi, rpm, deb, dmg };

// "bdist_wheel", "sdist", "bdist_egg", "bdist_wininst", "bdist_msi", "bdist_rpm", "bdist_dmg", "bdist_dumb": the upload form's filetype.
std::string_view to_string(FileKind kind);

// Longest name most file systems take.
inline constexpr std::size_t kMaxFilename = 255;

// False for what could leave a directory or a line: empty, '.', "..", '/', '\\', controls, DEL, invalid UTF-8, over kMaxFilename.
bool is_safe_filename(std::string_view filename);

// By extension, in either case; nullopt when it is no distribution. tar.gz, tgz, tar.bz2, tbz, tar.xz, txz, tar.Z, tar and zip are sdists.
std::optional<FileKind> file_kind(std::string_view filename);
// As devpi and the public index send it: "application/zip" and "application/x-tar" for sdists, else "application/octet-stream".
std::string_view file_content_type(std::string_view filename);
// Without the extension that file_kind() knows; empty when it knows none.
std::string_view file_stem(std::string_view filename);

// Views into the file name. Lenient: the distribution part may hold '.' and upper case.
struct WheelName {
  std::string_view distribution;
  std::string_view version;  // as written: '_' stands for '-'
  std::string_view build;    // empty, or begins with a digit
  std::string_view python;
  std::string_view abi;
  std::string_view platform;
  std::string_view variant;  // PEP 825 label; mostly empty
};
std::optional<WheelName> parse_wheel(std::string_view filename);

// The part before and after the last '-'. The version is not checked.
struct SdistName {
  std::string_view name;
  std::string_view version;
};
std::optional<SdistName> parse_sdist(std::string_view filename);

// The normalised names of the projects a file may belong to, most likely first, at most 8, no duplicates. A wheel or egg has exactly
// one; empty for a name that is no distribution or not safe.
std::vector<std::string> project_candidates(std::string_view filename);

// Is it a distribution of the given (normalised) project?
bool belongs_to_project(std::string_view filename, std::string_view project);

// The version a file of the given (normalised) project has by its name, as written ('_' of a wheel read as '-' where only that parses).
// nullopt when the file does not belong to the project.
std::optional<std::string> file_version(std::string_view filename, std::string_view project);

// May a file of this name be uploaded as a file of this project and version? Code::invalid with devpi's sentence when not.
Result<void> check_upload_filename(std::string_view filename, std::string_view name, std::string_view version);

}  // namespace bodega::pypi
