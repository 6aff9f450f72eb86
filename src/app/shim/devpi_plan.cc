#include "app/shim/devpi_plan.h"

#include <algorithm>
#include <array>

#include "app/option_docs.h"
#include "base/ip_network.h"
#include "base/text.h"

namespace bodega::app {
namespace {

namespace fs = std::filesystem;

// devpi's own defaults, and that of waitress for --listen without a port.
constexpr std::string_view kHost = "localhost";
constexpr std::string_view kPort = "3141";
constexpr std::string_view kPortOfListen = "8080";
// A proxy on this machine may say X-Outside-Url, as devpi's manual has it.
constexpr std::string_view kThisMachine = "127.0.0.0/8,::1/128";

bool is_replica(const DevpiSettings& settings) {
  return settings.text("role") == "replica" || settings.has("primary-url") || settings.has("master-url");
}

// A replica that is none would serve the public index under the names of private projects.
Result<void> check_role(const DevpiSettings& settings, std::vector<std::string>& warnings) {
  if (is_replica(settings)) {
    return fail(
        Code::invalid,
        "this server cannot be a replica (--role=replica, --primary-url). To take over the data of the primary, run devpi-export there "
        "and devpi-import here");
  }
  const auto role = settings.text("role");
  if (!role || *role == "auto" || *role == "standalone") return {};
  if (*role != "primary" && *role != "master")
    return fail(Code::invalid, "--role: it is one of auto, standalone, primary, master, replica, not \"" + *role + "\"");
  warnings.push_back("--role=" + *role + " has no effect: replicas of devpi cannot follow this server");
  return {};
}

// "host:port" for each address of the host.
Result<std::vector<std::string>> addresses(const std::string& host, const std::string& port, const Resolve& resolve) {
  const auto plain = host.starts_with('[') && host.ends_with(']') ? host.substr(1, host.size() - 2) : host;
  if (plain.empty() || plain == "*") return std::vector<std::string>{"*:" + port};
  if (plain == "localhost") return std::vector<std::string>{"localhost:" + port};
  std::vector<std::string> hosts;
  if (IpAddress::parse(plain))
    hosts.push_back(plain);
  else
    hosts = resolve(plain);
  if (hosts.empty()) return fail(Code::invalid, "\"" + host + "\" is no address of this machine and no name of one");
  for (auto& one : hosts) one = (one.find(':') == std::string::npos ? one : "[" + one + "]") + ":" + port;
  return hosts;
}

Result<std::vector<std::string>> listen_of(const std::string& text, const Resolve& resolve) {
  std::vector<std::string> out;
  for (const auto part : split(text, ' ')) {
    if (part.empty()) continue;
    const auto colon = part.rfind(':');
    const bool has_port = colon != std::string_view::npos && part.find(']', colon) == std::string_view::npos;
    const std::string port(has_port ? part.substr(colon + 1) : kPortOfListen);
    BODEGA_TRY(auto here, addresses(std::string(has_port ? part.substr(0, colon) : part), port, resolve));
    out.insert(out.end(), here.begin(), here.end());
  }
  return out;
}

Result<std::vector<std::string>> all_listens(const DevpiSettings& settings, const Resolve& resolve) {
  const auto host = settings.text("host").value_or(std::string(kHost));
  const auto port = settings.text("port").value_or(std::string(kPort));
  const auto several = settings.given.find("listen");
  const bool alone = several == settings.given.end() && host == kHost && port == kPort && settings.has("unix-socket");
  if (alone) return std::vector<std::string>();
  if (several == settings.given.end()) return addresses(host, port, resolve);
  if (host != kHost || port != kPort) return fail(Code::invalid, "either --listen or --host and --port, not both");
  std::vector<std::string> out;
  for (const auto& text : several->second.values) {
    BODEGA_TRY(auto some, listen_of(text, resolve));
    out.insert(out.end(), some.begin(), some.end());
  }
  return out;
}

std::string trusted(const DevpiSettings& settings) {
  const auto proxy = settings.text("trusted-proxy").value_or("");
  std::string out(kThisMachine);
  if (proxy == "*") return out + ",0.0.0.0/0,::/0";
  return proxy.empty() || proxy == "localhost" ? out : out + "," + proxy;
}

class Words {
 public:
  explicit Words(std::vector<std::string> start) : words_(std::move(start)) {}
  void add(std::string_view option, std::string value) {
    words_.push_back("--" + std::string(option));
    words_.push_back(std::move(value));
  }
  void add_flag(std::string_view option) { words_.push_back("--" + std::string(option)); }
  std::vector<std::string> take() { return std::move(words_); }

 private:
  std::vector<std::string> words_;
};

// The bounds of our options are narrower than devpi's; a server must not fail to start over that.
void add_times(const DevpiSettings& settings, Words& words) {
  constexpr std::uint64_t kWeek = 7 * 24 * 3600;
  constexpr std::uint64_t kMinute = 60;
  if (const auto text = settings.text("mirror-cache-expiry")) {
    const auto seconds = std::min(parse_u64(trim(*text)).value_or(0), kWeek);
    words.add("page-ttl-max", std::to_string(seconds) + "s");
    if (seconds < kMinute) words.add("page-ttl-min", std::to_string(seconds) + "s");
  }
  if (const auto text = settings.text("request-timeout")) {
    const auto seconds = std::clamp<std::uint64_t>(parse_u64(trim(*text)).value_or(0), 1, 5 * kMinute);
    words.add("upstream-connect-timeout", std::to_string(seconds) + "s");
    words.add("upstream-head-timeout", std::to_string(seconds) + "s");
  }
}

Result<std::vector<std::string>> serve_words(const DevpiSettings& settings, const fs::path& data, const Surroundings& surroundings,
                                             const Resolve& resolve) {
  Words words({"serve"});
  words.add("data", data.string());
  BODEGA_TRY(const auto listens, all_listens(settings, resolve));
  for (const auto& listen : listens) words.add("listen", listen);
  if (const auto socket = settings.text("unix-socket")) words.add("unix-socket", devpi_path(*socket, surroundings).string());
  if (const auto mode = settings.text("unix-socket-perms")) words.add("unix-socket-perms", *mode);
  words.add("trusted-proxies", trusted(settings));
  if (const auto url = settings.text("outside-url"); url && !url->empty()) words.add("public-url", *url);
  if (const auto size = settings.text("max-request-body-size")) words.add("upload-max-size", *size);
  add_times(settings, words);
  if (settings.has("offline-mode")) words.add("offline", "on");
  if (const auto names = settings.text("restrict-modify"); names && !names->empty()) words.add("restrict-modify", *names);
  if (const auto file = settings.text("secretfile")) words.add("token-key-file", devpi_path(*file, surroundings).string());
  if (settings.has("debug")) words.add("log-level", "debug");
  return words.take();
}

Result<std::string> directory_operand(DevpiProgram program, const DevpiSettings& settings, const Surroundings& surroundings) {
  if (!settings.operand)
    return fail(Code::invalid, "which directory? " + std::string(name_of(program)) + " " + std::string(operand_of(program)));
  return devpi_path(*settings.operand, surroundings).string();
}

Result<std::vector<std::string>> words_of(DevpiProgram program, const DevpiSettings& settings, const fs::path& data,
                                          const Surroundings& surroundings, const Resolve& resolve) {
  switch (program) {
    case DevpiProgram::server: return serve_words(settings, data, surroundings, resolve);
    case DevpiProgram::init: return std::vector<std::string>{"serve", "--data", data.string()};
    case DevpiProgram::passwd: return std::vector<std::string>{"passwd", settings.operand.value_or("root"), "--data", data.string()};
    case DevpiProgram::fsck: return std::vector<std::string>{"fsck", "--data", data.string()};
    case DevpiProgram::export_data: {
      BODEGA_TRY(const auto directory, directory_operand(program, settings, surroundings));
      Words words({"export", "devpi", directory, "--data", data.string()});
      if (settings.has("include-mirrored-files")) words.add_flag("include-mirrored-files");
      if (settings.has("hard-links")) words.add_flag("hard-links");
      return words.take();
    }
    case DevpiProgram::import_data: {
      BODEGA_TRY(const auto directory, directory_operand(program, settings, surroundings));
      Words words({"import", "devpi-export", directory, "--data", data.string()});
      if (settings.has("hard-links")) words.add("bytes", "hardlink");
      if (const auto types = settings.given.find("skip-import-type"); types != settings.given.end())
        words.add("skip-import-type", join(types->second.values, ","));
      return words.take();
    }
    case DevpiProgram::gen_secret: return std::vector<std::string>();
  }
  return std::vector<std::string>();
}

void warn_of_no_effect(DevpiProgram program, const DevpiSettings& settings, std::vector<std::string>& warnings) {
  for (const auto& option : devpi_options()) {
    if (!belongs(option, program) || !option.sentence.empty() || !settings.has(option.name)) continue;
    const auto& source = settings.given.at(option.name).source;
    const auto flag = "--" + std::string(option.name);
    warnings.push_back((source == flag ? flag : source + ": " + flag) + " has no effect: " + std::string(option.why));
  }
}

}  // namespace

fs::path devpi_path(const std::string& typed, const Surroundings& surroundings) {
  if (typed == "~" || typed.starts_with("~/"))
    return (fs::path(lookup(surroundings, "HOME")) / typed.substr(std::min<std::size_t>(2, typed.size()))).lexically_normal();
  return (surroundings.working_directory / typed).lexically_normal();
}

Result<DevpiPlan> plan_of(DevpiProgram program, const DevpiSettings& settings, const Surroundings& surroundings, const Resolve& resolve) {
  DevpiPlan plan;
  plan.warnings = settings.warnings;
  BODEGA_TRY_VOID(check_role(settings, plan.warnings));
  warn_of_no_effect(program, settings, plan.warnings);
  if (program != DevpiProgram::gen_secret) plan.data = devpi_path(settings.text("serverdir").value_or("~/.devpi/server"), surroundings);
  BODEGA_TRY(plan.words, words_of(program, settings, plan.data, surroundings, resolve));
  return plan;
}

std::string devpi_help(DevpiProgram program) {
  constexpr std::size_t kIndent = 8;
  constexpr std::size_t kColumns = 80;
  const auto operand = std::string(operand_of(program));
  std::string out = "usage: " + std::string(name_of(program)) + " [options]" + (operand.empty() ? "" : " " + operand) + "\n\n";
  out += wrapped(summary_of(program), 0, kColumns);
  out += "This is Bodega behind devpi's command line; \"bodega help\" has its own.\n\noptions:\n  -h, --help\n" +
         wrapped("Show this.", kIndent, kColumns);
  std::string rest;
  for (const auto& option : devpi_options()) {
    if (!belongs(option, program)) continue;
    const std::string flag = (option.name == "configfile" ? "-c, --" : "--") + std::string(option.name) +
                             (option.value.empty() ? "" : " " + std::string(option.value));
    if (option.sentence.empty())
      rest += wrapped(flag + ": " + std::string(option.why), 2, kColumns);
    else
      out += "  " + flag + "\n" + wrapped(option.sentence, kIndent, kColumns);
  }
  if (!rest.empty()) out += "\naccepted, without effect:\n" + rest;
  out +=
      "\nEvery option is also a key of the YAML file's section devpi-server and an\nenvironment variable DEVPISERVER_..., in capitals with "
      "_ for -.\n";
  return out;
}

}  // namespace bodega::app
