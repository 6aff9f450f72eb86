// Everything that can be set, as typed values. The table in options.cc says what each field means, its default and its bounds;
// load_config.h fills this from the file, the environment and the command line.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip_network.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/time.h"
#include "base/url.h"
#include "web/search/indexed.h"

namespace bodega::app {

struct ListenAddress {
  // A default address may be missing on this machine (no IPv6); one that somebody wrote down may not.
  enum class Absence { is_error, is_fine };

  IpAddress address;
  std::uint16_t port = 0;  // 0 takes a free one
  Absence absence = Absence::is_error;

  std::string text() const;  // "127.0.0.1:3141", "[::1]:3141"
};

// Permissions of a file.
struct FileMode {
  unsigned bits = 0600;
};

// A number of bytes, or a share of the disk on which the data directory lies.
struct Space {
  std::uint64_t bytes = 0;
  std::optional<unsigned> percent;  // 0 to 100; counts instead of `bytes`

  std::uint64_t of(std::uint64_t disk_bytes) const;
  bool operator==(const Space&) const = default;
};

// A user, or ":group", to whom a rule applies.
struct UserName {
  std::string text;
};

struct Config {
  std::optional<std::filesystem::path> config_file;  // the one that was read, if any

  // Server
  std::vector<ListenAddress> listen;  // empty only with unix_socket
  std::optional<std::filesystem::path> unix_socket;
  FileMode unix_socket_perms;
  std::optional<Url> public_url;
  std::vector<std::string> allowed_hosts;  // lower case, no port; "*.lab.example" stands for every name below
  std::vector<IpNetwork> trusted_proxies;
  unsigned threads = 0;  // 0: one for each core
  std::uint64_t upload_max_size = 0;
  std::vector<UserName> restrict_modify;  // empty: no restriction
  Duration drain_delay{};
  Duration drain_timeout{};

  // Data
  std::filesystem::path data;  // absolute
  Space cache_max_size;
  Space free_space_floor;
  Duration scrub_interval{};  // zero: never
  std::uint64_t hot_memory = 0;
  bool sandbox = true;
  web::Indexed search = web::Indexed::all;
  std::optional<std::filesystem::path> root_password_file;
  std::optional<Secret> root_password;
  std::optional<std::filesystem::path> token_key_file;

  // Upstream
  Url upstream;  // path ends with '/'
  bool offline = false;
  bool prefetch = true;
  std::vector<std::string> upstream_private_hosts;  // as allowed_hosts
  std::optional<std::filesystem::path> upstream_credentials_file;
  std::optional<std::filesystem::path> upstream_ca_file;
  Duration upstream_connect_timeout{};
  Duration upstream_head_timeout{};
  Duration upstream_stall_timeout{};
  Duration upstream_total_timeout{};  // 0: none

  // Freshness
  Duration page_ttl_min{};
  Duration page_ttl_max{};
  Duration page_max_age{};
  Duration negative_ttl{};
  Duration max_stale{};
  Duration stale_patience{};
  Duration no_cache_floor{};

  // Log
  LogFormat log_format = LogFormat::text;
  LogLevel log_level = LogLevel::info;
  bool access_log = true;
};

}  // namespace bodega::app
