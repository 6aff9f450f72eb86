// The one table of everything that can be set. --help, docs/options.md, the readers of file, environment and command line, and
// `bodega check-config` are all made from it; an option is described nowhere else.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "app/config.h"

namespace bodega::app {

enum class Section { server, data, upstream, freshness, log };

// Where an option may be set. A secret is not for the command line, which every user of the machine can read, nor for a file that is
// copied around.
enum class Where { everywhere, not_in_file, environment_only };

// When a change of the file or the environment takes effect.
enum class Reload { at_restart, on_hangup };

// The field that the option fills; its type says how the value is read. Vectors take several values.
using Field = std::variant<bool Config::*, unsigned Config::*, FileMode Config::*, std::uint64_t Config::*, Space Config::*,
                           Duration Config::*, Url Config::*, LogFormat Config::*, LogLevel Config::*, web::Indexed Config::*,
                           std::filesystem::path Config::*, std::vector<ListenAddress> Config::*, std::vector<IpNetwork> Config::*,
                           std::vector<std::string> Config::*, std::vector<UserName> Config::*, std::optional<Url> Config::*,
                           std::optional<Secret> Config::*, std::optional<std::filesystem::path> Config::*>;

struct Option {
  std::string_view key;    // --key, and the key in the file
  std::string_view value;  // what stands for the value in help: "SIZE", "text|json"
  Field field;
  std::string_view default_value;  // as one would write it; empty: not set
  std::string_view default_note;   // shown instead when the default is worked out at the start
  std::string_view low, high;      // inclusive bounds, as one would write them; empty: none
  Where where;
  Reload reload;
  Section section;
  std::string_view sentence;
};

std::span<const Option> options();
const Option* find_option(std::string_view key);
std::string_view title(Section section);

std::string env_name(const Option& option);      // "BODEGA_CACHE_MAX_SIZE"
bool takes_several(const Option& option);        // repeatable on the command line, comma-separated, an array in the file
bool is_switch(const Option& option);            // on or off; the bare flag means on
std::string default_text(const Option& option);  // what help shows; empty when it is not set

// Reads `values` (one, or several where that makes sense) into the option's field and checks the bounds. The error is a full sentence.
Result<void> assign(Config& config, const Option& option, std::span<const std::string> values);
// Copies what the option sets.
void carry_over(const Option& option, const Config& from, Config& to);
// What the field holds now, secrets redacted; empty when it is not set.
std::string text_of(const Config& config, const Option& option);

// The known name that a wrong one most likely meant. Also knows what other servers call our options ("port", "outside-url").
std::string_view nearest(std::string_view wrong, std::span<const std::string_view> known);
std::string_view nearest_option(std::string_view wrong);

// Kubernetes puts the address of every service of a namespace into the environment of every container: BODEGA_PORT=tcp://10.0.0.1:3141,
// BODEGA_SERVICE_HOST, BODEGA_PORT_3141_TCP_ADDR ... for a service called bodega, BODEGA_X_PORT ... for bodega-x. None of them is ours, and
// no option's environment name may look like one of them.
bool is_service_variable(std::string_view name);

}  // namespace bodega::app
