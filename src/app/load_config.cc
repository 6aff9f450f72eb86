#include "app/load_config.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <optional>

#include "app/toml_file.h"
#include "base/file.h"
#include "base/text.h"

namespace bodega::app {
namespace {

namespace fs = std::filesystem;

struct Raw {
  std::vector<std::string> values;
  std::string source;
  std::string label;  // how messages begin
  fs::path base;      // what relative paths start from
};

using RawValues = std::map<const Option*, Raw>;
using Problems = std::vector<std::string>;

std::vector<std::string> comma_parts(const Option& option, std::string_view text) {
  if (!takes_several(option)) return {std::string(text)};
  std::vector<std::string> parts;
  for (const auto part : split(text, ',')) {
    if (!trim(part).empty()) parts.emplace_back(trim(part));
  }
  return parts;
}

// Several files may be read, so its name belongs to the message.
std::string place(const fs::path& file, unsigned line) { return file.string() + ":" + std::to_string(line); }

void take_entry(const TomlEntry& entry, const fs::path& file, RawValues& raw, Problems& problems) {
  const auto where = place(file, entry.line);
  const Option* option = find_option(entry.key);
  if (option == nullptr) {
    problems.push_back(where + ": there is no option \"" + entry.key + "\"; the nearest is \"" + std::string(nearest_option(entry.key)) +
                       "\"");
    return;
  }
  if (option->where != Where::everywhere) {
    problems.push_back(where + ": " + entry.key + " cannot be set in the file; use " + env_name(*option));
    return;
  }
  if (entry.values.size() > 1 && !takes_several(*option)) {
    problems.push_back(where + ": " + entry.key + " takes one value, not an array");
    return;
  }
  Raw value{{}, where, where + ": " + entry.key, file.parent_path()};
  for (const auto& text : entry.values) {
    for (auto& part : comma_parts(*option, text)) value.values.push_back(std::move(part));
  }
  raw[option] = std::move(value);
}

void take_file(const fs::path& file, std::string_view text, RawValues& raw, Problems& problems) {
  const auto entries = parse_toml(text);
  if (!entries) {
    problems.push_back(file.string() + ": " + entries.error().message);
    return;
  }
  for (const auto& entry : *entries) take_entry(entry, file, raw, problems);
}

void take_environment(const Surroundings& surroundings, RawValues& raw, std::vector<std::string>& warnings) {
  std::map<std::string, const Option*, std::less<>> by_name;
  std::vector<std::string_view> names;
  for (const auto& option : options()) names.push_back(by_name.emplace(env_name(option), &option).first->first);
  for (const auto& [name, value] : surroundings.environment) {
    if (!name.starts_with("BODEGA_") || value.empty()) continue;
    if (const auto found = by_name.find(name); found != by_name.end()) {
      raw[found->second] = {comma_parts(*found->second, value), name, name, surroundings.working_directory};
    } else if (!is_service_variable(name)) {
      std::string key = to_lower(name.substr(std::strlen("BODEGA_")));
      warnings.push_back("the environment variable " + name + " means nothing to bodega; the nearest is " +
                         env_name(*find_option(nearest_option(key))));
    }
  }
}

void take_command_line(const std::vector<Given>& given, const Surroundings& surroundings, RawValues& raw) {
  RawValues here;
  for (const auto& [option, value] : given) {
    auto& entry = here[option];
    entry.source = "--" + std::string(option->key);
    entry.label = entry.source;
    entry.base = surroundings.working_directory;
    if (!takes_several(*option)) entry.values.clear();  // the last one counts
    for (auto& part : comma_parts(*option, value)) entry.values.push_back(std::move(part));
  }
  for (auto& [option, value] : here) raw[option] = std::move(value);
}

fs::path home_of(const Surroundings& surroundings) {
  fs::path home = lookup(surroundings, "HOME");
  return home.is_absolute() ? home : fs::path();
}

// XDG Base Directory Specification: relative values are ignored.
fs::path xdg_directory(const Surroundings& surroundings, std::string_view variable, std::string_view below_home) {
  fs::path directory = lookup(surroundings, variable);
  if (directory.is_absolute()) return directory / "bodega";
  const auto home = home_of(surroundings);
  return home.empty() ? fs::path() : home / below_home / "bodega";
}

fs::path default_data(const Surroundings& surroundings) {
  // systemd.exec(5): several directories are joined by colons; the unit asks for one.
  const auto state = lookup(surroundings, "STATE_DIRECTORY");
  fs::path first = state.substr(0, state.find(':'));
  if (first.is_absolute()) return first;
  const auto own = xdg_directory(surroundings, "XDG_DATA_HOME", ".local/share");
  return own.empty() ? fs::path("/var/lib/bodega") : own;
}

fs::path made_absolute(const fs::path& path, const fs::path& base, const Surroundings& surroundings) {
  const auto text = path.string();
  const auto home = home_of(surroundings);
  if (text.starts_with("~/") && !home.empty()) return (home / text.substr(2)).lexically_normal();
  return (base / path).lexically_normal();
}

struct Absolute {
  Config& config;
  const Raw& raw;
  const Surroundings& surroundings;

  void operator()(fs::path Config::*field) const { config.*field = made_absolute(config.*field, raw.base, surroundings); }
  void operator()(std::optional<fs::path> Config::*field) const {
    if (config.*field) config.*field = made_absolute(*(config.*field), raw.base, surroundings);
  }
  template <class T>
  void operator()(T) const {}
};

struct ConfigFile {
  fs::path path;
  enum class Absence { is_error, is_fine } absence;
};

std::vector<ConfigFile> config_files(const std::vector<Given>& given, const Surroundings& surroundings) {
  const Option* option = find_option("config");
  std::string named = lookup(surroundings, env_name(*option));
  for (const auto& [set, value] : given) {
    if (set == option) named = value;
  }
  if (!named.empty()) return {{made_absolute(named, surroundings.working_directory, surroundings), ConfigFile::Absence::is_error}};
  std::vector<ConfigFile> files;
  if (const auto own = xdg_directory(surroundings, "XDG_CONFIG_HOME", ".config"); !own.empty()) {
    files.push_back({own / "config.toml", ConfigFile::Absence::is_fine});
  }
  files.push_back({"/etc/bodega/config.toml", ConfigFile::Absence::is_fine});
  return files;
}

std::optional<fs::path> take_first_file(const std::vector<ConfigFile>& files, const Surroundings& surroundings, RawValues& raw,
                                        Problems& problems) {
  for (const auto& [path, absence] : files) {
    const auto text = surroundings.read_file(path);
    if (text) {
      take_file(path, *text, raw, problems);
      return path;
    }
    if (text.error().code != Code::not_found || absence == ConfigFile::Absence::is_error) {
      problems.push_back("the configuration file " + path.string() + " cannot be read: " + text.error().describe());
      return std::nullopt;
    }
  }
  return std::nullopt;
}

// What no option can check alone.
void check_together(const Config& config, Problems& problems) {
  if (config.page_ttl_min > config.page_ttl_max) problems.emplace_back("page-ttl-min must not be more than page-ttl-max");
  if (config.root_password && config.root_password_file) {
    problems.emplace_back("BODEGA_ROOT_PASSWORD and root-password-file are both set; one of them must go");
  }
  if (!config.upstream.user.empty() && config.upstream_credentials_file) {
    problems.emplace_back("the upstream URL has a user name and upstream-credentials-file is set; one of them must go");
  }
  if (config.public_url && !config.public_url->user.empty()) problems.emplace_back("public-url must not have a user name or password");
  if (config.listen.empty() && !config.unix_socket && problems.empty()) problems.emplace_back("listen needs at least one address");
  std::vector<std::string> texts;
  for (const auto& address : config.listen) {
    // Port 0 is another port each time.
    if (address.port != 0 && std::find(texts.begin(), texts.end(), address.text()) != texts.end()) {
      problems.push_back("listen has " + address.text() + " twice");
    }
    texts.push_back(address.text());
  }
}

void apply(const RawValues& raw, const Surroundings& surroundings, Loaded& loaded, Problems& problems) {
  for (const auto& option : options()) {
    Setting setting{&option, {}, "default"};
    const auto found = raw.find(&option);
    if (found != raw.end()) {
      setting.source = found->second.source;
      if (const auto done = assign(loaded.config, option, found->second.values); !done) {
        problems.push_back(found->second.label + ": " + done.error().message);
      }
      std::visit(Absolute{loaded.config, found->second, surroundings}, option.field);
    } else if (!option.default_value.empty()) {
      const std::vector<std::string> values{std::string(option.default_value)};
      if (const auto done = assign(loaded.config, option, values); !done)
        problems.push_back("default of " + std::string(option.key) + ": " + done.error().message);
    }
    setting.value = text_of(loaded.config, option);
    loaded.settings.push_back(std::move(setting));
  }
}

std::string_view without_line_end(std::string_view content) {
  if (content.ends_with('\n')) content.remove_suffix(1);
  if (content.ends_with('\r')) content.remove_suffix(1);
  return content;
}

}  // namespace

Surroundings real_surroundings(const char* const* environ) {
  Surroundings surroundings;
  for (; *environ != nullptr; ++environ) {
    const std::string_view text = *environ;
    const auto equals = text.find('=');
    if (equals != std::string_view::npos) surroundings.environment.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  surroundings.read_file = [](const fs::path& path) { return read_small_file(path); };
  std::error_code error;
  surroundings.working_directory = fs::current_path(error);
  if (error) surroundings.working_directory = "/";
  return surroundings;
}

std::string lookup(const Surroundings& surroundings, std::string_view name) {
  for (const auto& [key, value] : surroundings.environment) {
    if (key == name) return value;
  }
  return {};
}

Result<Loaded> load_config(const std::vector<Given>& command_line, const Surroundings& surroundings) {
  Loaded loaded;
  Problems problems;
  RawValues raw;
  loaded.config.data = default_data(surroundings);
  const auto file = take_first_file(config_files(command_line, surroundings), surroundings, raw, problems);
  take_environment(surroundings, raw, loaded.warnings);
  take_command_line(command_line, surroundings, raw);
  loaded.config.config_file = file;
  apply(raw, surroundings, loaded, problems);
  // Who asks for a socket of the file system and nothing else wants no port open.
  if (loaded.config.unix_socket && !raw.contains(find_option("listen"))) loaded.config.listen.clear();
  check_together(loaded.config, problems);
  if (!problems.empty()) return fail(Code::invalid, join(problems, "\n"));
  return loaded;
}

Result<Secret> password_of_file(std::string_view content) {
  const auto password = without_line_end(content);
  if (password.empty()) return fail(Code::invalid, "the password file is empty");
  if (password.find('\n') != std::string_view::npos) return fail(Code::invalid, "the password file must have one line");
  return Secret(std::string(password));
}

}  // namespace bodega::app
