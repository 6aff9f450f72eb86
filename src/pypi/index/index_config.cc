#include "pypi/index/index_config.h"

#include <algorithm>

#include "base/text.h"
#include "pypi/index/index_options.h"

namespace bodega::pypi {
namespace {

IndexType type_of(const Json& options) { return options.text("type") == "mirror" ? IndexType::mirror : IndexType::stage; }

// One of: "key=value" (set), "key+=value" (add), "key-=value" (del), "key-=" (drop).
struct Step {
  enum class Kind { set, add, del, drop } kind = Kind::set;
  std::string key;
  std::string value;
};

Step parse_step(std::string_view text) {
  Step step;
  const auto equals = text.find('=');
  std::string_view key = text.substr(0, equals);
  if (equals != std::string_view::npos) step.value = text.substr(equals + 1);
  if (key.ends_with('+')) {
    step.kind = Step::Kind::add;
    key.remove_suffix(1);
  } else if (key.ends_with('-')) {
    step.kind = step.value.empty() ? Step::Kind::drop : Step::Kind::del;
    key.remove_suffix(1);
  }
  step.key = key;
  return step;
}

// What a PATCH asks for: whole values by key; null = drop the key. In the order asked.
struct Wish {
  Json values = Json::object();
  std::vector<std::string> dropped;
};

Result<std::vector<std::string>> list_to_edit(const Json& options, const Step& step, IndexType type) {
  const Json* present = options.find(step.key);
  if (!present) {
    const bool is_list = step.key == "bases" || step.key == "mirror_whitelist" || step.key.starts_with("acl_");
    if (!is_list || !is_known_key(type, step.key)) {
      return refuse("indexconfig got unexpected keyword arguments: " + step.key + "=" + step.value);
    }
    return std::vector<std::string>{};
  }
  if (!present->is_array()) return refuse("The '" + step.key + "' setting is not a list");
  return to_list(*present);
}

Result<Wish> wish_of_list(const Json& current, const Json& body) {
  Wish wish;
  const IndexType type = type_of(current);
  Json working = current;
  for (const auto& item : body.items()) {
    if (!item.string()) return refuse("Bad request: could not decode json");
    const Step step = parse_step(*item.string());
    std::erase(wish.dropped, step.key);
    if (step.kind == Step::Kind::drop) {
      wish.dropped.push_back(step.key);
      wish.values.remove(step.key);
      working.remove(step.key);
      continue;
    }
    if (step.kind == Step::Kind::set) {
      working.set(step.key, Json(step.value));
      wish.values.set(step.key, Json(step.value));
      continue;
    }
    BODEGA_TRY(auto list, list_to_edit(working, step, type));
    const auto found = std::find(list.begin(), list.end(), step.value);
    if (step.kind == Step::Kind::add && found == list.end()) list.push_back(step.value);
    if (step.kind == Step::Kind::del) {
      if (found == list.end()) return refuse("The '" + step.key + "' setting doesn't have value '" + step.value + "'");
      std::erase(list, step.value);
    }
    working.set(step.key, Json(list));
    wish.values.set(step.key, Json(list));
  }
  return wish;
}

// A mirror_url as a stranger sees it, sent back: the stored one with its credentials is meant.
void restore_credentials(Json& values, const Json& current) {
  const std::string_view given = values.text("mirror_url");
  const std::string_view stored = current.text("mirror_url");
  if (!given.empty() && given != stored && given == without_userinfo(stored)) values.set("mirror_url", Json(stored));
}

// Checked values for the keys that the type knows, in canonical order; `unknown` gets the others as "key=value".
Result<Json> checked_values(IndexType type, const Json& values, const Json& current, const IndexExists& exists,
                            std::vector<std::string>& unknown) {
  Json out = Json::object();
  const auto take = [&](std::string_view key) -> Result<void> {
    const Json* given = values.find(key);
    if (!given) return {};
    BODEGA_TRY(Json value, normalized_option(key, *given, exists));
    out.set(key, std::move(value));
    return {};
  };
  for (const auto key : known_keys(type)) BODEGA_TRY_VOID(take(key));
  for (const auto& [key, value] : values.members()) {
    if (is_known_key(type, key) || key == "type" || key == "projects" || is_dropped_key(key)) continue;
    const Json* present = current.find(key);
    if (present && *present == value) continue;  // sent back as it was
    unknown.push_back(key + "=" + python_str(value));
  }
  return out;
}

Result<void> no_unknown(const std::vector<std::string>& unknown) {
  if (unknown.empty()) return {};
  return refuse("indexconfig got unexpected keyword arguments: " + join(unknown, ", "));
}

bool flag(const Json& options, std::string_view key, bool otherwise) {
  const Json* value = options.find(key);
  const bool* truth = value ? value->boolean() : nullptr;
  return truth ? *truth : otherwise;
}

std::vector<std::string> strings(const Json& options, std::string_view key) {
  const Json* value = options.find(key);
  if (!value) return {};
  return to_list(*value).value_or(std::vector<std::string>{});
}

void read_mirror_fields(IndexConfig& out) {
  if (const auto text = out.options.text("mirror_url"); !text.empty()) {
    if (auto url = Url::parse(text)) {
      if (!url->path.ends_with('/')) url->path += '/';
      out.mirror_url = std::move(*url);
    }
  }
  if (const Json* expiry = out.options.find("mirror_cache_expiry"); expiry && expiry->integer()) {
    out.mirror_cache_expiry = std::chrono::seconds(std::max<std::int64_t>(0, *expiry->integer()));
  }
  out.mirror_no_project_list = flag(out.options, "mirror_no_project_list", false);
  out.mirror_use_external_urls = flag(out.options, "mirror_use_external_urls", false);
  out.mirror_provides_core_metadata = flag(out.options, "mirror_provides_core_metadata", true);
  out.mirror_web_url_fmt = out.options.text("mirror_web_url_fmt");
}

}  // namespace

IndexConfig make_index_config(std::string user, std::string name, Json options) {
  IndexConfig out;
  out.user = std::move(user);
  out.name = std::move(name);
  out.options = std::move(options);
  out.type = type_of(out.options);
  out.is_volatile = flag(out.options, "volatile", true);
  out.title = out.options.text("title");
  out.description = out.options.text("description");
  if (out.options.find("acl_pkg_read")) out.acl_read = strings(out.options, "acl_pkg_read");
  if (out.is_mirror()) {
    read_mirror_fields(out);
    return out;
  }
  out.bases = strings(out.options, "bases");
  out.acl_upload = strings(out.options, "acl_upload");
  out.acl_toxresult_upload =
      out.options.find("acl_toxresult_upload") ? strings(out.options, "acl_toxresult_upload") : std::vector<std::string>{":ANONYMOUS:"};
  out.mirror_whitelist = strings(out.options, "mirror_whitelist");
  if (out.options.text("mirror_whitelist_inheritance") == "intersection") out.whitelist_mode = WhitelistMode::intersection;
  return out;
}

Result<IndexConfig> load_index_config(std::string user, std::string name, std::string_view options_json) {
  BODEGA_TRY(Json options, Json::parse(options_json));
  if (!options.is_object()) return fail(Code::invalid, "The options of an index are broken.", user + "/" + name);
  return make_index_config(std::move(user), std::move(name), std::move(options));
}

bool is_valid_account_name(std::string_view name) {
  if (name.empty() || !is_utf8(name)) return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x80) return true;
    const bool letter = (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z') || (c >= '0' && c <= '9');
    return letter || c == '-' || c == '.' || c == '@' || c == '_';
  });
}

Result<Json> new_index_options(std::string_view owner, const Json& body, const IndexExists& exists) {
  if (!body.is_object()) return refuse("Bad request: could not decode json");
  IndexType type = IndexType::stage;
  if (const Json* given = body.find("type")) {
    if (*given == Json("mirror")) {
      type = IndexType::mirror;
    } else if (!(*given == Json("stage"))) {
      return refuse("unknown index type " + python_repr(*given));
    }
  }
  Json values = body;
  const auto add_default = [&](std::string_view key) {
    Json value = default_of(type, owner, key);
    if (!values.find(key) && !value.is_null()) values.set(key, std::move(value));
  };
  for (const auto key : known_keys(type)) add_default(key);
  std::vector<std::string> unknown;
  BODEGA_TRY(Json options, checked_values(type, values, Json::object(), exists, unknown));
  BODEGA_TRY_VOID(no_unknown(unknown));
  options.set("type", Json(type == IndexType::mirror ? "mirror" : "stage"));
  return options;
}

Result<Json> patched_index_options(std::string_view owner, const Json& current, const Json& body, const IndexExists& exists,
                                   NoChange no_change) {
  Wish wish;
  if (body.is_array()) {
    BODEGA_TRY(wish, wish_of_list(current, body));
  } else if (body.is_object()) {
    const Json* inner = body.text("type") == "indexconfig" ? body.find("result") : nullptr;
    wish.values = inner ? *inner : body;
  } else {
    return refuse("Bad request: could not decode json");
  }
  restore_credentials(wish.values, current);
  if (no_change == NoChange::is_an_error && wish.dropped.empty()) {
    Json asked = body.is_array() ? current : Json::object();
    for (const auto& [key, value] : wish.values.members()) asked.set(key, value);
    if (asked == current) return refuse("The requested modifications resulted in no changes");
  }
  const IndexType type = type_of(current);
  if (const Json* given = wish.values.find("type"); given && !(*given == Json(current.text("type")))) {
    return refuse("the 'type' of an index can't be changed");
  }
  for (const auto& key : wish.dropped) {
    if (!default_of(type, owner, key).is_null() || key == "type") return refuse("Default values can't be removed.");
  }
  std::vector<std::string> unknown;
  BODEGA_TRY(const Json changes, checked_values(type, wish.values, current, exists, unknown));
  BODEGA_TRY_VOID(no_unknown(unknown));
  Json out = current;
  out.remove("pypi_whitelist");
  for (const auto& key : wish.dropped) out.remove(key);
  for (const auto& [key, value] : changes.members()) out.set(key, value);
  return out;
}

std::string without_userinfo(std::string_view url) {
  const auto begin = url.find("://");
  if (begin == std::string_view::npos) return std::string(url);
  const auto end = std::min(url.find_first_of("/?#", begin + 3), url.size());
  const auto at = url.substr(0, end).rfind('@');
  if (at == std::string_view::npos || at < begin + 3) return std::string(url);
  return std::string(url.substr(0, begin + 3)) + std::string(url.substr(at + 1));
}

Json shown_options(const IndexConfig& config, Viewer viewer) {
  Json out = config.options;
  if (viewer == Viewer::stranger && out.find("mirror_url")) out.set("mirror_url", Json(without_userinfo(out.text("mirror_url"))));
  return out;
}

}  // namespace bodega::pypi
