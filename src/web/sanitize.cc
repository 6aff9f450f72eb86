#include "web/sanitize.h"

#include <algorithm>
#include <array>
#include <unordered_map>
#include <vector>

#include "base/text.h"
#include "pypi/format/html_tokenizer.h"
#include "web/printable.h"
#include "web/sanitize_rules.h"

namespace bodega::web {
namespace {

// Deeper than any honest text, far less than what makes browsers slow.
constexpr std::size_t kMaxDepth = 48;
// Four times the longest description that the index takes.
constexpr std::size_t kMaxOutput = 4U << 20U;
constexpr std::size_t kMaxUrl = 2000;
constexpr std::size_t kMaxId = 100;
constexpr std::string_view kIdPrefix = "user-content-";
constexpr std::string_view kRel = " rel=\"nofollow noopener noreferrer\"";

bool is_word(char c) {
  const char lower = ascii_lower(c);
  return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || static_cast<unsigned char>(c) >= 0x80;
}

// What of an id given by strangers is kept.
std::string id_text(std::string_view text) {
  std::string out = printable(text.substr(0, kMaxId));
  std::replace_if(
      out.begin(), out.end(), [](char c) { return !is_word(c) && c != '.' && c != ':'; }, '-');
  return out;
}

bool is_blank(std::string_view text) { return trim(text).empty(); }

// The reference at the front of `text`, which begins with '&': its length, 0 when there is none that may stay.
std::size_t reference_length(std::string_view text) {
  const auto end = text.substr(0, 34).find(';');
  if (end == std::string_view::npos || end < 2) return 0;
  const auto body = text.substr(1, end - 1);
  if (body[0] != '#') {
    const bool word = std::all_of(body.begin(), body.end(), [](char c) { return is_word(c) && c != '_' && c != '-' && (c & 0x80) == 0; });
    return word ? end + 1 : 0;
  }
  return 0;
}

// The character a numeric reference means is written as itself: it is looked at like any other.
std::string without_numeric(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto at = text.find("&#");
    out += text.substr(0, at);
    if (at == std::string_view::npos) break;
    text.remove_prefix(at);
    const auto end = text.substr(0, 12).find(';');
    const auto whole = end == std::string_view::npos ? std::string_view() : text.substr(0, end + 1);
    const std::string meant = whole.empty() ? std::string() : pypi::decode_html(whole);
    if (whole.empty() || meant == whole) {
      out += "&amp;";
      text.remove_prefix(1);
      continue;
    }
    out += meant == "&" ? "&amp;" : meant == "<" ? "&lt;" : meant;
    text.remove_prefix(whole.size());
  }
  return out;
}

bool is_of_table(Kind kind) { return kind == Kind::table || kind == Kind::section || kind == Kind::row || kind == Kind::cell; }

class Sanitizer final : public pypi::HtmlSink {
 public:
  void start_tag(const pypi::HtmlTag& tag) override;
  void end_tag(std::string_view name) override;
  void text(std::string_view piece) override;
  void comment(std::string_view) override {}
  std::string finish();

 private:
  struct Open {
    const Element* element;
    std::size_t id_place;  // where the id of a heading goes when it is known; 0: it has one
  };

  bool full() const { return out_.size() >= kMaxOutput; }
  Kind top() const { return open_.empty() ? Kind::block : open_.back().element->kind; }
  bool inside(Kind kind) const;
  void open(const Element& element, const pypi::HtmlTag& tag);
  void open_plain(std::string_view name) { open(*find_element(name), {}); }
  void close_top();
  void close_to(std::size_t depth);
  void close_paragraph();
  void make_content();
  bool make_place(const Element& element);
  bool make_item_place(Kind holder);
  bool make_table_place(const Element& element);
  bool close_link();
  void image(const pypi::HtmlTag& tag);
  void attributes(const Element& element, const pypi::HtmlTag& tag);
  bool take_id(std::string_view id);
  void link_target(std::string_view href);
  void end_heading(const Open& heading);

  std::string out_;
  std::vector<Open> open_;
  std::string heading_;                               // text of the heading that is open
  std::unordered_map<std::string, std::size_t> ids_;  // and how often each was asked for again
};

bool Sanitizer::inside(Kind kind) const {
  return std::any_of(open_.begin(), open_.end(), [&](const Open& entry) { return entry.element->kind == kind; });
}

bool Sanitizer::take_id(std::string_view id) {
  const std::string known = id_text(id);
  if (known.empty() || !ids_.emplace(known, 0).second) return false;
  out_.append(" id=\"").append(kIdPrefix);
  html_escape_to(out_, known);
  out_ += '"';
  return true;
}

void Sanitizer::link_target(std::string_view href) {
  const std::string clean = printable(href);
  const auto trimmed = trim(clean);
  if (trimmed.size() > 1 && trimmed[0] == '#') {
    const auto decoded = percent_decode(trimmed.substr(1));
    out_.append(" href=\"#").append(kIdPrefix);
    html_escape_to(out_, id_text(decoded ? *decoded : trimmed.substr(1)));
    out_ += '"';
  } else if (const std::string url = safe_url(trimmed); !url.empty()) {
    out_ += " href=\"";
    html_escape_to(out_, url);
    out_.append("\"").append(kRel);
  }
}

void Sanitizer::attributes(const Element& element, const pypi::HtmlTag& tag) {
  bool has_id = false;
  std::vector<std::string_view> seen;
  for (const auto& attribute : tag.attributes) {
    // Of two with one name a browser takes the first.
    if (std::find(seen.begin(), seen.end(), attribute.name) != seen.end()) continue;
    seen.push_back(attribute.name);
    if (attribute.name == "id" || (attribute.name == "name" && element.kind == Kind::link)) {
      has_id = has_id || take_id(attribute.value);
    } else if (attribute.name == "href" && element.kind == Kind::link) {
      link_target(attribute.value);
    } else if (attribute.name == "open" && element.kind == Kind::details) {
      out_ += " open=\"\"";
    } else if (const auto value = safe_attribute(element, attribute.name, attribute.value); !value.empty()) {
      out_.append(" ").append(attribute.name).append("=\"");
      html_escape_to(out_, printable(value));
      out_ += '"';
    }
  }
  if (tag.name == "center") out_ += " align=\"center\"";
  if (element.kind == Kind::heading) open_.back().id_place = has_id ? 0 : out_.size();
}

void Sanitizer::open(const Element& element, const pypi::HtmlTag& tag) {
  out_.append("<").append(element.as);
  open_.push_back({&element, 0});
  attributes(element, tag);
  out_ += '>';
  if (element.kind == Kind::heading) heading_.clear();
}

void Sanitizer::end_heading(const Open& heading) {
  if (heading.id_place == 0) return;
  const std::string slug = heading_slug(heading_);
  if (slug.empty()) return;
  std::string id = slug;
  if (!ids_.emplace(slug, 0).second) {
    std::size_t& used = ids_[slug];
    do id = slug + "-" + std::to_string(++used);
    while (!ids_.emplace(id, 0).second);
  }
  out_.insert(heading.id_place, " id=\"" + std::string(kIdPrefix) + html_escape(id) + "\"");
}

void Sanitizer::close_top() {
  const Open closed = open_.back();
  open_.pop_back();
  if (closed.element->kind == Kind::heading) end_heading(closed);
  out_.append("</").append(closed.element->as).append(">");
}

void Sanitizer::close_to(std::size_t depth) {
  while (open_.size() > depth) close_top();
}

// A block ends the paragraph it stands in, as browsers see it.
void Sanitizer::close_paragraph() {
  for (std::size_t i = open_.size(); i > 0; --i) {
    const Kind kind = open_[i - 1].element->kind;
    if (kind == Kind::paragraph) return close_to(i - 1);
    if (!is_phrasing(kind)) return;
  }
}

// What stands in a list or table outside its items and cells gets one.
void Sanitizer::make_content() {
  switch (top()) {
    case Kind::list: return open_plain("li");
    case Kind::definitions: return open_plain("dd");
    case Kind::table:
    case Kind::section: open_plain("tr"); return open_plain("td");
    case Kind::row: return open_plain("td");
    default: return;
  }
}

bool Sanitizer::make_item_place(Kind holder) {
  for (std::size_t i = open_.size(); i > 0; --i) {
    const Kind kind = open_[i - 1].element->kind;
    if (kind == holder) {
      close_to(i);
      return true;
    }
    if (kind == Kind::cell || is_structure(kind)) return false;
  }
  return false;
}

bool Sanitizer::make_table_place(const Element& element) {
  for (std::size_t i = open_.size(); i > 0; --i) {
    const Kind kind = open_[i - 1].element->kind;
    const bool fits = kind == Kind::table || (kind == Kind::section && element.kind != Kind::section && element.as != "caption") ||
                      (kind == Kind::row && element.kind == Kind::cell && element.as != "caption");
    if (!fits) continue;
    close_to(i);
    if (element.kind == Kind::cell && element.as != "caption" && kind != Kind::row) open_plain("tr");
    return true;
  }
  return false;
}

// No link in a link: the first ends where the second begins, unless a cell is between them.
bool Sanitizer::close_link() {
  for (std::size_t i = open_.size(); i > 0; --i) {
    const Kind kind = open_[i - 1].element->kind;
    if (kind == Kind::link) {
      close_to(i - 1);
      return true;
    }
    if (kind == Kind::cell) return !inside(Kind::link);
  }
  return true;
}

bool Sanitizer::make_place(const Element& element) {
  switch (element.kind) {
    case Kind::item: return make_item_place(Kind::list);
    case Kind::definition: return make_item_place(Kind::definitions);
    case Kind::section:
    case Kind::row:
    case Kind::cell: return make_table_place(element);
    case Kind::summary: return top() == Kind::details;
    case Kind::link: make_content(); return close_link();
    case Kind::phrasing: make_content(); return true;
    default: break;
  }
  close_paragraph();
  make_content();
  if (element.kind == Kind::heading && inside(Kind::heading)) return false;
  return true;
}

void Sanitizer::start_tag(const pypi::HtmlTag& tag) {
  const Element* element = find_element(tag.name);
  if (element == nullptr || full() || open_.size() >= kMaxDepth) return;
  if (element->kind == Kind::image) return image(tag);
  if (element->kind == Kind::empty) {
    if (element->as == "hr") close_paragraph();
    make_content();
    out_.append("<").append(element->as).append(">");
    return;
  }
  if (make_place(*element)) open(*element, tag);
}

void Sanitizer::image(const pypi::HtmlTag& tag) {
  const auto value = [&](std::string_view name) {
    const std::string* found = tag.find(name);
    return found == nullptr ? std::string() : printable_line(*found, 200);
  };
  make_content();
  std::string alt = value("alt");
  if (alt.empty()) alt = value("title");
  if (alt.empty()) alt = "image";
  const std::string* src = tag.find("src");
  const std::string url = src == nullptr || inside(Kind::link) ? std::string() : safe_url(*src);
  const bool linked = !url.empty() && !istarts_with(url, "mailto:");
  out_ += linked ? "<a class=\"image\" href=\"" + html_escape(url) + "\"" + std::string(kRel) + ">" : "<span class=\"image\">";
  html_escape_to(out_, alt);
  out_ += linked ? "</a>" : "</span>";
  if (inside(Kind::heading)) heading_ += alt;
}

void Sanitizer::end_tag(std::string_view name) {
  const Element* element = find_element(name);
  if (element == nullptr) return;
  const Kind wanted = element->kind;
  for (std::size_t i = open_.size(); i > 0; --i) {
    const Element& candidate = *open_[i - 1].element;
    const bool same = candidate.as == element->as || (wanted == Kind::heading && candidate.kind == Kind::heading);
    if (same) return close_to(i - 1);
    if (is_phrasing(wanted) && !is_phrasing(candidate.kind)) return;
    if (wanted == Kind::paragraph && !is_phrasing(candidate.kind)) return;
    if (candidate.kind == Kind::table || (candidate.kind == Kind::cell && !is_of_table(wanted))) return;
    if ((wanted == Kind::item && candidate.kind == Kind::list) || (wanted == Kind::definition && candidate.kind == Kind::definitions))
      return;
  }
}

void Sanitizer::text(std::string_view piece) {
  if (full()) return;
  if (is_structure(top()) && is_blank(piece)) return;
  make_content();
  const bool in_heading = inside(Kind::heading);
  const std::string plain = printable(without_numeric(piece));
  std::string_view rest = plain;
  while (!rest.empty()) {
    const auto at = rest.find_first_of("&<>");
    out_ += rest.substr(0, at);
    if (at == std::string_view::npos) break;
    rest.remove_prefix(at);
    const std::size_t reference = rest[0] == '&' ? reference_length(rest) : 0;
    if (reference > 0) {
      out_ += rest.substr(0, reference);
    } else {
      out_ += rest[0] == '&' ? "&amp;" : rest[0] == '<' ? "&lt;" : "&gt;";
    }
    rest.remove_prefix(std::max<std::size_t>(reference, 1));
  }
  if (in_heading && heading_.size() < 4 * kMaxId) heading_ += pypi::decode_html(plain);
}

std::string Sanitizer::finish() {
  const bool cut = full();
  close_to(0);
  if (cut) out_ += "<p>The rest of this text is too long to be shown.</p>";
  return std::move(out_);
}

}  // namespace

std::string sanitize_html(std::string_view html) {
  Sanitizer sanitizer;
  pypi::HtmlTokenizer tokenizer(sanitizer);
  tokenizer.feed(html);
  return sanitizer.finish();
}

std::string safe_url(std::string_view text) {
  std::string url;
  for (const char c : text) {
    // Browsers leave these out wherever they stand; so nobody can hide a scheme behind them.
    if (c != '\t' && c != '\n' && c != '\r') url += c;
  }
  url = std::string(trim(printable(url)));
  if (url.empty() || url.size() > kMaxUrl || url.find('\\') != std::string::npos) return {};
  if (url.starts_with("//")) url.insert(0, "https:");
  for (const std::string_view scheme : {"https://", "http://", "mailto:"}) {
    if (!istarts_with(url, scheme)) continue;
    const auto rest = std::string_view(url).substr(scheme.size());
    if (rest.empty() || std::string_view("/?#").find(rest[0]) != std::string_view::npos) return {};  // a host or a mailbox is missing
    return std::string(scheme) + percent_encode(rest, "%/?#[]@!$&'()*+,;=:");
  }
  return {};
}

std::string heading_slug(std::string_view text) {
  std::string out;
  for (const char c : trim(text)) {
    if (is_word(c)) out += ascii_lower(c);
    if (c == ' ' || c == '\t' || c == '\n') out += '-';
    if (out.size() >= kMaxId) break;
  }
  return printable(out);
}

}  // namespace bodega::web
