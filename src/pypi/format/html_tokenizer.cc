#include "pypi/format/html_tokenizer.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"
#include "base/utf8.h"

namespace bodega::pypi {
namespace {

// Longer than any honest anchor: the longest yank reasons are some kilobytes.
constexpr std::size_t kMaxTag = 64U << 10U;
constexpr std::size_t kMaxAttributes = 32;
constexpr std::size_t kMaxComment = 64;
// Longest reference that is looked at: "&#x10FFFF;" with room for leading zeros.
constexpr std::size_t kMaxReference = 16;

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f'; }
bool is_letter(char c) { return ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z'; }

// `body` is what stands between '&' and ';'.
bool append_reference(std::string& out, std::string_view body) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kNamed = {
      {{"amp", "&"}, {"lt", "<"}, {"gt", ">"}, {"quot", "\""}, {"apos", "'"}, {"nbsp", " "}}};
  for (const auto& [name, text] : kNamed) {
    if (body == name) {
      out += text;
      return true;
    }
  }
  if (body.size() < 2 || body[0] != '#') return false;
  const bool hex = ascii_lower(body[1]) == 'x';
  const std::string_view digits = body.substr(hex ? 2 : 1);
  std::uint32_t code = 0;
  for (const char c : digits) {
    const char lower = ascii_lower(c);
    const bool decimal = c >= '0' && c <= '9';
    if (!decimal && !(hex && lower >= 'a' && lower <= 'f')) return false;
    const auto digit = static_cast<std::uint32_t>(decimal ? c - '0' : lower - 'a' + 10);
    code = std::min<std::uint32_t>(code * (hex ? 16 : 10) + digit, 0x110000);
  }
  if (digits.empty()) return false;
  if (code == 0 || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) code = 0xFFFD;
  append_utf8(out, code);
  return true;
}

// Reads from the front of `rest` to the first character that `stop` names.
template <class Stop>
std::string_view take_until(std::string_view& rest, Stop stop) {
  std::size_t length = 0;
  while (length < rest.size() && !stop(rest[length])) ++length;
  const auto out = rest.substr(0, length);
  rest.remove_prefix(length);
  return out;
}

std::string_view take_value(std::string_view& rest) {
  if (rest.empty() || (rest[0] != '"' && rest[0] != '\'')) return take_until(rest, is_space);
  const char quote = rest[0];
  rest.remove_prefix(1);
  const auto value = take_until(rest, [quote](char c) { return c == quote; });
  if (!rest.empty()) rest.remove_prefix(1);
  return value;
}

HtmlTag parse_tag(std::string_view rest) {
  HtmlTag tag;
  tag.name = to_lower(take_until(rest, [](char c) { return is_space(c) || c == '/'; }));
  while (tag.attributes.size() < kMaxAttributes) {
    take_until(rest, [](char c) { return !is_space(c) && c != '/'; });
    if (rest.empty()) break;
    const std::size_t before = rest.size();
    const auto name = take_until(rest, [](char c) { return is_space(c) || c == '/' || c == '='; });
    take_until(rest, [](char c) { return !is_space(c); });
    std::string_view value;
    if (!rest.empty() && rest[0] == '=') {
      rest.remove_prefix(1);
      take_until(rest, [](char c) { return !is_space(c); });
      value = take_value(rest);
    }
    if (!name.empty()) tag.attributes.push_back({to_lower(name), decode_html(value)});
    if (rest.size() == before) rest.remove_prefix(1);
  }
  return tag;
}

bool hides_its_content(std::string_view name) {
  static constexpr std::array<std::string_view, 8> kNames = {"script", "style",  "title",   "textarea",
                                                             "xmp",    "iframe", "noembed", "noframes"};
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

}  // namespace

const std::string* HtmlTag::find(std::string_view attribute) const {
  const auto found = std::find_if(attributes.begin(), attributes.end(), [&](const Attribute& entry) { return entry.name == attribute; });
  return found == attributes.end() ? nullptr : &found->value;
}

std::string decode_html(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (;;) {
    const auto at = text.find('&');
    out += text.substr(0, at);
    if (at == std::string_view::npos) return out;
    text.remove_prefix(at + 1);
    const auto end = text.substr(0, kMaxReference).find(';');
    if (end != std::string_view::npos && append_reference(out, text.substr(0, end))) {
      text.remove_prefix(end + 1);
    } else {
      out += '&';
    }
  }
}

void HtmlTokenizer::feed(std::string_view bytes) {
  while (!bytes.empty()) {
    std::size_t used = 1;
    switch (state_) {
      case State::text: used = in_text(bytes); break;
      case State::tag: used = in_tag(bytes); break;
      case State::raw: used = in_raw(bytes); break;
      case State::tag_open: tag_open(bytes[0]); break;
      case State::declaration: declaration(bytes[0]); break;
      case State::comment: comment(bytes[0]); break;
      case State::bogus:
        if (bytes[0] == '>') state_ = State::text;
        break;
    }
    bytes.remove_prefix(used);
  }
}

std::size_t HtmlTokenizer::in_text(std::string_view bytes) {
  const auto length = std::min(bytes.find('<'), bytes.size());
  if (length > 0) sink_.text(bytes.substr(0, length));
  if (length == bytes.size()) return length;
  state_ = State::tag_open;
  return length + 1;
}

void HtmlTokenizer::tag_open(char c) {
  tag_.clear();
  tag_too_long_ = false;
  quote_ = 0;
  after_equals_ = false;
  comment_.clear();
  if (is_letter(c) || c == '/') {
    tag_ += c;
    state_ = State::tag;
  } else if (c == '!') {
    state_ = State::declaration;
  } else if (c == '?') {
    state_ = State::bogus;
  } else if (c == '<') {
    sink_.text("<");
  } else {
    sink_.text("<");
    sink_.text({&c, 1});
    state_ = State::text;
  }
}

// After "<!": "--" begins a comment, anything else runs to the next '>'.
void HtmlTokenizer::declaration(char c) {
  if (c == '-') {
    comment_ += c;
    if (comment_.size() < 2) return;
    comment_.clear();
    dashes_ = 2;  // "<!-->" is a whole comment
    state_ = State::comment;
  } else {
    state_ = c == '>' ? State::text : State::bogus;
  }
}

void HtmlTokenizer::comment(char c) {
  if (c == '>' && dashes_ >= 2) {
    sink_.comment(comment_);
    state_ = State::text;
    return;
  }
  dashes_ = c == '-' ? dashes_ + 1 : 0;
  if (comment_.size() < kMaxComment) comment_ += c;
}

std::size_t HtmlTokenizer::in_tag(std::string_view bytes) {
  std::size_t i = 0;
  bool ended = false;
  for (; i < bytes.size() && !ended; ++i) {
    const char c = bytes[i];
    if (quote_ != 0) {
      if (c == quote_) quote_ = 0;
    } else if (c == '>') {
      ended = true;
    } else if ((c == '"' || c == '\'') && after_equals_) {
      quote_ = c;
      after_equals_ = false;
    } else if (!is_space(c)) {
      after_equals_ = c == '=';
    }
  }
  const std::string_view part = bytes.substr(0, ended ? i - 1 : i);
  tag_too_long_ = tag_too_long_ || tag_.size() + part.size() > kMaxTag;
  if (!tag_too_long_) tag_ += part;
  if (ended) finish_tag();
  return i;
}

void HtmlTokenizer::finish_tag() {
  state_ = State::text;
  if (tag_too_long_) return;
  if (tag_[0] == '/') {
    std::string_view rest = std::string_view(tag_).substr(1);
    sink_.end_tag(to_lower(take_until(rest, [](char c) { return is_space(c) || c == '/'; })));
    return;
  }
  const HtmlTag tag = parse_tag(tag_);
  sink_.start_tag(tag);
  if (hides_its_content(tag.name)) {
    state_ = State::raw;
    raw_end_ = "</" + tag.name;
    raw_match_ = 0;
  }
}

std::size_t HtmlTokenizer::in_raw(std::string_view bytes) {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (ascii_lower(bytes[i]) != raw_end_[raw_match_]) {
      raw_match_ = bytes[i] == '<' ? 1 : 0;
    } else if (++raw_match_ == raw_end_.size()) {
      tag_open('/');
      tag_.append(raw_end_, 2);
      return i + 1;
    }
  }
  return bytes.size();
}

}  // namespace bodega::pypi
