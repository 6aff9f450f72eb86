// The table of commands as people read it.
#include <algorithm>

#include "app/commands.h"
#include "app/option_docs.h"

namespace bodega::app {
namespace {

constexpr std::size_t kWidth = 80;
constexpr std::size_t kIndent = 8;

constexpr std::string_view kIntroduction =
    "bodega - keeps your packages close: a cache of the Python package index and\n"
    "private indexes beside it. Works where devpi works.\n";

constexpr std::string_view kStart =
    "\nStart here:\n"
    "  bodega serve\n"
    "  pip install --index-url http://127.0.0.1:3141/root/pypi/+simple/ flask\n"
    "  uv pip install --index-url http://127.0.0.1:3141/root/pypi/+simple/ flask\n"
    "\n\"bodega help serve\" lists every option of the server. Each is also a key of the\n"
    "TOML file and an environment variable: --cache-max-size 20GB is\n"
    "cache-max-size = \"20GB\" and BODEGA_CACHE_MAX_SIZE=20GB.\n";

constexpr std::string_view kFooter =
    "\nExit codes:\n"
    "  0  all is well\n"
    "  1  something failed; fsck: damage is left; export: files are left out\n"
    "  2  the command line or the configuration is wrong\n"
    "  3  an address to listen on is in use or not ours\n"
    "  4  the data directory is locked, not writable, full or damaged\n"
    "  5  stopped before all accepted requests had finished\n";

std::string usage_of(const Spec& spec) {
  std::string out(spec.name);
  if (!spec.operands.empty()) out += " " + std::string(spec.operands);
  for (const auto& flag : spec.flags) {
    out += " [--" + std::string(flag.name) + (flag.value.empty() ? "" : " " + std::string(flag.value)) + "]";
  }
  if (spec.accepts != Accepts::no_options) out += " [options]";
  return out;
}

// Continued lines stand under the first word behind the command.
std::string wrapped_usage(const Spec& spec, std::string_view before) {
  auto text = wrapped(usage_of(spec), std::max(kIndent + 4, before.size()), kWidth);
  text.replace(0, text.find_first_not_of(' '), before);
  return text;
}

std::string line_of(const Family& family) {
  std::string names;
  for (const auto* spec : members(family)) names += (names.empty() ? "" : "|") + std::string(spec->name.substr(family.name.size() + 1));
  return "  " + std::string(family.name) + " " + names + "\n" + wrapped(family.summary, kIndent, kWidth);
}

}  // namespace

std::string general_help() {
  std::string out(kIntroduction);
  out += "\nUsage: bodega COMMAND [options]\n\nCommands:\n";
  const Family* last = nullptr;
  for (const auto& spec : commands()) {
    const auto* family = find_family(spec.name.substr(0, spec.name.find(' ')));
    if (family == nullptr) out += wrapped_usage(spec, "  ") + wrapped(spec.summary, kIndent, kWidth);
    if (family != nullptr && family != last) out += line_of(*family);
    last = family;
  }
  return out + std::string(kStart) + std::string(kFooter);
}

std::string help_of(const Family& family) {
  std::string out = wrapped(family.summary, 0, kWidth) + "\nCommands:\n";
  for (const auto* spec : members(family)) out += wrapped_usage(*spec, "  ") + wrapped(spec->summary, kIndent, kWidth);
  return out + "\n\"bodega help " + std::string(family.name) + " ...\" explains one of them.\n";
}

std::string help_of(const Spec& spec) {
  std::string out = wrapped_usage(spec, "Usage: bodega ") + "\n" + wrapped(spec.summary, 0, kWidth);
  if (!spec.examples.empty()) out += "\nExamples:\n" + std::string(spec.examples);
  std::string own;
  for (const auto& flag : spec.flags) {
    own += "  --" + std::string(flag.name) + (flag.value.empty() ? "" : " " + std::string(flag.value)) + "\n" +
           wrapped(flag.sentence, kIndent, kWidth);
  }
  if (!own.empty()) out += "\n" + own;
  std::vector<const Option*> shown;
  for (const auto& option : options()) {
    if (accepts(spec, option)) shown.push_back(&option);
  }
  if (!shown.empty()) {
    out += help_of_options(shown);
    out +=
        "\nEvery option is also a key of the TOML file and an environment variable named\n"
        "BODEGA_... in capitals with _ for -. The command line wins over the environment,\n"
        "the environment over the file.\n";
  }
  return out;
}

}  // namespace bodega::app
