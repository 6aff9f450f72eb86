// The metadata object of a hosted release, as devpi keeps and shows it: a fixed set of keys in a fixed order, "" or [] where nothing is
// known. Pure.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "pypi/format/json_value.h"

namespace bodega::pypi {

// How often a key of the object may stand in a form or a METADATA file.
enum class Arity { one, many };
struct MetadataKey {
  std::string_view name;
  Arity arity;
};
std::span<const MetadataKey> metadata_keys();  // in devpi's order
const MetadataKey* find_metadata_key(std::string_view name);
// The object's key that a form's field or a METADATA header means, in any of the spellings clients use: "requires_dist", "Requires-Dist",
// "classifier", "project_url", "provides_extra"; nullptr when it means none.
const MetadataKey* key_of_field(std::string_view field);

// Keys that are not devpi's are kept as they are, behind the others: they may have been imported.
class ReleaseMetadata {
 public:
  ReleaseMetadata() = default;
  // corrupt when it is no JSON object.
  static Result<ReleaseMetadata> parse(std::string_view json);

  void set(const MetadataKey& key, const std::vector<std::string>& values);  // `one` takes the last
  // Every value that `other` has set, put over ours.
  void merge(const ReleaseMetadata& other);
  bool has(std::string_view key) const { return values_.find(key) != nullptr; }
  std::string json() const;

 private:
  Json values_ = Json::object();
};

// devpi's form of a moment in a log: [year, month, day, hour, minute, second], UTC.
Json log_time(WallTime when);
// How often the file was overwritten so far, by its log. A log that cannot be read counts as none: it is history, not state.
std::int64_t overwrites(std::string_view log_json);

// devpi's log of a file (the `log` of a `+links` item) after an upload by `who`. `replaced_log`: the log of the file it takes the place of.
std::string upload_log(std::string_view who, std::string_view index, WallTime when, const std::optional<std::string>& replaced_log);

}  // namespace bodega::pypi
