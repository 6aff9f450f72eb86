#include "app/toml_file.h"

#include <algorithm>
#include <optional>

// toml++ 3.3 asserts (and with NDEBUG: assumes, which is undefined behaviour) something about keys that a file such as "[=" makes false.
// The code behind it handles that case, so the assertion must be nothing in every build; only without NDEBUG can it be replaced.
#undef NDEBUG
#define TOML_ASSERT(expression) static_cast<void>(0)
#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0  // they are most of the compile time
#include <toml++/toml.h>

namespace bodega::app {
namespace {

std::string at_line(unsigned line) { return "line " + std::to_string(line) + ": "; }

std::optional<std::string> scalar_text(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return std::to_string(number->get());
  if (const auto* flag = node.as_boolean()) return flag->get() ? "on" : "off";
  return std::nullopt;
}

Result<TomlEntry> entry_of(std::string_view key, const toml::node& node) {
  TomlEntry entry{std::string(key), {}, node.source().begin.line};
  if (node.is_table() || node.is_array_of_tables()) {
    return fail(Code::invalid,
                at_line(entry.line) + "\"" + entry.key + "\" is a section, and options stand outside of sections; write key = value");
  }
  const auto* array = node.as_array();
  const std::size_t count = array != nullptr ? array->size() : 1;
  for (std::size_t i = 0; i < count; ++i) {
    auto text = scalar_text(array != nullptr ? (*array)[i] : node);
    if (!text)
      return fail(Code::invalid,
                  at_line(entry.line) + entry.key + " must be a text in quotes, a whole number, true or false, or an array of these");
    entry.values.push_back(std::move(*text));
  }
  return entry;
}

}  // namespace

Result<std::vector<TomlEntry>> parse_toml(std::string_view text) {
  const toml::parse_result parsed = toml::parse(text);
  if (!parsed) {
    const auto& error = parsed.error();
    return fail(Code::invalid, at_line(error.source().begin.line) + std::string(error.description()));
  }
  std::vector<TomlEntry> entries;
  for (const auto& [key, node] : parsed.table()) {
    BODEGA_TRY(auto entry, entry_of(key.str(), node));
    entries.push_back(std::move(entry));
  }
  // toml++ sorts by key; people read from the top.
  std::stable_sort(entries.begin(), entries.end(), [](const TomlEntry& a, const TomlEntry& b) { return a.line < b.line; });
  return entries;
}

}  // namespace bodega::app
