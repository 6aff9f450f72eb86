#include "app/options.h"

#include <algorithm>
#include <array>

#include "app/option_values.h"
#include "base/text.h"

namespace bodega::app {
namespace {

constexpr auto kEverywhere = Where::everywhere;
constexpr auto kRestart = Reload::at_restart;
constexpr auto kHangup = Reload::on_hangup;

// Key, value, field, default, note, bounds, where, reload, section, sentence.
const std::array kOptions{
    Option{"listen", "ADDR:PORT", &Config::listen, "localhost:3141", "127.0.0.1:3141, and [::1]:3141 where there is IPv6", "", "",
           kEverywhere, kRestart, Section::server,
           "Address to listen on; may be given more than once. localhost:PORT is both loopback addresses, *:PORT every address of the "
           "machine, port 0 a free one. Sockets handed over by systemd are used instead."},
    Option{"unix-socket", "FILE", &Config::unix_socket, "", "", "", "", kEverywhere, kRestart, Section::server,
           "Unix socket to listen on, for a proxy on the same machine. Without listen it is the only one. Nobody is the administrator for "
           "coming through it."},
    Option{"unix-socket-perms", "MODE", &Config::unix_socket_perms, "600", "", "", "", kEverywhere, kRestart, Section::server,
           "Permissions of that socket, in octal: 660 is for the group too, 666 for everybody."},
    Option{"public-url", "URL", &Config::public_url, "", "", "", "", kEverywhere, kRestart, Section::server,
           "Where people reach this server, when a proxy gives it another name. Absolute links and the check of browsers' Host headers use "
           "it; package clients need it not."},
    Option{"allowed-hosts", "HOST", &Config::allowed_hosts, "", "", "", "", kEverywhere, kRestart, Section::server,
           "Further host names under which browsers may use this server (others get 421, against DNS rebinding); *.example.org is every "
           "name below. Loopback names and public-url are always allowed."},
    Option{"trusted-proxies", "NETWORK", &Config::trusted_proxies, "", "", "", "", kEverywhere, kRestart, Section::server,
           "Networks of the proxies whose X-Forwarded-*, Forwarded and X-Outside-Url headers count, such as 10.0.0.0/8."},
    Option{"threads", "N", &Config::threads, "0", "one for each core", "", "256", kEverywhere, kRestart, Section::server,
           "Loops that accept connections and answer them."},
    // What the legacy upload of the public index has settled on is 1 GB for large projects; wheels with GPU code pass that.
    Option{"upload-max-size", "SIZE", &Config::upload_max_size, "2GiB", "", "1MB", "1TB", kEverywhere, kRestart, Section::server,
           "Largest file that may be uploaded."},
    Option{"restrict-modify", "USER", &Config::restrict_modify, "", "", "", "", kEverywhere, kRestart, Section::server,
           "Users, or groups as :NAME, that alone may make and change users and indexes; root only when it is among them. Without it "
           "everybody "
           "may make a user and rules over its indexes."},
    Option{"drain-delay", "TIME", &Config::drain_delay, "0", "", "", "5m", kEverywhere, kHangup, Section::server,
           "After SIGTERM, how long to go on accepting while the health check already says no. 5s to 10s suit Kubernetes, where requests "
           "still arrive for a moment."},
    // The grace period of Kubernetes is 30 s as well; systemd's unit waits longer.
    Option{"drain-timeout", "TIME", &Config::drain_timeout, "30s", "", "", "1h", kEverywhere, kHangup, Section::server,
           "After SIGTERM, how long requests that were accepted may take to finish. A second SIGTERM ends it at once."},

    Option{"config", "FILE", &Config::config_file, "",
           "the first that exists of $XDG_CONFIG_HOME/bodega/config.toml and /etc/bodega/config.toml", "", "", Where::not_in_file, kRestart,
           Section::data, "TOML file to read options from."},
    Option{"data", "DIR", &Config::data, "", "$STATE_DIRECTORY under systemd, else $XDG_DATA_HOME/bodega, else ~/.local/share/bodega", "",
           "", kEverywhere, kRestart, Section::data, "Directory for everything that is kept. Made when it is missing."},
    // Half the disk leaves room for what is hosted, for logs and for a backup beside it.
    Option{"cache-max-size", "SIZE|PERCENT", &Config::cache_max_size, "50%", "", "", "", kEverywhere, kHangup, Section::data,
           "Most that cached files may take, in bytes or as a share of the disk. Beyond it, what was used least recently goes in the "
           "background; what is hosted here never goes."},
    // SQLite and the log go on writing when the cache must not: 1 GB lasts for days of that.
    Option{"free-space-floor", "SIZE|PERCENT", &Config::free_space_floor, "1GB", "", "", "", kEverywhere, kHangup, Section::data,
           "Free space that the cache and uploads always leave on the disk. Below it, files are passed on without being kept."},
    Option{
        "scrub-interval", "TIME", &Config::scrub_interval, "7d", "", "", "365d", kEverywhere, kHangup, Section::data,
        "How often every stored file is read from the disk and compared with its digest, slowly, in the background: damaged cached files "
        "are fetched again, damaged hosted ones are reported. 0 is never."},
    Option{"hot-memory", "SIZE", &Config::hot_memory, "16MB", "", "1MB", "64GB", kEverywhere, kRestart, Section::data,
           "Memory for pages that are answered without touching the disk."},
    Option{"sandbox", "on|off", &Config::sandbox, "on", "", "", "", kEverywhere, kRestart, Section::data,
           "Reach nothing but the data directory, the files named here and what TLS and name resolution read (Landlock, where the kernel "
           "has it)."},
    Option{"search", "all|hosted|off", &Config::search, "all", "", "", "", kEverywhere, kRestart, Section::data,
           "What /+search finds: all is hosted projects and mirrors, hosted leaves mirrors out. The names of a mirror are fetched when "
           "somebody searches for the first time."},
    Option{"root-password-file", "FILE", &Config::root_password_file, "", "a password is made up and put into DIR/initial-root-password",
           "", "", kEverywhere, kRestart, Section::data, "File with the password that the user root gets at the first start."},
    Option{"root-password", "PASSWORD", &Config::root_password, "", "", "", "", Where::environment_only, kRestart, Section::data,
           "The same as a value, for containers. Not a flag, because every user of a machine can see the command lines."},
    Option{
        "token-key-file", "FILE", &Config::token_key_file, "", "a key in the data directory", "", "", kEverywhere, kRestart, Section::data,
        "File with at least 32 bytes, readable by this user alone, from which login tokens are signed: another content ends all logins."},

    Option{"upstream", "URL", &Config::upstream, "https://pypi.org/simple/", "", "", "", kEverywhere, kRestart, Section::upstream,
           "Simple API of the index that root/pypi mirrors."},
    Option{"offline", "on|off", &Config::offline, "off", "", "", "", kEverywhere, kRestart, Section::upstream,
           "Never ask the upstream; what was seen before is served, however old."},
    Option{"prefetch", "on|off", &Config::prefetch, "on", "", "", "", kEverywhere, kRestart, Section::upstream,
           "When an installer's page had to be fetched, fetch ahead the metadata and pages that it will ask for next. Never private or "
           "blocked "
           "names; never whole files."},
    Option{
        "upstream-private-hosts", "HOST", &Config::upstream_private_hosts, "", "", "", "", kEverywhere, kRestart, Section::upstream,
        "Hosts on private addresses whose files an upstream on another host may name; *.corp.example for all below. Others are refused, so "
        "that no page makes this server ask its own network."},
    Option{"upstream-credentials-file", "FILE", &Config::upstream_credentials_file, "", "", "", "", kEverywhere, kHangup, Section::upstream,
           "File in netrc form (machine HOST login USER password SECRET) for upstreams. Sent to that scheme, host and port only."},
    Option{"upstream-ca-file", "FILE", &Config::upstream_ca_file, "", "", "", "", kEverywhere, kRestart, Section::upstream,
           "PEM file with certificate authorities to trust besides the system's."},
    // pip gives up after 15 s without a byte: connecting and one more try must fit into that.
    Option{"upstream-connect-timeout", "TIME", &Config::upstream_connect_timeout, "5s", "", "100ms", "5m", kEverywhere, kHangup,
           Section::upstream, "How long connecting to the upstream may take, TLS included."},
    Option{"upstream-head-timeout", "TIME", &Config::upstream_head_timeout, "30s", "", "100ms", "1h", kEverywhere, kHangup,
           Section::upstream, "How long the upstream may take to begin its answer."},
    Option{"upstream-stall-timeout", "TIME", &Config::upstream_stall_timeout, "30s", "", "1s", "1h", kEverywhere, kHangup,
           Section::upstream, "How long an answer of the upstream may stand nearly still (under 1 KiB a second)."},
    // A 5 GB wheel over a slow line takes hours and is still fine as long as it moves.
    Option{"upstream-total-timeout", "TIME", &Config::upstream_total_timeout, "0", "none", "", "7d", kEverywhere, kHangup,
           Section::upstream, "How long one answer of the upstream may take in all, however steadily it comes; 0 is no limit."},

    Option{"page-ttl-min", "TIME", &Config::page_ttl_min, "60s", "", "", "1d", kEverywhere, kHangup, Section::freshness,
           "A project page is asked for again at most this often, even when the upstream says sooner."},
    // devpi's default expiry too.
    Option{"page-ttl-max", "TIME", &Config::page_ttl_max, "30m", "", "", "7d", kEverywhere, kHangup, Section::freshness,
           "A project page is asked for again at least this often when somebody wants it: the longest that a new release stays unseen."},
    // uv's documentation recommends 600 s for pages that change seldom.
    Option{"page-max-age", "TIME", &Config::page_max_age, "10m", "", "", "1d", kEverywhere, kRestart, Section::freshness,
           "How long clients may keep a mirrored page without asking again."},
    Option{"negative-ttl", "TIME", &Config::negative_ttl, "60s", "", "", "1d", kEverywhere, kHangup, Section::freshness,
           "How long \"no such project\" from the upstream is believed."},
    Option{"max-stale", "TIME", &Config::max_stale, "30d", "", "", "3650d", kEverywhere, kHangup, Section::freshness,
           "How old a page may be that stands in while the upstream fails."},
    Option{"stale-patience", "TIME", &Config::stale_patience, "5s", "", "", "5m", kEverywhere, kHangup, Section::freshness,
           "How long a client waits for the upstream when an old page is at hand."},
    Option{"no-cache-floor", "TIME", &Config::no_cache_floor, "10s", "", "", "1h", kEverywhere, kHangup, Section::freshness,
           "A client's Cache-Control: no-cache makes the upstream be asked at most this often for each page."},

    Option{"log-format", "text|json", &Config::log_format, "text", "", "", "", kEverywhere, kRestart, Section::log,
           "Form of the log lines on standard error."},
    Option{"log-level", "debug|info|warning|error", &Config::log_level, "info", "", "", "", kEverywhere, kHangup, Section::log,
           "The least that is logged."},
    Option{"access-log", "on|off", &Config::access_log, "on", "", "", "", kEverywhere, kRestart, Section::log,
           "One line for each request, with what the cache did."},
};

template <class T>
struct IsVector : std::false_type {};
template <class T>
struct IsVector<std::vector<T>> : std::true_type {};

template <class T>
constexpr bool kBounded = std::is_same_v<T, unsigned> || std::is_same_v<T, std::uint64_t> || std::is_same_v<T, Duration>;

template <class T>
Result<void> check_bounds(const Option& option, const T& value) {
  T bound{};
  if (!option.low.empty() && parse_value(option.low, bound) && value < bound) {
    return fail(Code::invalid, value_text(value) + " is too little; the least is " + std::string(option.low));
  }
  if (!option.high.empty() && parse_value(option.high, bound) && value > bound) {
    return fail(Code::invalid, value_text(value) + " is too much; the most is " + std::string(option.high));
  }
  return {};
}

template <class T>
Result<void> read_values(T& field, const Option& option, std::span<const std::string> values) {
  T fresh{};
  for (const auto& value : values) BODEGA_TRY_VOID(parse_value(trim(value), fresh));
  if constexpr (kBounded<T>) BODEGA_TRY_VOID(check_bounds(option, fresh));
  field = std::move(fresh);
  return {};
}

// What devpi-server and others call it.
struct OtherName {
  std::string_view theirs;
  std::string_view ours;
};
constexpr std::array<OtherName, 11> kOtherNames{{{"port", "listen"},
                                                 {"host", "listen"},
                                                 {"bind", "listen"},
                                                 {"address", "listen"},
                                                 {"serverdir", "data"},
                                                 {"server-dir", "data"},
                                                 {"outside-url", "public-url"},
                                                 {"root-passwd", "root-password-file"},
                                                 {"offline-mode", "offline"},
                                                 {"mirror-cache-expiry", "page-ttl-max"},
                                                 {"logger-cfg", "log-format"}}};

// Smaller is closer. Words in common count more than letters: "cache-size" means "cache-max-size".
int distance(std::string_view a, std::string_view b) {
  constexpr int kSharedWord = 4;  // about the length of a word
  if (b.starts_with(a) || a.starts_with(b)) return -2 * kSharedWord + static_cast<int>(edit_distance(a, b)) / 2;
  int shared = 0;
  const auto words_of_b = split(b, '-');
  for (const auto word : split(a, '-')) {
    if (std::find(words_of_b.begin(), words_of_b.end(), word) != words_of_b.end()) ++shared;
  }
  return static_cast<int>(edit_distance(a, b)) - kSharedWord * shared;
}

// "_80_TCP", "_80_TCP_ADDR" and so on at the end of BODEGA..._PORT
bool is_port_tail(std::string_view tail) {
  const auto parts = split(tail, '_');  // "", "80", "TCP"[, "ADDR"]
  if (parts.size() < 3 || parts.size() > 4 || !parts[0].empty() || !parse_u64(parts[1])) return false;
  if (parts[2] != "TCP" && parts[2] != "UDP" && parts[2] != "SCTP") return false;
  return parts.size() == 3 || parts[3] == "ADDR" || parts[3] == "PORT" || parts[3] == "PROTO";
}

}  // namespace

std::span<const Option> options() { return kOptions; }

const Option* find_option(std::string_view key) {
  const auto found = std::find_if(kOptions.begin(), kOptions.end(), [key](const Option& option) { return option.key == key; });
  return found == kOptions.end() ? nullptr : &*found;
}

std::string_view title(Section section) {
  switch (section) {
    case Section::server: return "Server";
    case Section::data: return "Data";
    case Section::upstream: return "Upstream";
    case Section::freshness: return "Freshness";
    case Section::log: return "Log";
  }
  return "";
}

std::string env_name(const Option& option) {
  std::string name = "BODEGA_";
  for (const char c : option.key) name += c == '-' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
  return name;
}

bool takes_several(const Option& option) {
  return std::visit([](auto field) { return IsVector<std::remove_cvref_t<decltype(std::declval<Config>().*field)>>::value; }, option.field);
}

bool is_switch(const Option& option) { return std::holds_alternative<bool Config::*>(option.field); }

std::string default_text(const Option& option) {
  return std::string(option.default_note.empty() ? option.default_value : option.default_note);
}

Result<void> assign(Config& config, const Option& option, std::span<const std::string> values) {
  const auto read = [&](auto field) { return read_values(config.*field, option, values); };
  return std::visit(read, option.field);
}

void carry_over(const Option& option, const Config& from, Config& to) {
  std::visit([&from, &to](auto field) { to.*field = from.*field; }, option.field);
}

std::string text_of(const Config& config, const Option& option) {
  return std::visit([&config](auto field) { return value_text(config.*field); }, option.field);
}

std::string_view nearest(std::string_view wrong, std::span<const std::string_view> known) {
  std::string asked = to_lower(wrong);
  std::replace(asked.begin(), asked.end(), '_', '-');
  const auto other = std::find_if(kOtherNames.begin(), kOtherNames.end(), [&asked](const OtherName& name) { return name.theirs == asked; });
  if (other != kOtherNames.end() && std::find(known.begin(), known.end(), other->ours) != known.end()) return other->ours;
  const auto closer = [&asked](std::string_view a, std::string_view b) { return distance(asked, a) < distance(asked, b); };
  const auto found = std::min_element(known.begin(), known.end(), closer);
  return found == known.end() ? std::string_view() : *found;
}

std::string_view nearest_option(std::string_view wrong) {
  std::vector<std::string_view> keys;
  for (const auto& option : kOptions) keys.push_back(option.key);
  return nearest(wrong, keys);
}

bool is_service_variable(std::string_view name) {
  constexpr std::string_view kPrefix = "BODEGA";
  constexpr std::string_view kPort = "_PORT";
  if (!name.starts_with(kPrefix)) return false;
  name.remove_prefix(kPrefix.size());
  if (name.ends_with("_SERVICE_HOST") || name.ends_with(kPort)) return true;
  if (name.find("_SERVICE_PORT_") != std::string_view::npos) return true;
  for (auto at = name.find(kPort); at != std::string_view::npos; at = name.find(kPort, at + 1)) {
    if (is_port_tail(name.substr(at + kPort.size()))) return true;
  }
  return false;
}

}  // namespace bodega::app
