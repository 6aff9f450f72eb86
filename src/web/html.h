// HTML, written front to back into one string. What is not said to be HTML is text: it is escaped, and bytes that are no UTF-8 or that no
// page may hold are taken out. Names of elements and attributes are literals of the program. Pure.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace bodega::web {

// HTML that may go into a page as it stands: made by Html, or by something that made sure of it.
class Markup {
 public:
  Markup() = default;
  explicit Markup(std::string html) : html_(std::move(html)) {}
  std::string_view view() const { return html_; }
  std::string take() && { return std::move(html_); }
  bool empty() const { return html_.empty(); }

 private:
  std::string html_;
};

// Only what stands in the source.
class Name {
 public:
  // NOLINTNEXTLINE: implicit, so that literals read as such
  consteval Name(const char* text) : text_(text) {}
  constexpr std::string_view view() const { return text_; }

 private:
  std::string_view text_;
};

struct Attribute {
  Name name;
  std::string_view value;
  bool present = true;  // false: left out
};
// An attribute without a value ("checked") that stands or does not.
constexpr Attribute flag(Name name, bool on) { return {name, {}, on}; }

using Attributes = std::initializer_list<Attribute>;

class Html {
 public:
  Html() { out_.reserve(16 * 1024); }

  Html& open(Name element, Attributes attributes = {});
  Html& close(Name element);
  // An element that has no end: input, meta, link, br, img.
  Html& leaf(Name element, Attributes attributes = {}) { return open(element, attributes); }
  Html& text(std::string_view text);
  Html& raw(const Markup& markup);
  // An element with a text.
  Html& element(Name element, std::string_view text, Attributes attributes = {});
  // An address with another scheme than http, https or mailto becomes "#": it could be a script.
  Html& link(std::string_view href, std::string_view text, std::string_view css_class = {});

  std::size_t size() const { return out_.size(); }
  Markup markup() && { return Markup(std::move(out_)); }

 private:
  std::string out_;
};

// Relative, or of a scheme that does no harm when somebody follows it.
bool is_harmless_address(std::string_view address);

}  // namespace bodega::web
