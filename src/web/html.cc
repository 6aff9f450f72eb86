#include "web/html.h"

#include "base/text.h"

namespace bodega::web {
namespace {

// What neither text nor attributes may hold (HTML Standard, "Preprocessing the input stream"): C0 but for white space, and DEL.
bool is_unwanted(unsigned char c) { return (c < 0x20 && c != '\n' && c != '\t' && c != '\r') || c == 0x7f; }

std::size_t utf8_length(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  return lead >= 0xc2 && length <= text.size() && is_utf8(text.substr(0, length)) ? length : 0;
}

void write_broken(std::string& out, std::string_view text) {
  std::string clean;
  for (std::size_t i = 0; i < text.size();) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c < 0x80) {
      if (!is_unwanted(c)) clean += text[i];
      ++i;
    } else if (const auto length = utf8_length(text.substr(i)); length > 0) {
      clean += text.substr(i, length);
      i += length;
    } else {
      clean += "\xef\xbf\xbd";  // U+FFFD
      ++i;
    }
  }
  html_escape_to(out, clean);
}

void write_text(std::string& out, std::string_view text) {
  bool plain = true;
  for (const char c : text) plain = plain && static_cast<unsigned char>(c) < 0x80 && !is_unwanted(static_cast<unsigned char>(c));
  if (plain) return html_escape_to(out, text);
  write_broken(out, text);
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
