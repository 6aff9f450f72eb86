#include "ops/transfer/export_entries.h"

#include "pypi/format/names.h"

namespace bodega::ops {

using pypi::Json;

namespace {

// devpi has no fractions.
std::string devpi_time(WallTime time) { return rfc3339(std::chrono::floor<std::chrono::seconds>(time)); }

}  // namespace

std::string folder_of(std::string_view name) {
  const bool special = name.empty() || name == "." || name == ".." || name.starts_with("dataindex.json");
  std::string out = special ? "%" + std::string(name) : std::string(name);
  for (char& c : out) {
    if (c == '/' || c == '\0') c = '%';
  }
  return out;
}

Result<Json> user_entry(const catalog::UserRow& user) {
  BODEGA_TRY(auto entry, Json::parse(user.profile_json));
  if (!entry.is_object()) return fail(Code::corrupt, "the profile of user " + user.name + " is no object");
  entry.set("created", devpi_time(user.created));
  if (user.modified) entry.set("modified", devpi_time(*user.modified));
  if (!user.password_hash.empty()) entry.set("pwhash", user.password_hash);
  entry.set("username", user.name);
  return entry;
}

Result<Json> release_entry(const catalog::ReleaseRow& release, std::string_view display_name) {
  auto parsed = Json::parse(release.metadata_json);
  if (!parsed || !parsed->is_object()) return fail(Code::corrupt, "the metadata is no object");
  // devpi-import stops at such keys; they are never metadata.
  auto entry = Json::object();
  for (const auto& [key, value] : parsed->members()) {
    if (!key.starts_with("+")) entry.set(key, value);
  }
  if (!pypi::normalizes_to(entry.text("name"), release.project)) entry.set("name", display_name);
  if (entry.text("version") != release.version) entry.set("version", release.version);
  return entry;
}

Json file_entry(const FileEntry& file) {
  const std::string hex = file.digest.hex();
  auto mapping = Json::object();
  mapping.set("last_modified", http_date(file.modified));
  mapping.set("hash_spec", "sha256=" + hex);
  mapping.set("hashes", Json::Object{{"sha256", hex}});
  mapping.set("project", file.project);
  mapping.set("version", file.version);
  if (!file.url.empty()) mapping.set("url", file.url);
  auto entry = Json::object();
  entry.set("version", file.version);
  entry.set("entrymapping", std::move(mapping));
  if (!file.for_entrypath.empty()) entry.set("for_entrypath", file.for_entrypath);
  if (!file.log_json.empty()) {
    auto log = Json::parse(file.log_json);
    if (log && log->is_array()) entry.set("log", std::move(*log));
  }
  entry.set("type", file.type);
  entry.set("projectname", file.project);
  entry.set("relpath", file.path);
  return entry;
}

std::string entrypath(std::string_view index, const Digest& digest, std::string_view filename) {
  const std::string hex = digest.hex();
  return std::string(index) + "/+f/" + hex.substr(0, 3) + "/" + hex.substr(3, 13) + "/" + std::string(filename);
}

}  // namespace bodega::ops
