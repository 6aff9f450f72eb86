#include "pypi/index/index_options.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "base/text.h"
#include "pypi/format/names.h"

namespace bodega::pypi {
namespace {

constexpr std::array<std::string_view, 10> kStageKeys{
    "volatile",    "acl_toxresult_upload", "mirror_whitelist", "title",
    "description", "custom_data",          "acl_upload",       "mirror_whitelist_inheritance",
    "bases",       "acl_pkg_read",
};
constexpr std::array<std::string_view, 12> kMirrorKeys{
    "volatile",
    "mirror_url",
    "title",
    "description",
    "custom_data",
    "mirror_cache_expiry",
    "mirror_no_project_list",
    "mirror_use_external_urls",
    "mirror_web_url_fmt",
    "mirror_provides_core_metadata",
    "mirror_ignore_serial_header",
    "acl_pkg_read",
};
constexpr std::array<std::string_view, 6> kDroppedKeys{
    "bases", "acl_upload", "acl_toxresult_upload", "mirror_whitelist", "mirror_whitelist_inheritance", "pypi_whitelist",
};

template <std::size_t N>
bool among(const std::array<std::string_view, N>& keys, std::string_view key) {
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

Result<Json> to_boolean(const Json& value) {
  if (value.boolean()) return value;
  if (!value.string()) return refuse("Unknown boolean value " + python_repr(value) + ".");
  const std::string word = to_lower(*value.string());
  if (word == "false" || word == "no") return Json(false);
  if (word == "true" || word == "yes") return Json(true);
  return refuse("Unknown boolean value '" + *value.string() + "'.");
}

Result<Json> to_acl(const Json& value) {
  BODEGA_TRY(auto list, to_list(value));
  for (auto& name : list) {
    if (iequals(name, ":anonymous:")) name = ":ANONYMOUS:";
    if (iequals(name, ":authenticated:")) name = ":AUTHENTICATED:";
  }
  return Json(list);
}

Result<Json> to_whitelist(const Json& value) {
  BODEGA_TRY(auto list, to_list(value));
  for (auto& name : list) {
    if (name != "*") name = normalize_name(name);
  }
  return Json(list);
}

Result<Json> to_inheritance(const Json& value) {
  const std::string word = value.string() ? to_lower(*value.string()) : python_str(value);
  if (word == "intersection" || word == "union") return Json(word);
  return refuse("Unknown value '" + word + "' for mirror_whitelist_inheritance, must be 'intersection' or 'union'.");
}

Result<Json> to_bases(const Json& value, const IndexExists& exists) {
  BODEGA_TRY(auto list, to_list(value));
  std::vector<std::string> problems;
  for (auto& base : list) {
    // As people take it from an address: "/root/pypi".
    base.erase(0, base.find_first_not_of('/'));
    base.erase(base.find_last_not_of('/') + 1);
    if (std::count(base.begin(), base.end(), '/') != 1) {
      problems.push_back("invalid base index spec: " + python_repr(base));
    } else if (!exists(base)) {
      problems.push_back("base index " + python_repr(base) + " does not exist");
    }
  }
  if (!problems.empty()) return refuse(join(problems, ", "));
  return Json(list);
}

Result<Json> to_mirror_url(const Json& value) {
  constexpr std::string_view message = "'mirror_url' option must be a URL.";
  if (!value.string()) return refuse(std::string(message));
  const std::string& text = *value.string();
  if (!text.starts_with("http://") && !text.starts_with("https://")) return refuse(std::string(message));
  if (!Url::parse(text)) return refuse(std::string(message));
  return value;
}

// Python's int(): whole numbers, the whole part of others, and decimal text.
Result<Json> to_seconds(const Json& value) {
  if (value.integer()) return value;
  if (const bool* truth = value.boolean()) return Json(*truth ? 1 : 0);
  if (const double* real = value.real(); real && std::fabs(*real) < 1e15) return Json(static_cast<std::int64_t>(*real));
  if (value.string()) {
    std::string_view text = trim(*value.string());
    if (text.starts_with('+')) text.remove_prefix(1);
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc{} && end == text.data() + text.size() && !text.empty()) return Json(number);
  }
  return refuse("'mirror_cache_expiry' option must be an integer");
}

}  // namespace

tl::unexpected<Error> refuse(std::string message) { return fail(Code::invalid, std::move(message)); }

std::span<const std::string_view> known_keys(IndexType type) {
  if (type == IndexType::stage) return kStageKeys;
  return kMirrorKeys;
}

bool is_known_key(IndexType type, std::string_view key) {
  return type == IndexType::stage ? among(kStageKeys, key) : among(kMirrorKeys, key);
}

bool is_dropped_key(std::string_view key) { return among(kDroppedKeys, key); }

Json default_of(IndexType type, std::string_view owner, std::string_view key) {
  if (key == "volatile") return Json(true);
  if (type == IndexType::mirror) return Json();
  if (key == "acl_upload") return Json(Json::Array{Json(owner)});
  if (key == "acl_toxresult_upload") return Json(Json::Array{Json(":ANONYMOUS:")});
  if (key == "bases" || key == "mirror_whitelist") return Json::array();
  if (key == "mirror_whitelist_inheritance") return Json("intersection");
  return Json();
}

Result<std::vector<std::string>> to_list(const Json& value) {
  std::vector<std::string> out;
  if (const auto* text = value.string()) {
    for (const auto part : split(*text, ',')) {
      if (!trim(part).empty()) out.emplace_back(trim(part));
    }
    return out;
  }
  if (!value.is_array()) return refuse("Unknown list value " + python_repr(value) + ".");
  for (const auto& item : value.items()) {
    if (!item.string()) return refuse("Unknown list value " + python_repr(value) + ".");
    out.push_back(*item.string());
  }
  return out;
}

Result<Json> normalized_option(std::string_view key, const Json& value, const IndexExists& exists) {
  if (key == "volatile" || key == "mirror_no_project_list" || key == "mirror_use_external_urls" || key == "mirror_provides_core_metadata" ||
      key == "mirror_ignore_serial_header") {
    return to_boolean(value);
  }
  if (key == "acl_upload" || key == "acl_toxresult_upload" || key == "acl_pkg_read") return to_acl(value);
  if (key == "mirror_whitelist") return to_whitelist(value);
  if (key == "mirror_whitelist_inheritance") return to_inheritance(value);
  if (key == "bases") return to_bases(value, exists);
  if (key == "mirror_url") return to_mirror_url(value);
  if (key == "mirror_cache_expiry") return to_seconds(value);
  // title, description, custom_data, mirror_web_url_fmt: whatever was given, but something.
  if (value.is_null()) return refuse("The key '" + std::string(key) + "' wasn't processed.");
  return value;
}

}  // namespace bodega::pypi
