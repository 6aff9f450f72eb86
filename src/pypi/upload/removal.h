// Taking things out of a hosted index, inside the catalog's functions, with devpi's sentences in the errors.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/catalog.h"
#include "pypi/format/links.h"

namespace bodega::pypi {

struct Removed {
  std::string project;          // normalised
  std::vector<Digest> digests;  // that lost a reference; others may refer to them still
  bool project_gone = false;
};

// A file with its test results, documentation, or a test result. The release goes with the last of them, the project with its last
// release. `path` is for the messages. not_found; gone when it was deleted.
Result<Removed> remove_file(catalog::Transaction& transaction, const std::string& index, const FileLink& link, const std::string& path);
// `written`: the project's name as the client spelt it.
Result<Removed> remove_release(catalog::Transaction& transaction, const std::string& index, const std::string& written,
                               const std::string& version);
Result<Removed> remove_project(catalog::Transaction& transaction, const std::string& index, const std::string& written);

// The hosted file that a link means.
Result<catalog::FileRow> linked_file(catalog::Reader& reader, const std::string& index, const FileLink& link, const std::string& path);

// What a PATCH of a file asks for: {"yanked": true | "reason"} yanks, {"yanked": false} takes it back. invalid.
struct YankWish {
  std::optional<std::string> reason;  // set = yanked
};
Result<YankWish> read_yank_wish(std::string_view json);

// As devpi shows a project's name in its messages: Python's repr of its type.
std::string project_repr(std::string_view written);

}  // namespace bodega::pypi
