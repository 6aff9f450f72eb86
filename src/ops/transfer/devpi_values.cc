#include "ops/transfer/devpi_values.h"

#include <algorithm>
#include <array>
#include <set>

#include "access/password.h"
#include "base/file.h"
#include "base/text.h"
#include "pypi/format/filename.h"
#include "pypi/index/index_config.h"

namespace bodega::ops {
namespace {

using pypi::Json;

bool is_known_type(std::string_view type) { return type == "stage" || type == "mirror"; }

catalog::UserRow to_user(const std::string& name, const Json& config, WallTime now, const Note& note) {
  catalog::UserRow row;
  row.name = name;
  row.password_hash = config.text("pwhash");
  if (!row.password_hash.empty() && !access::Argon2Hash::parse(row.password_hash)) {
    note({Finding::Kind::warning, "user " + name,
          "the password is kept in a form of old devpi that is not understood here; set a new one with \"bodega passwd " + name + "\""});
  }
  // devpi gives users of old exports the epoch, and root, whom it has made itself, the time of the import.
  row.created = name == "root" ? std::chrono::floor<std::chrono::seconds>(now) : WallTime{};
  if (const auto created = parse_rfc3339(config.text("created"))) row.created = *created;
  row.modified = parse_rfc3339(config.text("modified"));
  Json profile = config;
  for (const std::string_view key : {"pwhash", "pwsalt", "created", "modified", "username", "indexes"}) profile.remove(key);
  row.profile_json = profile.is_object() ? profile.compact() : "{}";
  return row;
}

Json to_options(Json options) {
  const Json* trigger = options.find("uploadtrigger_jenkins");
  if (trigger && !trigger->truthy()) options.remove("uploadtrigger_jenkins");
  if (const Json* old = options.find("pypi_whitelist")) {
    Json whitelist = *old;
    options.remove("pypi_whitelist");
    if (!options.find("mirror_whitelist")) options.set("mirror_whitelist", std::move(whitelist));
  }
  return options;
}

std::optional<std::string> trouble_with_index(const std::string& key, const std::string& type, const std::set<std::string>& users) {
  const auto slash = key.find('/');
  if (slash == std::string::npos || !pypi::is_valid_account_name(std::string_view(key).substr(slash + 1))) {
    return "index name \"" + key + "\": of ASCII's punctuation only -.@_ is allowed";
  }
  if (!users.contains(key.substr(0, slash))) return "index " + key + ": there is no user " + key.substr(0, slash);
  if (is_known_type(type)) return std::nullopt;
  return "index " + key + ": unknown type \"" + type + "\"; leave such indexes out with --skip-import-type " + type;
}

std::optional<WallTime> log_time(const Json& entry) {
  const Json* when = entry.find("when");
  if (!when || when->items().size() < 6) return std::nullopt;
  std::array<std::int64_t, 6> part{};
  for (std::size_t i = 0; i < part.size(); ++i) {
    const auto* number = when->items()[i].integer();
    if (!number || *number < 0 || *number > 9999) return std::nullopt;
    part[i] = *number;
  }
  using namespace std::chrono;
  const year_month_day date{year(static_cast<int>(part[0])), month(static_cast<unsigned>(part[1])), day(static_cast<unsigned>(part[2]))};
  if (!date.ok()) return std::nullopt;
  return WallTime(sys_days(date)) + hours(part[3]) + minutes(part[4]) + seconds(part[5]);
}

void add_spec(std::vector<pypi::Hash>& hashes, std::string_view spec) {
  const auto equals = spec.find('=');
  if (equals == std::string_view::npos || equals + 1 == spec.size()) return;
  const pypi::Hash given{std::string(spec.substr(0, equals)), to_lower(spec.substr(equals + 1))};
  const auto same = std::find_if(hashes.begin(), hashes.end(), [&given](const auto& hash) { return hash.algorithm == given.algorithm; });
  // The content was changed by an older devpi, which knew of hash_spec alone.
  if (same == hashes.end() ? !hashes.empty() : same->hex != given.hex) hashes.clear();
  if (hashes.empty()) hashes.push_back(given);
}

}  // namespace

Result<Accounts> to_accounts(const DevpiAccounts& from, const std::vector<std::string>& skipped_types, WallTime now, const Note& note) {
  Accounts out;
  std::vector<std::string> troubles;
  std::set<std::string> names;
  for (const auto& [name, config] : from.users) {
    if (!pypi::is_valid_account_name(name)) troubles.push_back("user name \"" + name + "\": of ASCII's punctuation only -.@_ is allowed");
    names.insert(name);
    out.users.push_back(to_user(name, config, now, note));
  }
  for (const auto& [key, config] : from.indexes) {
    const std::string type(config.text("type"));
    if (std::find(skipped_types.begin(), skipped_types.end(), type) != skipped_types.end()) {
      note({Finding::Kind::skipped, "index " + key, "its type " + type + " was to be skipped"});
    } else if (auto trouble = trouble_with_index(key, type, names)) {
      troubles.push_back(std::move(*trouble));
    } else {
      const auto slash = key.find('/');
      out.indexes.push_back({key.substr(0, slash), key.substr(slash + 1), to_options(config).compact()});
    }
  }
  if (troubles.empty()) return out;
  return fail(Code::invalid, "nothing was imported, because these cannot be taken:\n  " + join(troubles, "\n  "));
}

std::vector<pypi::Hash> claimed_hashes(const Json& entry) {
  std::vector<pypi::Hash> out;
  if (const Json* hashes = entry.find("hashes")) {
    for (const auto& [algorithm, hex] : hashes->members()) {
      if (hex.string()) out.push_back({algorithm, to_lower(*hex.string())});
    }
  }
  add_spec(out, entry.text("hash_spec"));
  if (out.empty() && !entry.text("md5").empty()) out.push_back({"md5", to_lower(entry.text("md5"))});
  return out;
}

Json release_metadata(const Json& stored, std::string_view version) {
  Json out = Json::object();
  for (const auto& [key, value] : stored.members()) {
    if (!key.starts_with('+') && key != ":action") out.set(key, value);
  }
  if (out.text("version").empty()) out.set("version", version);
  return out;
}

std::optional<WallTime> time_of(const Json& entry, const Json& log) {
  if (const auto modified = parse_http_date(entry.text("last_modified"))) return modified;
  std::optional<WallTime> latest;
  for (const Json& item : log.items()) {
    const auto when = log_time(item);
    if (when && (!latest || *when > *latest)) latest = when;
  }
  return latest;
}

std::string uploader_of(std::string_view log_json) {
  const auto log = Json::parse(log_json);
  std::string who;
  if (!log) return who;
  for (const Json& item : log->items()) {
    const bool arrival = item.text("what") == "upload" || item.text("what") == "push";
    if (arrival && !item.text("who").empty() && !item.text("who").starts_with('<')) who = item.text("who");
  }
  return who;
}

void drop_hash_of_tested(std::vector<pypi::Hash>& hashes, std::string_view tested_digits) {
  if (tested_digits.empty()) return;
  std::erase_if(hashes, [tested_digits](const auto& hash) { return hash.algorithm == "sha256" && hash.hex.starts_with(tested_digits); });
}

void set_page_facts(pypi::PageFile& file, const Json* requires_python, const Json* yanked) {
  if (requires_python && requires_python->string() && requires_python->truthy()) file.requires_python = *requires_python->string();
  if (!yanked) return;
  if (yanked->string()) file.yanked = *yanked->string();
  if (yanked->boolean() && *yanked->boolean()) file.yanked = "";
}

Result<std::string> secret_of(const std::filesystem::path& file) {
  auto bytes = read_small_file(file);
  if (!bytes || bytes->empty()) return fail(Code::invalid, "the secret file " + file.string() + " cannot be read or is empty");
  return bytes;
}

bool is_safe_relpath(std::string_view relpath) {
  if (relpath.empty() || relpath.size() > 4096) return false;
  const auto parts = split(relpath, '/');
  return std::all_of(parts.begin(), parts.end(), [](std::string_view part) { return pypi::is_safe_filename(part); });
}

}  // namespace bodega::ops
