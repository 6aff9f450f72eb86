// A strict reader of HTML that strangers have had a hand in, with a list of its own of what may be in it: written apart from the sanitiser,
// so that neither excuses the other.
#pragma once

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "pypi/format/html_tokenizer.h"

namespace bodega::web {

class HtmlChecker {
 public:
  // The first thing that must not be; empty when all is well.
  static std::string fault_of(std::string_view html) {
    HtmlChecker checker(html);
    checker.run();
    return checker.fault_;
  }

 private:
  explicit HtmlChecker(std::string_view html) : rest_(html) {}

  void run() {
    if (!is_utf8(rest_)) fail("no UTF-8");
    while (!rest_.empty() && fault_.empty()) {
      if (rest_[0] == '<') {
        tag();
      } else if (rest_[0] == '&') {
        reference();
      } else {
        character();
      }
    }
    if (fault_.empty() && !open_.empty()) fail("left open: " + open_.back());
  }

  void fail(const std::string& why) {
    if (fault_.empty()) fault_ = why + " at \"" + std::string(rest_.substr(0, 80)) + "\"";
  }

  void character() {
    const auto c = static_cast<unsigned char>(rest_[0]);
    if (c == '>' || (c < 0x20 && c != '\n' && c != '\t' && c != '\r') || c == 0x7F) return fail("a character that must not be");
    for (const std::string_view turner : {"\u202A", "\u202B", "\u202C", "\u202D", "\u202E", "\u2066", "\u2067", "\u2068", "\u2069"}) {
      if (rest_.starts_with(turner)) return fail("turns the text");
    }
    rest_.remove_prefix(1);
  }

  void reference() {
    const auto end = rest_.substr(0, 40).find(';');
    const auto name = end == std::string_view::npos ? std::string_view() : rest_.substr(1, end - 1);
    const bool word = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) { return std::isalnum(c) != 0; });
    if (!word && name != "#39") return fail("a reference that is none");
    rest_.remove_prefix(end + 1);
  }

  void tag() {
    rest_.remove_prefix(1);
    const bool closes = rest_.starts_with('/');
    if (closes) rest_.remove_prefix(1);
    const auto length = std::min(rest_.find_first_of(" >"), rest_.size());
    const std::string name(rest_.substr(0, length));
    static const std::set<std::string> kNames = {
        "a",   "abbr",  "b",     "bdi", "blockquote", "br", "caption", "cite", "code",  "dd",   "del",    "details", "dfn",
        "div", "dl",    "dt",    "em",  "h2",         "h3", "h4",      "h5",   "h6",    "hr",   "i",      "ins",     "kbd",
        "li",  "mark",  "ol",    "p",   "pre",        "q",  "s",       "samp", "small", "span", "strong", "sub",     "summary",
        "sup", "table", "tbody", "td",  "tfoot",      "th", "thead",   "tr",   "u",     "ul",   "var"};
    if (kNames.count(name) == 0) return fail("element " + name);
    rest_.remove_prefix(length);
    if (closes) {
      if (open_.empty() || open_.back() != name || !rest_.starts_with('>')) return fail("end of " + name);
      open_.pop_back();
    } else {
      while (fault_.empty() && rest_.starts_with(' ')) attribute(name);
      if (!fault_.empty() || !rest_.starts_with('>')) return fail("end of the tag " + name);
      place(name);
    }
    rest_.remove_prefix(1);
  }

  // Where a browser would move the element, or end another for it, what it builds is not what was checked.
  void place(const std::string& name) {
    const std::string parent = open_.empty() ? "article" : open_.back();
    const auto is_one_of = [](const std::string& text, std::initializer_list<const char*> names) {
      return std::find(names.begin(), names.end(), text) != names.end();
    };
    if (name == "li" && !is_one_of(parent, {"ul", "ol"})) return fail("li in " + parent);
    if (is_one_of(name, {"dt", "dd"}) && parent != "dl") return fail(name + " in " + parent);
    if (name == "tr" && !is_one_of(parent, {"table", "thead", "tbody", "tfoot"})) return fail("tr in " + parent);
    if (is_one_of(name, {"td", "th"}) && parent != "tr") return fail(name + " in " + parent);
    if (is_one_of(name, {"thead", "tbody", "tfoot", "caption"}) && parent != "table") return fail(name + " in " + parent);
    if (is_one_of(parent, {"ul", "ol"}) && name != "li") return fail(name + " in " + parent);
    if (name == "a" && std::count(open_.begin(), open_.end(), "a") > 0) return fail("a in a");
    const bool is_block =
        is_one_of(name, {"p", "div", "ul", "ol", "dl", "table", "pre", "blockquote", "h2", "h3", "h4", "h5", "h6", "hr", "details"});
    if (is_block && parent == "p") return fail(name + " in p");
    if (!is_one_of(name, {"br", "hr"})) open_.push_back(name);
    if (open_.size() > 60) return fail("too deep");
  }

  void attribute(const std::string& element) {
    rest_.remove_prefix(1);
    const auto equals = rest_.find("=\"");
    const auto end = equals == std::string_view::npos ? equals : rest_.find('"', equals + 2);
    if (end == std::string_view::npos) return fail("attribute");
    const std::string name(rest_.substr(0, equals));
    const auto raw = rest_.substr(equals + 2, end - equals - 2);
    if (raw.find_first_of("<>'") != std::string_view::npos) return fail("value of " + name);
    const std::string value = pypi::decode_html(raw);
    const bool known = name == "id"      ? value.starts_with("user-content-")
                       : name == "href"  ? element == "a" && is_good_link(value)
                       : name == "rel"   ? value == "nofollow noopener noreferrer"
                       : name == "class" ? (value == "image" && (element == "a" || element == "span")) ||
                                               (element == "code" && value.starts_with("language-"))
                       : name == "align" ? value == "left" || value == "right" || value == "center"
                       : name == "open"  ? element == "details" && value.empty()
                       : name == "title" ? element == "a" || element == "abbr"
                       : name == "start" || name == "colspan" || name == "rowspan" ? parse_u64(value).has_value()
                                                                                   : false;
    if (!known) return fail("attribute " + name + " of " + element);
    rest_.remove_prefix(end + 1);
  }

  static bool is_good_link(std::string_view url) {
    const bool clean = std::all_of(url.begin(), url.end(), [](char c) { return c > ' ' && c != '\\' && c != 0x7F; });
    if (url.starts_with("#user-content-")) return true;
    for (const std::string_view scheme : {"https://", "http://", "mailto:"}) {
      if (url.starts_with(scheme)) return clean && url.size() > scheme.size() && url.find_first_of("/?#", scheme.size()) != scheme.size();
    }
    return false;
  }

  std::string_view rest_;
  std::vector<std::string> open_;
  std::string fault_;
};

}  // namespace bodega::web
