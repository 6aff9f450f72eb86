#include "web/sanitize_rules.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace bodega::web {
namespace {

constexpr std::array kElements = std::to_array<Element>({
    {"a", "a", Kind::link},
    {"abbr", "abbr", Kind::phrasing},
    {"b", "b", Kind::phrasing},
    {"bdi", "bdi", Kind::phrasing},
    {"blockquote", "blockquote", Kind::block},
    {"br", "br", Kind::empty},
    {"caption", "caption", Kind::cell},
    {"center", "div", Kind::block},
    {"cite", "cite", Kind::phrasing},
    {"code", "code", Kind::phrasing},
    {"dd", "dd", Kind::definition},
    {"del", "del", Kind::phrasing},
    {"details", "details", Kind::details},
    {"dfn", "dfn", Kind::phrasing},
    {"div", "div", Kind::block},
    {"dl", "dl", Kind::definitions},
    {"dt", "dt", Kind::definition},
    {"em", "em", Kind::phrasing},
    {"h1", "h2", Kind::heading},
    {"h2", "h3", Kind::heading},
    {"h3", "h4", Kind::heading},
    {"h4", "h5", Kind::heading},
    {"h5", "h6", Kind::heading},
    {"h6", "h6", Kind::heading},
    {"hr", "hr", Kind::empty},
    {"i", "i", Kind::phrasing},
    {"img", "img", Kind::image},
    {"ins", "ins", Kind::phrasing},
    {"kbd", "kbd", Kind::phrasing},
    {"li", "li", Kind::item},
    {"mark", "mark", Kind::phrasing},
    {"ol", "ol", Kind::list},
    {"p", "p", Kind::paragraph},
    {"pre", "pre", Kind::block},
    {"q", "q", Kind::phrasing},
    {"s", "s", Kind::phrasing},
    {"samp", "samp", Kind::phrasing},
    {"small", "small", Kind::phrasing},
    {"span", "span", Kind::phrasing},
    {"strike", "s", Kind::phrasing},
    {"strong", "strong", Kind::phrasing},
    {"sub", "sub", Kind::phrasing},
    {"summary", "summary", Kind::summary},
    {"sup", "sup", Kind::phrasing},
    {"table", "table", Kind::table},
    {"tbody", "tbody", Kind::section},
    {"td", "td", Kind::cell},
    {"tfoot", "tfoot", Kind::section},
    {"th", "th", Kind::cell},
    {"thead", "thead", Kind::section},
    {"tr", "tr", Kind::row},
    {"tt", "code", Kind::phrasing},
    {"u", "u", Kind::phrasing},
    {"ul", "ul", Kind::list},
    {"var", "var", Kind::phrasing},
});
static_assert(std::is_sorted(kElements.begin(), kElements.end(), [](const Element& a, const Element& b) { return a.name < b.name; }));

bool is_small_number(std::string_view value) {
  return !value.empty() && value.size() <= 4 && std::all_of(value.begin(), value.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::string_view safe_align(std::string_view value) {
  for (const std::string_view side : {"left", "right", "center"}) {
    if (iequals(value, side)) return side;
  }
  return {};
}

// As cmark names the language of a block: "language-python".
bool is_language(std::string_view value) {
  constexpr std::string_view kPrefix = "language-";
  if (!value.starts_with(kPrefix) || value.size() > kPrefix.size() + 32) return false;
  const auto name = value.substr(kPrefix.size());
  return std::all_of(name.begin(), name.end(), [](char c) {
    const char lower = ascii_lower(c);
    return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '+' || c == '#';
  });
}

}  // namespace

const Element* find_element(std::string_view name) {
  const auto found = std::lower_bound(kElements.begin(), kElements.end(), name,
                                      [](const Element& element, std::string_view wanted) { return element.name < wanted; });
  return found != kElements.end() && found->name == name ? &*found : nullptr;
}

std::string_view safe_attribute(const Element& element, std::string_view name, std::string_view value) {
  const bool is_cell = element.as == "td" || element.as == "th";
  if (name == "align" && (is_cell || element.kind == Kind::paragraph || element.kind == Kind::heading || element.as == "div")) {
    return safe_align(value);
  }
  if ((name == "colspan" || name == "rowspan") && is_cell) return is_small_number(value) ? value : std::string_view();
  if (name == "start" && element.as == "ol") return is_small_number(value) ? value : std::string_view();
  if (name == "title" && (element.as == "a" || element.as == "abbr")) return value.substr(0, value.size() <= 1000 ? value.size() : 0);
  if (name == "class" && element.as == "code") return is_language(value) ? value : std::string_view();
  return {};
}

}  // namespace bodega::web
