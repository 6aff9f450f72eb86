#include "web/rst/inline.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/text.h"

namespace bodega::web::rst {
namespace {

constexpr std::size_t kMaxName = 200;  // of a substitution; longer ones are nobody's, and looking for their end would cost too much

constexpr std::size_t kMaxRole = 40;

bool is_word(char c) {
  const char lower = ascii_lower(c);
  return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9');
}
bool is_blank(char c) { return c == ' ' || c == '\n'; }

void link(std::string& out, std::string_view url, std::string_view text) {
  out += "<a href=\"" + html_escape(url) + "\">" + html_escape(text) + "</a>";
}

void element(std::string& out, std::string_view name, std::string_view text) {
  out.append("<").append(name).append(">");
  html_escape_to(out, text);
  out.append("</").append(name).append(">");
}

// Back slashes before marks are for us, not for the reader.
std::string unescaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) {
      if (!is_blank(text[++i])) out += text[i];
    } else {
      out += text[i];
    }
  }
  return out;
}

class Writer {
 public:
  Writer(std::string& out, std::string_view text, Names& names) : out_(out), text_(text), names_(names) {}
  void write();

 private:
  enum Mark : std::size_t { strong, emphasis, literal, interpreted, kMarks };

  char before() const { return at_ == 0 ? ' ' : text_[at_ - 1]; }
  bool may_start(std::size_t length) const;
  std::optional<std::size_t> find_end(Mark mark, std::string_view end, std::size_t from);
  bool simple(Mark mark, std::string_view sign, std::string_view name);
  bool mark();
  bool literal_text();
  bool role();
  bool quoted();
  void reference(std::string_view body, bool anonymous);
  bool substituted();
  bool footnote();
  bool word();
  bool bare_url(std::string_view word);

  std::string& out_;
  std::string_view text_;
  Names& names_;
  std::size_t at_ = 0;
  std::array<bool, kMarks> hopeless_{};
};

// A mark begins after a blank or an opening sign, and not before a blank.
bool Writer::may_start(std::size_t length) const {
  const char c = before();
  const bool after = is_blank(c) || std::string_view("-:/'\"<([{").find(c) != std::string_view::npos || (c & 0x80) != 0;
  return after && at_ + length < text_.size() && !is_blank(text_[at_ + length]);
}

// Where `end` stands after something that is no blank and before something that is no letter.
std::optional<std::size_t> Writer::find_end(Mark kind, std::string_view end, std::size_t from) {
  if (hopeless_[kind]) return std::nullopt;
  for (auto at = text_.find(end, from); at != std::string_view::npos; at = text_.find(end, at + 1)) {
    const bool escaped = kind != Mark::literal && text_[at - 1] == '\\';
    const std::size_t after = at + end.size();
    const bool ends = after == text_.size() || (!is_word(text_[after]) && (kind != Mark::emphasis || text_[after] != '*'));
    if (at > from && !is_blank(text_[at - 1]) && !escaped && ends) return at;
  }
  hopeless_[kind] = true;
  return std::nullopt;
}

bool Writer::simple(Mark kind, std::string_view sign, std::string_view name) {
  if (!may_start(sign.size())) return false;
  const auto end = find_end(kind, sign, at_ + sign.size());
  if (!end) return false;
  element(out_, name, unescaped(text_.substr(at_ + sign.size(), *end - at_ - sign.size())));
  at_ = *end + sign.size();
  return true;
}

bool Writer::literal_text() {
  if (!may_start(2)) return false;
  const auto end = find_end(Mark::literal, "``", at_ + 2);
  if (!end) return false;
  element(out_, "code", text_.substr(at_ + 2, *end - at_ - 2));
  at_ = *end + 2;
  return true;
}

// :role:`text`
bool Writer::role() {
  const auto length = text_.substr(at_, kMaxRole).find('`');
  if (length == std::string_view::npos || length < 3 || text_[at_ + length - 1] != ':' || !may_start(1)) return false;
  const auto name = text_.substr(at_ + 1, length - 2);
  const std::size_t open = at_ + length;
  const bool named = std::all_of(name.begin(), name.end(),
                                 [](char c) { return is_word(c) || std::string_view("-_.:+").find(c) != std::string_view::npos; });
  if (!named || open + 1 >= text_.size() || text_[open + 1] == '`') return false;
  const auto end = find_end(Mark::interpreted, "`", open + 1);
  if (!end) return false;
  std::string body = unescaped(text_.substr(open + 1, *end - open - 1));
  const auto target = body.rfind(" <");
  if (body.ends_with('>') && target != std::string::npos) body.resize(target);
  const std::string_view tag = name == "sub" || name == "subscript"     ? "sub"
                               : name == "sup" || name == "superscript" ? "sup"
                               : name == "strong"                       ? "strong"
                               : name == "emphasis" || name == "title"  ? "em"
                               : name == "ref" || name == "doc"         ? "em"
                                                                        : "code";
  element(out_, tag, body);
  at_ = *end + 1;
  return true;
}

// `text <url>`_ and `name`_ and their like.
void Writer::reference(std::string_view body, bool anonymous) {
  const auto open = body.rfind('<');
  if (body.ends_with('>') && open != std::string_view::npos) {
    std::string url(body.substr(open + 1, body.size() - open - 2));
    std::erase_if(url, is_blank);
    const auto name = trim(body.substr(0, open));
    const std::string target = names_.resolve(url);
    if (!name.empty()) names_.targets.emplace(link_name(name), target);
    return link(out_, target, unescaped(name.empty() ? std::string_view(url) : name));
  }
  std::string target;
  if (!anonymous) {
    target = names_.find(body);
  } else if (names_.anonymous_used < names_.anonymous.size()) {
    target = names_.resolve(names_.anonymous[names_.anonymous_used++]);
  }
  if (target.empty()) return html_escape_to(out_, unescaped(body));
  link(out_, target, unescaped(body));
}

bool Writer::quoted() {
  if (!may_start(1)) return false;
  const auto end = find_end(Mark::interpreted, "`", at_ + 1);
  if (!end) return false;
  const auto body = text_.substr(at_ + 1, *end - at_ - 1);
  at_ = *end + 1;
  const auto after = text_.substr(at_);
  if (after.starts_with("__")) {
    at_ += 2;
    reference(body, true);
  } else if (after.starts_with('_')) {
    at_ += 1;
    reference(body, false);
  } else {
    element(out_, "em", unescaped(body));
  }
  return true;
}

// |name|, perhaps with "_" or "__" behind it.
bool Writer::substituted() {
  if (!may_start(1)) return false;
  const auto length = text_.substr(at_ + 1, kMaxName).find('|');
  if (length == std::string_view::npos) return false;
  const std::string name = link_name(text_.substr(at_ + 1, length));
  const auto picture = names_.pictures.find(name);
  const auto replacement = names_.texts.find(name);
  if (picture != names_.pictures.end()) {
    write_picture(out_, picture->second, names_);
  } else if (replacement != names_.texts.end()) {
    html_escape_to(out_, unescaped(replacement->second));
  } else {
    return false;
  }
  at_ += length + 2;
  while (at_ < text_.size() && text_[at_] == '_') ++at_;
  return true;
}

// [1]_, [#name]_, [CIT2002]_
bool Writer::footnote() {
  const auto end = text_.substr(at_, 60).find("]_");
  if (end == std::string_view::npos || end < 2 || !may_start(1)) return false;
  const auto label = text_.substr(at_ + 1, end - 1);
  if (label.find_first_of(" [\n") != std::string_view::npos) return false;
  element(out_, "sup", "[" + std::string(label) + "]");
  at_ += end + 2;
  return true;
}

bool Writer::bare_url(std::string_view rest) {
  if (!rest.starts_with("http://") && !rest.starts_with("https://")) return false;
  auto url = rest.substr(0, rest.find_first_of(" \n<>\"`|"));
  const bool has_open = url.find('(') != std::string_view::npos;
  while (!url.empty() && std::string_view(".,;:!?'*)").find(url.back()) != std::string_view::npos && !(url.back() == ')' && has_open)) {
    url.remove_suffix(1);
  }
  if (url.ends_with("://")) return false;
  link(out_, url, url);
  at_ += url.size();
  return true;
}

// A word at once: so that "snake_case" is none, and "name_" is a reference.
bool Writer::word() {
  const auto rest = text_.substr(at_);
  if (bare_url(rest)) return true;
  std::size_t length = 0;
  while (length < rest.size() && (is_word(rest[length]) || (length + 1 < rest.size() && is_word(rest[length + 1]) &&
                                                            std::string_view("-_.+").find(rest[length]) != std::string_view::npos))) {
    ++length;
  }
  const auto body = rest.substr(0, length);
  std::size_t marks = 0;
  while (length + marks < rest.size() && marks < 3 && rest[length + marks] == '_') ++marks;
  const bool ends = length + marks == rest.size() || !is_word(rest[length + marks]);
  at_ += length;
  if (marks == 1 && ends && !names_.find(body).empty()) {
    reference(body, false);
    at_ += 1;
  } else if (marks == 2 && ends && names_.anonymous_used < names_.anonymous.size()) {
    reference(body, true);
    at_ += 2;
  } else {
    html_escape_to(out_, body);
  }
  return true;
}

bool Writer::mark() {
  const auto rest = text_.substr(at_);
  switch (rest[0]) {
    case '*': return rest.starts_with("**") ? simple(Mark::strong, "**", "strong") : simple(Mark::emphasis, "*", "em");
    case '`': return rest.starts_with("``") ? literal_text() : quoted();
    case ':': return role();
    case '|': return substituted();
    case '[': return footnote();
    default: return is_word(rest[0]) && word();
  }
}

void Writer::write() {
  while (at_ < text_.size()) {
    if (mark()) continue;
    if (text_[at_] == '\\' && at_ + 1 < text_.size()) {
      ++at_;
      if (is_blank(text_[at_])) {
        ++at_;
        continue;
      }
    }
    html_escape_to(out_, text_.substr(at_, 1));
    ++at_;
  }
}

}  // namespace

void write_text(std::string& out, std::string_view text, Names& names) { Writer(out, text, names).write(); }

void write_picture(std::string& out, const Picture& picture, const Names& names) {
  const std::string target = picture.target.empty() ? std::string() : names.resolve(picture.target);
  if (!target.empty()) out += "<a href=\"" + html_escape(target) + "\">";
  out += "<img src=\"" + html_escape(picture.url) + "\" alt=\"" + html_escape(picture.alt) + "\">";
  if (!target.empty()) out += "</a>";
}

}  // namespace bodega::web::rst
