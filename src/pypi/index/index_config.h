// The options of an index, with devpi's names, defaults, checks and messages (docs/protocols/devpi.md, "Index options"). Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/url.h"
#include "pypi/format/json_value.h"

namespace bodega::pypi {

enum class IndexType { stage, mirror };
enum class WhitelistMode { intersection, unite };

// What the rest of the server works from. `options` is the whole truth, as stored and shown; the fields are read out of it.
struct IndexConfig {
  std::string user;
  std::string name;
  Json options;

  IndexType type = IndexType::stage;
  bool is_volatile = true;
  std::vector<std::string> bases;                       // "user/name", in search order; stages only
  std::vector<std::string> acl_upload;                  // stages only
  std::vector<std::string> acl_toxresult_upload;        // stages only
  std::optional<std::vector<std::string>> acl_read;     // acl_pkg_read, also of devpi's plugins; absent: everybody
  std::vector<std::string> mirror_whitelist;            // normalised names, or "*"
  WhitelistMode whitelist_mode = WhitelistMode::unite;  // devpi: an index from before the option has "union"
  std::optional<Url> mirror_url;                        // path ends with '/'; may hold credentials
  std::optional<std::chrono::seconds> mirror_cache_expiry;
  bool mirror_no_project_list = false;
  bool mirror_use_external_urls = false;
  bool mirror_provides_core_metadata = true;
  std::string mirror_web_url_fmt;
  std::string title;
  std::string description;

  std::string key() const { return user + "/" + name; }
  bool is_mirror() const { return type == IndexType::mirror; }
};

// Reads stored options; tolerant: what has another type than expected counts as absent. invalid only for what is no JSON object.
Result<IndexConfig> load_index_config(std::string user, std::string name, std::string_view options_json);
IndexConfig make_index_config(std::string user, std::string name, Json options);

// ---- Changes asked for by clients. Errors are `invalid` with devpi's message. ----

// Whether "user/name" exists.
using IndexExists = std::function<bool(const std::string& key)>;

// User and index names: no control characters, no ASCII punctuation but "-.@_".
bool is_valid_account_name(std::string_view name);

// The options of a new index: given ones checked and normalised, defaults added.
Result<Json> new_index_options(std::string_view owner, const Json& body, const IndexExists& exists);

enum class NoChange { is_fine, is_an_error };
// The options after a PATCH: `body` is an object of options, {"type": "indexconfig", "result": {...}}, or a list of "key=value",
// "key+=value", "key-=value" and "key-=". Keys we do not know survive when they were there and stay as they were.
Result<Json> patched_index_options(std::string_view owner, const Json& current, const Json& body, const IndexExists& exists,
                                   NoChange no_change);

// ---- What is shown. ----

enum class Viewer { stranger, manager };  // manager: may modify the index
// The options as a client sees them: the credentials in mirror_url are for managers only.
Json shown_options(const IndexConfig& config, Viewer viewer);
// A URL's text without user information.
std::string without_userinfo(std::string_view url);

}  // namespace bodega::pypi
