#include "pypi/upload/upload_metadata.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace bodega::pypi {
namespace {

constexpr std::array kKeys = {
    MetadataKey{"name", Arity::one},
    MetadataKey{"version", Arity::one},
    MetadataKey{"metadata_version", Arity::one},
    MetadataKey{"summary", Arity::one},
    MetadataKey{"home_page", Arity::one},
    MetadataKey{"author", Arity::one},
    MetadataKey{"author_email", Arity::one},
    MetadataKey{"maintainer", Arity::one},
    MetadataKey{"maintainer_email", Arity::one},
    MetadataKey{"license", Arity::one},
    MetadataKey{"description", Arity::one},
    MetadataKey{"keywords", Arity::one},
    MetadataKey{"platform", Arity::many},
    MetadataKey{"classifiers", Arity::many},
    MetadataKey{"download_url", Arity::one},
    MetadataKey{"supported_platform", Arity::many},
    MetadataKey{"comment", Arity::one},
    MetadataKey{"provides", Arity::many},
    MetadataKey{"requires", Arity::many},
    MetadataKey{"obsoletes", Arity::many},
    MetadataKey{"project_urls", Arity::many},
    MetadataKey{"provides_dist", Arity::many},
    MetadataKey{"obsoletes_dist", Arity::many},
    MetadataKey{"requires_dist", Arity::many},
    MetadataKey{"requires_external", Arity::many},
    MetadataKey{"requires_python", Arity::one},
    MetadataKey{"description_content_type", Arity::one},
    MetadataKey{"provides_extras", Arity::many},
    MetadataKey{"dynamic", Arity::many},
    MetadataKey{"license_expression", Arity::one},
    MetadataKey{"license_file", Arity::many},
};

struct Spelling {
  std::string_view field;
  std::string_view key;
};

// Names that differ from the object's by more than case and '-' for '_'. Core metadata's singular headers, setuptools of old, pdm, uv.
constexpr std::array kSpellings = {
    Spelling{"classifier", "classifiers"},
    Spelling{"project_url", "project_urls"},
    Spelling{"platforms", "platform"},
    Spelling{"provides_extra", "provides_extras"},
    Spelling{"supported_platforms", "supported_platform"},
    Spelling{"license_files", "license_file"},
};

}  // namespace

std::span<const MetadataKey> metadata_keys() { return kKeys; }

const MetadataKey* find_metadata_key(std::string_view name) {
  const auto found = std::find_if(kKeys.begin(), kKeys.end(), [name](const MetadataKey& key) { return key.name == name; });
  return found == kKeys.end() ? nullptr : &*found;
}

const MetadataKey* key_of_field(std::string_view field) {
  std::string name = to_lower(field);
  std::replace(name.begin(), name.end(), '-', '_');
  const auto found =
      std::find_if(kSpellings.begin(), kSpellings.end(), [&name](const Spelling& spelling) { return spelling.field == name; });
  return find_metadata_key(found == kSpellings.end() ? name : found->key);
}

Result<ReleaseMetadata> ReleaseMetadata::parse(std::string_view json) {
  auto parsed = Json::parse(json);
  if (!parsed || !parsed->is_object()) return fail(Code::corrupt, "the stored metadata of the release is damaged");
  ReleaseMetadata metadata;
  metadata.values_ = std::move(*parsed);
  return metadata;
}

void ReleaseMetadata::set(const MetadataKey& key, const std::vector<std::string>& values) {
  if (key.arity == Arity::many) {
    auto list = Json::array();
    for (const auto& value : values) {
      if (!value.empty()) list.push_back(value);
    }
    return values_.set(key.name, std::move(list));
  }
  // What setuptools wrote for "not given".
  const bool unknown = values.empty() || values.back() == "UNKNOWN";
  values_.set(key.name, unknown ? std::string() : values.back());
}

void ReleaseMetadata::merge(const ReleaseMetadata& other) {
  for (const auto& [key, value] : other.values_.members()) values_.set(key, value);
}

std::string ReleaseMetadata::json() const {
  auto out = Json::object();
  for (const auto& key : kKeys) {
    const Json* value = values_.find(key.name);
    const Json nothing = key.arity == Arity::many ? Json::array() : Json("");
    out.set(key.name, value ? *value : nothing);
  }
  for (const auto& [key, value] : values_.members()) {
    if (!find_metadata_key(key)) out.set(key, value);
  }
  return out.compact();
}

Json log_time(WallTime when) {
  const auto day = std::chrono::floor<std::chrono::days>(when);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(std::chrono::floor<std::chrono::seconds>(when - day));
  return Json::Array{static_cast<int>(date.year()),
                     static_cast<std::int64_t>(static_cast<unsigned>(date.month())),
                     static_cast<std::int64_t>(static_cast<unsigned>(date.day())),
                     static_cast<std::int64_t>(time.hours().count()),
                     static_cast<std::int64_t>(time.minutes().count()),
                     static_cast<std::int64_t>(time.seconds().count())};
}

std::int64_t overwrites(std::string_view log_json) {
  constexpr std::int64_t kMost = 1'000'000'000;  // imported numbers may be anything; the sum must not overflow
  const auto log = Json::parse(log_json);
  std::int64_t sum = 0;
  if (!log) return sum;
  for (const Json& entry : log->items()) {
    const Json* count = entry.find("count");
    if (entry.text("what") != "overwrite" || !count || !count->integer()) continue;
    sum = std::clamp(sum + std::clamp<std::int64_t>(*count->integer(), 0, kMost), std::int64_t{0}, kMost);
  }
  return sum;
}

std::string upload_log(std::string_view who, std::string_view index, WallTime when, const std::optional<std::string>& replaced_log) {
  auto log = Json::array();
  if (replaced_log) {
    log.push_back(Json::Object{{"what", "overwrite"}, {"who", Json()}, {"when", log_time(when)}, {"count", overwrites(*replaced_log) + 1}});
  }
  const Json name = who.empty() ? Json() : Json(who);
  log.push_back(Json::Object{{"what", "upload"}, {"who", name}, {"when", log_time(when)}, {"dst", index}});
  return log.compact();
}

}  // namespace bodega::pypi
