#include "app/shim/devpi_settings.h"

#include <algorithm>
#include <filesystem>

#include "app/shim/yaml_file.h"
#include "base/text.h"

namespace bodega::app {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "DEVPISERVER_";

// The program's own option of that name, else another program's.
const DevpiOption* find_exactly(DevpiProgram program, std::string_view name) {
  const DevpiOption* found = nullptr;
  for (const auto& option : devpi_options()) {
    if (option.name == name && (found == nullptr || belongs(option, program))) found = &option;
  }
  return found;
}

// devpi takes any beginning of a name that fits one option only.
Result<const DevpiOption*> find(DevpiProgram program, std::string_view name) {
  std::vector<const DevpiOption*> fitting;
  for (const auto& option : devpi_options()) {
    if (!belongs(option, program)) continue;
    if (option.name == name) return &option;
    if (!name.empty() && option.name.starts_with(name)) fitting.push_back(&option);
  }
  const std::string flag = "--" + std::string(name);
  if (fitting.empty()) return fail(Code::invalid, flag + ": there is no such option; " + std::string(name_of(program)) + " -h lists them");
  if (fitting.size() == 1) return fitting.front();
  std::vector<std::string> names;
  for (const auto* option : fitting) names.push_back("--" + std::string(option->name));
  return fail(Code::invalid, flag + ": it could mean " + join(names, ", "));
}

// The words of Python's strtobool, which devpi uses.
std::optional<bool> truth(std::string_view text) {
  const auto word = to_lower(text);
  for (const std::string_view yes : {"y", "yes", "t", "true", "on", "1"}) {
    if (word == yes) return true;
  }
  for (const std::string_view no : {"n", "no", "f", "false", "off", "0"}) {
    if (word == no) return false;
  }
  return std::nullopt;
}

// "tcp://10.0.0.1:3141": what Kubernetes puts into the environment for a service.
bool is_service_address(std::string_view value) {
  return value.starts_with("tcp://") || value.starts_with("udp://") || value.starts_with("sctp://");
}

class Reader {
 public:
  explicit Reader(DevpiProgram program) : program_(program) {}

  // The value of a flag from a file or the environment is a word for yes or no.
  Result<void> set(const DevpiOption& option, std::vector<std::string> values, const std::string& source) {
    if (values.empty()) return {};
    settings.given.erase(option.name);  // the later source counts, also where one source may give several values
    if (option.takes != Takes::several && values.size() > 1) return fail(Code::invalid, source + ": " + name(option) + " takes one value");
    if (option.takes == Takes::nothing) return set_flag(option, values.front(), source);
    return put(option, std::move(values), source);
  }

  Result<void> put(const DevpiOption& option, std::vector<std::string> values, const std::string& source) {
    for (const auto& value : values) {
      if (option.takes == Takes::number && !parse_u64(trim(value)))
        return fail(Code::invalid, source + ": " + name(option) + " must be a number, not \"" + value + "\"");
    }
    auto& entry = settings.given[option.name];
    if (option.takes != Takes::several) entry.values.clear();
    for (auto& value : values) entry.values.push_back(std::move(value));
    entry.source = source;
    return {};
  }

  Result<void> take_file(const fs::path& path, const std::string& text) {
    auto entries = parse_yaml_section(text, "devpi-server");
    if (!entries) return fail(Code::invalid, path.string() + ": " + entries.error().message);
    for (auto& entry : *entries) {
      const auto source = path.string() + ":" + std::to_string(entry.line);
      const auto* option = find_exactly(program_, entry.key);
      if (option == nullptr) {
        settings.warnings.push_back(source + ": " + entry.key + " is no option of devpi's programs and has no effect");
      } else if (belongs(*option, program_) && option->name != "configfile") {
        BODEGA_TRY_VOID(set(*option, std::move(entry.values), source));
      }
    }
    return {};
  }

  Result<void> take_environment(const Surroundings& surroundings) {
    for (const auto& [variable, value] : surroundings.environment) {
      if (!variable.starts_with(kPrefix) || value.empty()) continue;
      std::string key = to_lower(variable.substr(kPrefix.size()));
      std::replace(key.begin(), key.end(), '_', '-');
      const auto* option = find_exactly(program_, key);
      if (option == nullptr || !belongs(*option, program_) || key == "configfile") continue;
      if (is_service_address(value) && option->takes == Takes::number) {
        settings.warnings.push_back(variable + ": " + value + " is what Kubernetes says about a service of that name; it has no effect");
        continue;
      }
      BODEGA_TRY_VOID(set(*option, {value}, variable));
    }
    if (const auto old = lookup(surroundings, "DEVPI_SERVERDIR"); !old.empty()) {
      const auto* option = find_exactly(program_, "serverdir");
      if (belongs(*option, program_)) return put(*option, {old}, "DEVPI_SERVERDIR");
    }
    return {};
  }

  Result<void> take_words(std::span<const std::string> words) {
    for (std::size_t i = 0; i < words.size(); ++i) {
      const std::string_view word = words[i];
      if (word == "-h" || word == "--help") {
        settings.help = true;
      } else if (word == "-c" || word.starts_with("--")) {
        BODEGA_TRY(const std::size_t used, take_option(word, words.subspan(i + 1)));
        i += used;
      } else if (word.starts_with("-c")) {
        BODEGA_TRY_VOID(put(*find_exactly(program_, "configfile"), {std::string(word.substr(2))}, "-c"));
      } else if (word.starts_with("-") && word.size() > 1) {
        return fail(Code::invalid, std::string(word) + ": there is no such option; " + std::string(name_of(program_)) + " -h lists them");
      } else if (operand_of(program_).empty() || settings.operand) {
        return fail(Code::invalid,
                    "\"" + std::string(word) + "\": " + std::string(name_of(program_)) + " does not know what to do with it");
      } else {
        settings.operand = std::string(word);
      }
    }
    return {};
  }

  DevpiSettings settings;

 private:
  static std::string name(const DevpiOption& option) { return "--" + std::string(option.name); }

  Result<void> set_flag(const DevpiOption& option, std::string_view value, const std::string& source) {
    const auto on = truth(trim(value));
    if (!on) return fail(Code::invalid, source + ": " + name(option) + " is true or false, not \"" + std::string(value) + "\"");
    return *on ? put(option, {""}, source) : Result<void>();
  }

  // How many words beyond the option itself were used.
  Result<std::size_t> take_option(std::string_view word, std::span<const std::string> following) {
    const bool is_short = word == "-c";
    const auto equals = is_short ? std::string_view::npos : word.find('=');
    const auto asked = is_short ? std::string_view("configfile") : word.substr(2, equals == std::string_view::npos ? equals : equals - 2);
    BODEGA_TRY(const DevpiOption* option, find(program_, asked));
    if (option->takes == Takes::nothing) {
      if (equals != std::string_view::npos) return fail(Code::invalid, name(*option) + ": it takes no value");
      BODEGA_TRY_VOID(put(*option, {""}, name(*option)));
      return 0;
    }
    if (equals != std::string_view::npos) {
      BODEGA_TRY_VOID(put(*option, {std::string(word.substr(equals + 1))}, name(*option)));
      return 0;
    }
    if (following.empty() || following.front().starts_with("--"))
      return fail(Code::invalid, name(*option) + ": it needs a value, " + name(*option) + " " + std::string(option->value));
    BODEGA_TRY_VOID(put(*option, {following.front()}, name(*option)));
    return 1;
  }

  DevpiProgram program_;
};

fs::path absolute(const std::string& path, const Surroundings& surroundings) {
  if (path.starts_with("~/")) return fs::path(lookup(surroundings, "HOME")) / path.substr(2);
  return surroundings.working_directory / path;
}

// Where devpi looks by itself; the last one that is there counts.
std::vector<fs::path> usual_files(const Surroundings& surroundings) {
  const auto shared = lookup(surroundings, "XDG_CONFIG_DIRS");
  std::vector<fs::path> directories;
  for (const auto part : split(shared.empty() ? std::string_view("/etc/xdg") : std::string_view(shared), ':'))
    directories.emplace_back(part);
  const auto own = lookup(surroundings, "XDG_CONFIG_HOME");
  directories.push_back(own.empty() ? fs::path(lookup(surroundings, "HOME")) / ".config" : fs::path(own));
  std::vector<fs::path> files;
  for (const auto& directory : directories) {
    if (directory.is_absolute()) files.push_back(directory / "devpi-server" / "devpi-server.yml");
  }
  return files;
}

Result<void> take_files(const std::optional<std::string>& named, const Surroundings& surroundings, Reader& reader) {
  std::optional<std::pair<fs::path, std::string>> found;
  if (named) {
    const auto path = absolute(*named, surroundings);
    auto text = surroundings.read_file(path);
    if (!text) return fail(Code::invalid, "--configfile: " + path.string() + " cannot be read: " + text.error().describe());
    found.emplace(path, std::move(*text));
  } else {
    for (const auto& path : usual_files(surroundings)) {
      auto text = surroundings.read_file(path);
      if (text)
        found.emplace(path, std::move(*text));
      else if (text.error().code != Code::not_found)
        return fail(Code::invalid, "the configuration file " + path.string() + " cannot be read: " + text.error().describe());
    }
  }
  return found ? reader.take_file(found->first, found->second) : Result<void>();
}

}  // namespace

std::optional<std::string> DevpiSettings::text(std::string_view option) const {
  const auto found = given.find(option);
  if (found == given.end() || found->second.values.empty()) return std::nullopt;
  return found->second.values.back();
}

Result<DevpiSettings> read_devpi_settings(DevpiProgram program, std::span<const std::string> arguments, const Surroundings& surroundings) {
  // The command line says which file to read, and counts more than the file: it is read twice.
  Reader words(program);
  BODEGA_TRY_VOID(words.take_words(arguments));
  if (words.settings.help) return std::move(words.settings);
  Reader all(program);
  BODEGA_TRY_VOID(take_files(words.settings.text("configfile"), surroundings, all));
  BODEGA_TRY_VOID(all.take_environment(surroundings));
  BODEGA_TRY_VOID(all.take_words(arguments));
  return std::move(all.settings);
}

}  // namespace bodega::app
