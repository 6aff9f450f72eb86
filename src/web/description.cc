#include "web/description.h"

#include <optional>

#include "base/text.h"
#include "web/markdown.h"
#include "web/rst/rst.h"
#include "web/sanitize.h"

namespace bodega::web {
namespace {

// As much as the public index takes, nearly.
constexpr std::size_t kMaxText = 1U << 20U;

bool reads_like_markdown(std::string_view text) {
  for (const std::string_view sign : {"\n```", "\n# ", "\n## ", "\n### ", "](http"}) {
    if (text.find(sign) != std::string_view::npos) return true;
  }
  return text.starts_with("# ");
}

}  // namespace

TextForm text_form_of(std::string_view content_type, std::string_view text) {
  const auto type = trim(content_type.substr(0, content_type.find(';')));
  if (iequals(type, "text/markdown")) return TextForm::markdown;
  if (iequals(type, "text/x-rst") || iequals(type, "text/prs.fallenstein.rst")) return TextForm::rst;
  if (!type.empty()) return TextForm::plain;
  return reads_like_markdown(text) ? TextForm::plain : TextForm::rst;
}

std::string render_description(std::string_view text, std::string_view content_type) {
  const bool cut = text.size() > kMaxText;
  text = text.substr(0, kMaxText);
  std::optional<std::string> html;
  switch (text_form_of(content_type, text)) {
    case TextForm::markdown: html = markdown_to_html(text); break;
    case TextForm::rst: html = rst_to_html(text); break;
    case TextForm::plain: break;
  }
  if (!html) html = "<pre>" + html_escape(text) + "</pre>";
  std::string out = sanitize_html(*html);
  if (cut) out += "<p>The rest of this text is too long to be shown.</p>";
  return out;
}

}  // namespace bodega::web
