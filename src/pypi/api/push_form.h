// What a push sends to another server: the forms of the legacy upload API, as devpi fills them. Pure.
#pragma once

#include <string>
#include <string_view>

#include "catalog/rows.h"
#include "pypi/format/json_value.h"
#include "pypi/upload/upload_metadata.h"

namespace bodega::pypi {

// Around the bytes of one file.
struct PushForm {
  std::string content_type;
  std::string before;
  std::string after;
};

// application/x-www-form-urlencoded, `:action=submit`.
std::string register_form(const ReleaseMetadata& metadata);
// multipart/form-data. `boundary`: token characters that no field holds.
PushForm file_form(const ReleaseMetadata& metadata, const catalog::FileRow& file, const std::string& boundary);
PushForm docs_form(const ReleaseMetadata& metadata, const std::string& name, const std::string& boundary);

// The form's pyversion: "source" for an sdist, else of the Python tag: "3" of py3, "2.7" of py2.py3, "3.11" of cp311; "any" where there is
// none.
std::string pyversion_of(std::string_view filename);

}  // namespace bodega::pypi
