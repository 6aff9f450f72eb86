// What the configuration means to each part of the server.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "app/config.h"
#include "base/result.h"
#include "base/secret.h"
#include "cache/freshness.h"
#include "cache/space.h"
#include "cache/upstream.h"
#include "pypi/api/api.h"
#include "pypi/index/simple.h"
#include "pypi/upload/upload.h"

namespace bodega::app {

std::optional<std::vector<std::string>> restrict_modify(const Config& config);  // nullopt: everybody may
pypi::ApiOptions api_options(const Config& config);
pypi::SimpleOptions simple_options(const Config& config);
pypi::UploadOptions upload_options(const Config& config);
cache::Upstream::Options upstream_options(const Config& config);
cache::FreshnessRules freshness_rules(const Config& config);
// Shares are of a disk of so many bytes.
cache::SpaceRules space_rules(const Config& config, std::uint64_t disk_bytes);

// These read the files that the configuration names; invalid when they are not there or not as they must be. Block.
Result<std::optional<Secret>> first_root_password(const Config& config);
Result<Secret> read_token_key(const std::filesystem::path& path);

}  // namespace bodega::app
