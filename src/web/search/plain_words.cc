#include "web/search/plain_words.h"

#include <algorithm>
#include <array>
#include <vector>

#include "base/text.h"
#include "web/description.h"

namespace bodega::web {
namespace {

// Addresses, tags and pieces of code end within so many bytes, or they are none.
constexpr std::size_t kReach = 2000;
constexpr std::size_t kDeepest = 8;  // links in links: badges are pictures in links

bool is_space(char c) { return c == ' ' || c == '\t'; }
bool is_letter(char c) { return (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z') || (c >= '0' && c <= '9'); }
bool is_word(char c) { return is_letter(c) || static_cast<unsigned char>(c) >= 0x80; }

// Of nothing but what lines of tables and below titles are made of.
bool is_ruler(std::string_view line) { return line.size() >= 2 && line.find_first_not_of("-=+|:~^*#_\"'`. \t") == std::string_view::npos; }

// One line's text without its marks.
class Inline {
 public:
  Inline(std::string_view line, TextForm form) : line_(line), form_(form) {}

  std::string strip() {
    while (at_ < line_.size()) step();
    return std::move(out_);
  }

 private:
  char next(std::size_t by = 1) const { return at_ + by < line_.size() ? line_[at_ + by] : ' '; }
  char before() const { return at_ > 0 ? line_[at_ - 1] : ' '; }
  // Where the text stands behind here, if it is near.
  std::size_t find(std::string_view text, std::size_t from) const {
    const auto found = line_.substr(0, std::min(line_.size(), from + kReach)).find(text, from);
    return found;
  }

  void step() {
    const char c = line_[at_];
    const bool escaped = c == '\\' && at_ + 1 < line_.size() && !is_word(next()) && !is_space(next());
    if (escaped) {
      out_ += next();
      at_ += 2;
    } else if (c == '`') {
      code();
    } else if (c == '<') {
      tag();
    } else if (form_ == TextForm::markdown && c == '!' && next() == '[') {
      ++at_;
    } else if (form_ == TextForm::markdown && c == '[') {
      open_link();
    } else if (form_ == TextForm::markdown && c == ']') {
      close_link();
    } else if (is_mark(c)) {
      ++at_;
    } else {
      out_ += c;
      ++at_;
    }
  }

  // Of emphasis: beside a word. An underscore within a name is part of it.
  bool is_mark(char c) const {
    if (c == '*') return !(is_space(before()) && is_space(next())) && !(is_word(before()) && is_word(next()));
    if (c == '~') return form_ == TextForm::markdown && (next() == '~' || before() == '~');
    if (c == '_') return is_word(before()) != is_word(next()) || before() == '_' || next() == '_';
    return false;
  }

  // What stands in backticks stays as it is, but for the address of a reStructuredText link and the name of its role.
  void code() {
    std::size_t ticks = 1;
    while (next(ticks) == '`') ++ticks;
    const auto begin = at_ + ticks;
    const auto end = find(std::string(ticks, '`'), begin);
    if (end == std::string_view::npos) {
      at_ = begin;
      return;
    }
    auto content = line_.substr(begin, end - begin);
    if (form_ == TextForm::rst && ticks == 1) {
      drop_role();
      if (const auto address = content.find(" <"); address != std::string_view::npos) content = content.substr(0, address);
    }
    out_ += content;
    at_ = end + ticks;
    while (form_ == TextForm::rst && at_ < line_.size() && line_[at_] == '_') ++at_;
  }

  // ":class:" before what it is about.
  void drop_role() {
    if (!out_.ends_with(':')) return;
    const auto begin = out_.rfind(':', out_.size() - 2);
    const auto is_role = [](char c) { return is_word(c) || c == ':' || c == '-'; };
    if (out_.size() < 2 || begin == std::string::npos) return;
    if (std::all_of(out_.begin() + static_cast<std::ptrdiff_t>(begin), out_.end(), is_role)) out_.resize(begin);
  }

  // HTML, or an address that is its own text.
  void tag() {
    const auto end = find(">", at_);
    const bool begins = is_letter(next()) || next() == '/' || next() == '!';
    if (end == std::string_view::npos || !begins) {
      out_ += line_[at_++];
      return;
    }
    const auto content = line_.substr(at_ + 1, end - at_ - 1);
    out_ += content.find(' ') == std::string_view::npos && content.find("://") != std::string_view::npos ? content : " ";
    at_ = end + 1;
  }

  void open_link() {
    if (brackets_.size() == kDeepest) brackets_.erase(brackets_.begin());
    brackets_.push_back(out_.size());
    out_ += '[';
    ++at_;
  }

  void close_link() {
    const bool is_link = !brackets_.empty() && (next() == '(' || next() == '[');
    const auto end = is_link ? find(next() == '(' ? ")" : "]", at_ + 2) : std::string_view::npos;
    if (end == std::string_view::npos) {
      out_ += ']';
      ++at_;
    } else {
      out_.erase(brackets_.back(), 1);
      at_ = end + 1;
    }
    if (!brackets_.empty()) brackets_.pop_back();
  }

  std::string_view line_;
  TextForm form_;
  std::size_t at_ = 0;
  std::string out_;
  std::vector<std::size_t> brackets_;  // places of '[' that stand open, in `out_`
};

// Without the marks at its beginning: titles, lists, quotations.
std::string_view markdown_line(std::string_view line) {
  if (line.starts_with('#')) line = trim(line.substr(0, line.find_last_not_of("# \t") + 1));
  while (!line.empty() && (is_space(line.front()) || line.front() == '#' || line.front() == '>')) line.remove_prefix(1);
  if (line.size() > 1 && (line[0] == '-' || line[0] == '*' || line[0] == '+') && is_space(line[1])) line.remove_prefix(2);
  if (line.starts_with("```") || line.starts_with("~~~")) return {};
  // "[name]: address"
  const bool defines = line.starts_with('[') && line.find("]: ") != std::string_view::npos && line.find("]: ") == line.find(']');
  return defines ? std::string_view() : line;
}

// Tags that go on over the ends of lines come to stand on one; comments go.
std::string join_tags(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  std::size_t search_from = text.size();  // with more than this left, no comment ends soon
  while (!text.empty()) {
    const auto open = std::min(text.find('<'), text.size());
    out += text.substr(0, open);
    text.remove_prefix(open);
    const auto near = text.substr(0, kReach);
    if (near.starts_with("<!--") && text.size() <= search_from) {
      const auto end = near.find("-->");
      if (end != std::string_view::npos) {
        text.remove_prefix(end + 3);
        continue;
      }
      search_from = text.size() - near.size() / 2;
    }
    const auto end = near.find_first_of("<>", 1);
    const bool is_tag = text.size() > 1 && (is_letter(text[1]) || text[1] == '/') && end != std::string_view::npos && text[end] == '>';
    const auto length = is_tag ? end + 1 : std::min<std::size_t>(1, text.size());
    const auto begin = out.size();
    out += text.substr(0, length);
    std::replace(out.begin() + static_cast<std::ptrdiff_t>(begin), out.end(), '\n', ' ');
    text.remove_prefix(length);
  }
  return out;
}

// Directives that say something keep it; their options and all others go.
std::string_view rst_line(std::string_view line) {
  line = trim(line);
  const bool is_option = line.starts_with(':') && line.find(": ", 1) != std::string_view::npos && line.find(' ') > line.find(": ", 1);
  if (is_option || line == "..") return {};
  if (!line.starts_with(".. ")) {
    if (line.size() > 1 && (line[0] == '-' || line[0] == '*' || line[0] == '+') && is_space(line[1])) line.remove_prefix(2);
    return line;
  }
  const auto colons = line.find("::");
  if (colons == std::string_view::npos) return {};
  static constexpr std::array<std::string_view, 8> kTelling{"note", "warning",        "tip",       "important", "caution",
                                                            "hint", "versionchanged", "deprecated"};
  const auto name = trim(line.substr(3, colons - 3));
  return std::find(kTelling.begin(), kTelling.end(), name) == kTelling.end() ? std::string_view() : trim(line.substr(colons + 2));
}

}  // namespace

std::string plain_words(std::string_view text, std::string_view content_type) {
  auto form = text_form_of(content_type, text);
  // Nobody said what it is, and it reads like Markdown.
  if (form == TextForm::plain && trim(content_type).empty()) form = TextForm::markdown;
  if (form == TextForm::plain) return std::string(text);
  std::string joined;
  if (form == TextForm::markdown) text = joined = join_tags(text);
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    line = is_ruler(line) ? std::string_view() : form == TextForm::markdown ? markdown_line(line) : rst_line(line);
    auto words = Inline(line, form).strip();
    const bool is_row = trim(line).starts_with('|') || words.find(" | ") != std::string::npos;
    if (is_row) std::replace(words.begin(), words.end(), '|', ' ');
    out.append(words).push_back('\n');
  }
  return out;
}

}  // namespace bodega::web
