#include "web/rst/names.h"

#include <algorithm>

#include "base/text.h"
#include "web/sanitize.h"

namespace bodega::web::rst {
namespace {

// Definitions stand below each other, each looking at the lines that may belong to it: few, so that their number does not square.
constexpr std::size_t kMaxLines = 12;
constexpr std::size_t kMaxUrl = 2000;

// The end of a name in front of ": "; within back quotes a colon counts only behind them.
std::size_t end_of_name(std::string_view text) {
  std::size_t from = 0;
  if (text.starts_with('`')) {
    from = text.find('`', 1);
    if (from == std::string_view::npos) return from;
  }
  for (std::size_t i = from; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == ':' && (i + 1 == text.size() || text[i + 1] == ' ')) {
      return i;
    }
  }
  return std::string_view::npos;
}

// An URL may go on in lines below; blanks in it do not count.
std::string whole_url(std::string_view first, const Lines& lines, std::size_t next) {
  std::string out(trim(first));
  const std::size_t end = end_of_indented(lines, next, kMaxLines);
  for (; next < end && !lines[next].empty() && out.size() < kMaxUrl; ++next) out += trim(lines[next]);
  std::erase(out, ' ');
  return out;
}

void add_target(Names& names, std::string_view definition, const Lines& lines, std::size_t next) {
  if (definition.starts_with("_:")) {
    names.anonymous.push_back(whole_url(definition.substr(2), lines, next));
    return;
  }
  const auto end = end_of_name(definition);
  if (end == std::string_view::npos || end == 0) return;
  const auto name = definition.substr(0, end);
  std::string url = whole_url(definition.substr(end + 1), lines, next);
  if (url.empty()) url = "#" + heading_slug(name);
  names.targets.emplace(link_name(name), std::move(url));
}

void add_substitution(Names& names, std::string_view definition, const Lines& lines, std::size_t next) {
  const auto end = definition.find('|');
  if (end == std::string_view::npos || end == 0) return;
  const std::string name = link_name(definition.substr(0, end));
  const auto rest = trim(definition.substr(end + 1));
  const auto body_end = end_of_indented(lines, next, kMaxLines);
  if (rest.starts_with("image::")) {
    names.pictures.emplace(name, read_picture(rest.substr(7), dedented(lines, next, body_end)));
  } else if (rest.starts_with("replace::")) {
    names.texts.emplace(name, std::string(trim(rest.substr(9))));
  } else if (rest.starts_with("unicode::")) {
    names.texts.emplace(name, "");
  }
}

}  // namespace

std::string link_name(std::string_view text) {
  text = trim(text);
  if (text.size() >= 2 && text.front() == '`' && text.back() == '`') text = text.substr(1, text.size() - 2);
  std::string out;
  for (const char c : text) {
    if (c == '\\') continue;
    const bool blank = c == ' ' || c == '\n' || c == '\t';
    if (blank && (out.empty() || out.back() == ' ')) continue;
    out += blank ? ' ' : ascii_lower(c);
  }
  if (out.ends_with(' ')) out.pop_back();
  return out;
}

std::string Names::resolve(const std::string& target) const {
  std::string at = target;
  // A name may lead to a name; a circle of them leads nowhere.
  for (int step = 0; step < 5; ++step) {
    if (!at.ends_with('_') || at.find("://") != std::string::npos) return at;
    const auto found = targets.find(link_name(std::string_view(at).substr(0, at.size() - 1)));
    if (found == targets.end()) return {};
    at = found->second;
  }
  return {};
}

std::string Names::find(std::string_view name) const {
  const auto found = targets.find(link_name(name));
  return found == targets.end() ? std::string() : resolve(found->second);
}

Picture read_picture(std::string_view url, const Lines& options) {
  Picture out{std::string(trim(url)), {}, {}};
  for (const auto line : options) {
    const std::size_t length = field_length(line);
    if (length == 0) {
      if (out.url.empty() && !line.empty()) out.url = line;
      continue;
    }
    const auto value = trim(line.substr(length));
    if (line.starts_with(":alt:")) out.alt = value;
    if (line.starts_with(":target:")) out.target = value;
  }
  return out;
}

Names collect_names(const Lines& lines) {
  Names out;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const auto line = lines[i].substr(indent_of(lines[i]));
    if (line.starts_with(".. _")) add_target(out, line.substr(4), lines, i + 1);
    if (line.starts_with("__ ")) out.anonymous.push_back(std::string(trim(line.substr(3))));
    if (line.starts_with(".. |")) add_substitution(out, line.substr(4), lines, i + 1);
  }
  // Titles are link names, too, where nothing else has the name.
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const auto title = trim(lines[i - 1]);
    if (title.empty() || lines[i].size() < 3 || !is_rule(lines[i]) || is_rule(title)) continue;
    out.targets.emplace(link_name(title), "#" + heading_slug(title));
  }
  return out;
}

}  // namespace bodega::web::rst
