// The two kinds of archive a distribution can be, opened and checked for hygiene. Only for archive*.cc and documentation; blocking.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace bodega::pypi {

// "a/b/c", valid UTF-8 without controls and backslashes, relative, no empty, "." or ".." segments; one '/' at the end for directories.
bool is_safe_member(std::string_view name);
// Where a link in the directory of `member` leads, still inside the archive?
bool stays_inside(std::string_view member, std::string_view target);
// Code::invalid when `unpacked` bytes out of `packed` are a bomb (archive.h).
Result<void> check_ratio(std::uint64_t unpacked, std::uint64_t packed);

// What a zip must be beyond what archive.h asks of all: a distribution has no comments; documentation may have them (git archive writes
// one).
enum class ZipRules { distribution, documentation };

class ZipReader {
 public:
  static Result<std::unique_ptr<ZipReader>> open(const std::string& path, ZipRules rules);
  virtual ~ZipReader() = default;
  virtual const std::vector<std::string>& members() const = 0;  // checked, in the order of the directory
  // At most `limit` bytes, counted while unpacking. nullopt: no such member.
  virtual Result<std::optional<std::string>> read(std::string_view member, std::size_t limit) = 0;
};

// One file out of a zip that nobody has checked: only this member is looked at, and at most `limit` bytes are unpacked, whatever the
// directory says of their number. Of two members of one name the first counts. not_found: no such member, or it is no plain file.
// too_large. invalid: damaged, encrypted, packed in a way we do not read.
Result<std::string> read_zip_member(const std::string& path, std::string_view member, std::size_t limit);

// Walks a tar and returns the bytes of `wanted` in the one directory at its top; none when it is not there, or when there is more than one
// at the top. Every other member is checked and passed over. `gzip`: the compression is gzip, which is then checked to its end; else bzip2,
// xz, lzma, compress or none.
enum class TarPacking { gzip, other };
struct TarFound {
  std::optional<std::string> bytes;
  std::string top;  // the first name at the top
};
Result<TarFound> read_tar(const std::string& path, TarPacking packing, std::string_view wanted_basename, std::size_t limit);

}  // namespace bodega::pypi
