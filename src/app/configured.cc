#include "app/configured.h"

#include <algorithm>

#include "app/command_line.h"
#include "app/load_config.h"
#include "base/file.h"

namespace bodega::app {

std::optional<std::vector<std::string>> restrict_modify(const Config& config) {
  if (config.restrict_modify.empty()) return std::nullopt;
  std::vector<std::string> names;
  for (const auto& name : config.restrict_modify) names.push_back(name.text);
  return names;
}

pypi::ApiOptions api_options(const Config& config) {
  pypi::ApiOptions options;
  options.restrict_modify = restrict_modify(config);
  options.version = std::string(version());
  if (config.public_url) options.public_url = config.public_url->origin() + (config.public_url->path == "/" ? "" : config.public_url->path);
  if (options.public_url && options.public_url->ends_with('/')) options.public_url->pop_back();
  options.server_dir = config.data.string();
  if (!config.listen.empty()) {
    options.host = config.listen.front().address.text();
    options.port = config.listen.front().port;
  }
  return options;
}

cache::Upstream::Options upstream_options(const Config& config) {
  cache::Upstream::Options options;
  const auto set = [](std::optional<Duration>& field, Duration value) {
    if (value > Duration(0)) field = value;
  };
  set(options.connect_timeout, config.upstream_connect_timeout);
  set(options.head_timeout, config.upstream_head_timeout);
  set(options.stall_timeout, config.upstream_stall_timeout);
  set(options.total_timeout, config.upstream_total_timeout);
  return options;
}

pypi::SimpleOptions simple_options(const Config& config) {
  pypi::SimpleOptions options;
  if (config.page_max_age > Duration(0)) options.max_age = config.page_max_age;
  options.stage_max_age = std::min(options.stage_max_age, options.max_age);
  return options;
}

Result<std::optional<Secret>> first_root_password(const Config& config) {
  if (!config.root_password_file) return config.root_password;
  const auto content = read_small_file(*config.root_password_file);
  if (!content) return fail(Code::invalid, "the password file " + config.root_password_file->string() + " cannot be read");
  BODEGA_TRY(auto password, password_of_file(*content));
  return std::optional<Secret>(std::move(password));
}

// Whoever reads the file can log in as anybody, so it must be its owner's alone; groups are left out, because orchestrators hand out
// secrets through them.
Result<Secret> read_token_key(const std::filesystem::path& path) {
  constexpr std::size_t kLeast = 32;  // devpi's least, and as many bytes as the signature has
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  const auto content = read_small_file(path);
  if (error || !content) return fail(Code::invalid, "the token key file " + path.string() + " cannot be read");
  if ((status.permissions() & std::filesystem::perms::others_all) != std::filesystem::perms::none)
    return fail(Code::invalid, "the token key file " + path.string() + " is accessible to everybody; chmod 600 it");
  if (content->size() < kLeast)
    return fail(Code::invalid, "the token key file " + path.string() + " is too short; it needs at least 32 bytes");
  return Secret(hmac_sha256("bodega login tokens", *content));
}

pypi::UploadOptions upload_options(const Config& config) {
  pypi::UploadOptions options;
  options.restrict_modify = restrict_modify(config);
  if (config.upload_max_size > 0) options.limits.max_file_bytes = config.upload_max_size;
  return options;
}

cache::SpaceRules space_rules(const Config& config, std::uint64_t disk_bytes) {
  return {config.cache_max_size.of(disk_bytes), config.free_space_floor.of(disk_bytes)};
}

cache::FreshnessRules freshness_rules(const Config& config) {
  cache::FreshnessRules rules;
  rules.ttl_min = config.page_ttl_min;
  rules.ttl_max = config.page_ttl_max;
  rules.negative_ttl = config.negative_ttl;
  rules.max_stale = config.max_stale;
  rules.no_cache_floor = config.no_cache_floor;
  rules.patience = config.stale_patience;
  // Offline there is nothing better than what is kept.
  if (config.offline) rules.max_stale = std::chrono::hours(24 * 365 * 100);
  return rules;
}

}  // namespace bodega::app
