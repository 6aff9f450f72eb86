// What devpi's API says of a project, of a release and of a file. Pure; may run on the pool. docs/protocols/devpi.md, "Projects and
// versions".
#pragma once

#include <optional>
#include <string>

#include "catalog/rows.h"
#include "pypi/format/json_value.h"
#include "pypi/format/page.h"
#include "pypi/index/holdings.h"

namespace bodega::pypi {

// {version: release}, newest first. Of a version that several indexes have, the first one's release is shown, the others' in its
// "+shadowing". `base`: scheme and host of links, without a final slash. io when stored metadata is damaged.
Result<Json> project_json(const Holdings& holdings, const std::string& name, const std::string& base);
// One of them; nullopt when no index has that version, spelt like that.
Result<std::optional<Json>> release_json(const Holdings& holdings, const std::string& name, const std::string& version,
                                         const std::string& base);

// devpi's releasefilemeta.
Json file_json(const catalog::FileRow& file);
Json file_json(const catalog::AttachmentRow& attachment);
Json file_json(const PageFile& file, const std::string& project);

}  // namespace bodega::pypi
