// devpi's values in the catalog's terms. The rules are those of devpi's own importer (docs/import.md). Pure, but for secret_of().
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "ops/transfer/records.h"
#include "pypi/format/json_value.h"

namespace bodega::ops {

using Note = std::function<void(Finding)>;

struct DevpiAccounts {
  std::vector<std::pair<std::string, pypi::Json>> users;    // name, configuration; `indexes` in it is not looked at
  std::vector<std::pair<std::string, pypi::Json>> indexes;  // "user/name", configuration
};

// All or nothing: invalid names every name and type that has no place here. Indexes of the `skipped_types` are left out.
Result<Accounts> to_accounts(const DevpiAccounts& from, const std::vector<std::string>& skipped_types, WallTime now, const Note& note);

// What devpi knows of a file's bytes: `hashes`, `hash_spec` ("sha256=..."), and `md5` of old. A hash_spec that disagrees wins.
std::vector<pypi::Hash> claimed_hashes(const pypi::Json& entry);

// Takes devpi's own keys out of the metadata of a release: "+elinks", "+doczip", ":action".
pypi::Json release_metadata(const pypi::Json& stored, std::string_view version);

// When the link came to be: the entry's last_modified, else what its log says.
std::optional<WallTime> time_of(const pypi::Json& entry, const pypi::Json& log);
// Who uploaded it last by its log; "" = nobody known.
std::string uploader_of(std::string_view log_json);

// Of test results of devpi-server 6.5 to 6.9, whose hash was that of the tested file: drops what begins with the digits of the directory.
void drop_hash_of_tested(std::vector<pypi::Hash>& hashes, std::string_view tested_digits);

// What devpi keeps beside a mirror's link; either may be null. True and "" both mean yanked without a reason.
void set_page_facts(pypi::PageFile& file, const pypi::Json* requires_python, const pypi::Json* yanked);

// The bytes of devpi's secret file as they are: it takes the line end for a part of the secret. invalid: it cannot be read, or is empty.
Result<std::string> secret_of(const std::filesystem::path& file);

// Whether it stays below the directory it is joined to.
bool is_safe_relpath(std::string_view relpath);

}  // namespace bodega::ops
