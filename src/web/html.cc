#include "web/html.h"

#include <algorithm>

#include "base/text.h"
#include "web/printable.h"

namespace bodega::web {
namespace {

void write_text(std::string& out, std::string_view text) {
  const bool plain = std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c < 0x7F; });
  if (plain) return html_escape_to(out, text);
  html_escape_to(out, printable(text));
}

bool is_address(std::string_view name) { return name == "href" || name == "src" || name == "action" || name == "formaction"; }

}  // namespace

bool is_harmless_address(std::string_view address) {
  // Browsers drop tabs and line ends anywhere and controls in front before they look for the scheme.
  for (const char c : address) {
    if (static_cast<unsigned char>(c) < 0x20) return false;
  }
  const auto scheme = trim(address).substr(0, trim(address).find_first_of(":/?#"));
  const auto behind = trim(address).substr(scheme.size());
  if (!behind.starts_with(':')) return true;
  return iequals(scheme, "http") || iequals(scheme, "https") || iequals(scheme, "mailto");
}

Html& Html::open(Name element, Attributes attributes) {
  out_ += '<';
  out_ += element.view();
  for (const auto& attribute : attributes) {
    if (!attribute.present) continue;
    out_ += ' ';
    out_ += attribute.name.view();
    if (attribute.value.data() == nullptr) continue;
    out_ += "=\"";
    const bool harmless = !is_address(attribute.name.view()) || is_harmless_address(attribute.value);
    write_text(out_, harmless ? attribute.value : "#");
    out_ += '"';
  }
  out_ += '>';
  return *this;
}

Html& Html::close(Name element) {
  out_ += "</";
  out_ += element.view();
  out_ += '>';
  return *this;
}

Html& Html::text(std::string_view text) {
  write_text(out_, text);
  return *this;
}

Html& Html::raw(const Markup& markup) {
  out_ += markup.view();
  return *this;
}

Html& Html::element(Name name, std::string_view content, Attributes attributes) {
  open(name, attributes);
  write_text(out_, content);
  return close(name);
}

Html& Html::link(std::string_view href, std::string_view content, std::string_view css_class) {
  return element("a", content, {{"href", href}, {"class", css_class, !css_class.empty()}});
}

}  // namespace bodega::web
