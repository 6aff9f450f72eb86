#include "web/search/text_query.h"

#include <algorithm>

#include "base/text.h"
#include "base/utf8.h"
#include "web/search/name_query.h"
#include "web/search/text_terms.h"

namespace bodega::web {
namespace {

using Op = Query::Op;
using XQuery = Xapian::Query;

// Of a prefix; the first in the alphabet, because the most frequent would tell of texts that the reader may not see.
constexpr Xapian::termcount kMaxExpansion = 200;
// Words that are only likely to be beginnings need no more.
constexpr Xapian::termcount kMaxBeginnings = 50;
// A match in a name counts for more than words in texts, which count up to 1 + ln(weight * occurrences) each.
constexpr double kExactName = 12;
constexpr double kNamePart = 5;
constexpr double kInsideName = 2;
constexpr double kStem = 0.7;
constexpr double kBeginning = 0.4;

XQuery scaled(double factor, XQuery query) { return {XQuery::OP_SCALE_WEIGHT, query, factor}; }
XQuery starting(const std::string& term, Xapian::termcount limit = kMaxExpansion) {
  return {XQuery::OP_WILDCARD, term, limit, XQuery::WILDCARD_LIMIT_FIRST, XQuery::OP_SYNONYM};
}

template <class Strings>
XQuery all_terms(XQuery::op op, const Strings& terms) {
  return {op, terms.begin(), terms.end()};
}

// What "type:" asks for in a group; "" when it does not, or asks for several.
std::string scope_of(const Query& query) {
  std::string scope;
  for (const auto& child : query.children) {
    if (child.op != Op::term || child.term.field != SearchField::type) continue;
    if (!scope.empty()) return {};
    scope = to_lower(child.term.text);
  }
  return scope == "project" || scope == "page" || !text_prefix(scope).empty() ? scope : std::string();
}

// Words in texts. `prefix` says in which; empty: in all.
XQuery text_part(const Term& term, const std::string& prefix) {
  auto words = words_of(term.text);
  if (words.empty()) return XQuery::MatchNothing;
  std::vector<std::string> terms;
  for (const auto& word : words) terms.push_back(prefix + word);
  if (term.kind == Term::Kind::prefix) {
    const XQuery last = starting(terms.back());
    terms.pop_back();
    return terms.empty() ? last : XQuery(XQuery::OP_AND, all_terms(XQuery::OP_AND, terms), last);
  }
  if (terms.size() > 1) {
    if (!prefix.empty()) return all_terms(XQuery::OP_AND, terms);
    return {XQuery::OP_PHRASE, terms.begin(), terms.end(), static_cast<Xapian::termcount>(terms.size())};
  }
  std::vector<XQuery> any{XQuery(terms[0]), scaled(kStem, XQuery("Z" + prefix + stemmer()(words[0])))};
  if (words[0].size() >= 3) any.push_back(scaled(kBeginning, starting(terms[0], kMaxBeginnings)));
  return {XQuery::OP_MAX, any.begin(), any.end()};
}

// The same rules as for the names of mirrors (name_query.h).
XQuery name_part(const Term& term) {
  const std::string form = name_form(term.text);
  if (form.empty()) return XQuery::MatchNothing;
  if (term.kind == Term::Kind::prefix) {
    std::vector<std::string> parts;
    for (const auto part : split(form, '-')) parts.push_back("S" + std::string(part));
    const XQuery last = starting(parts.back());
    parts.pop_back();
    return scaled(kNamePart, parts.empty() ? last : XQuery(XQuery::OP_AND, all_terms(XQuery::OP_AND, parts), last));
  }
  std::vector<std::string> parts;
  for (const auto part : split(form, '-')) parts.push_back(term_of("S", part));
  std::vector<XQuery> any{scaled(kExactName, XQuery(term_of("N", form))), scaled(kNamePart, all_terms(XQuery::OP_AND, parts))};
  if (form.size() == 2) any.push_back(scaled(kInsideName, starting("S" + form)));
  if (form.size() >= 3) {
    std::vector<std::string> grams;
    for (std::size_t at = 0; at + 3 <= form.size(); ++at) grams.push_back("G" + form.substr(at, 3));
    any.push_back(scaled(kInsideName, all_terms(XQuery::OP_AND, grams)));
  }
  return {XQuery::OP_OR, any.begin(), any.end()};
}

XQuery text_term(const Term& term, const std::string& scope) {
  if (scope == "project") return name_part(term);
  if (scope == "page") return text_part(term, "");  // the type beside it keeps other documents out
  if (!scope.empty()) return text_part(term, std::string(text_prefix(scope)));
  return {XQuery::OP_OR, name_part(term), text_part(term, "")};
}

XQuery exact_or_starting(const Term& term, std::string_view prefix, std::string_view text) {
  if (term.kind == Term::Kind::prefix) return starting(std::string(prefix) + std::string(text));
  return XQuery(term_of(prefix, text));
}

// The whole value, or all words of the term in it.
XQuery value_or_words(const Term& term, std::string_view whole, std::string_view word) {
  const std::string folded = to_lower(trim(term.text));
  const XQuery exact = exact_or_starting(term, whole, folded);
  std::vector<std::string> words;
  for (const auto& one : words_of(folded)) words.push_back(term_of(word, one));
  if (words.empty() || folded.find("::") != std::string::npos) return exact;
  return {XQuery::OP_OR, exact, all_terms(XQuery::OP_AND, words)};
}

XQuery name_term(const Term& term) {
  const std::string form = name_form(term.text);
  return form.empty() ? XQuery::MatchNothing : exact_or_starting(term, "N", form);
}

XQuery index_term(const Term& term) {
  if (term.text.find('/') != std::string::npos) return exact_or_starting(term, "I", term.text);
  return exact_or_starting(term, "J", to_lower(term.text));
}

// The last segment is a project's name, in any spelling.
XQuery path_term(const Term& term) {
  if (term.kind == Term::Kind::prefix) return starting("Q" + term.text);
  const auto slash = term.text.rfind('/');
  if (slash == std::string::npos) return XQuery::MatchNothing;
  return XQuery(term_of("Q", term.text.substr(0, slash + 1) + name_form(std::string_view(term.text).substr(slash + 1))));
}

XQuery term_query(const Term& term, const std::string& scope) {
  switch (term.field) {
    case SearchField::text: return text_term(term, scope);
    case SearchField::name: return name_term(term);
    case SearchField::path: return path_term(term);
    case SearchField::index: return index_term(term);
    case SearchField::user: return exact_or_starting(term, "U", to_lower(term.text));
    case SearchField::type: return exact_or_starting(term, "T", to_lower(term.text));
    case SearchField::keywords: return XQuery(XQuery::OP_OR, exact_or_starting(term, "K", to_lower(term.text)), text_part(term, "XK"));
    case SearchField::classifiers: return value_or_words(term, "C", "CW");
    case SearchField::summary: return text_part(term, "XS");
    case SearchField::author: return XQuery(XQuery::OP_OR, text_part(term, "XA"), text_part(term, "XE"));
    case SearchField::license: return value_or_words(term, "L", "LW");
    case SearchField::python: return exact_or_starting(term, "V", to_lower(term.text));
  }
  return XQuery::MatchNothing;
}

XQuery build(const Query& query, const std::string& outer) {
  switch (query.op) {
    case Op::nothing: return XQuery::MatchNothing;
    case Op::everything: return XQuery::MatchAll;
    case Op::term: {
      XQuery out = term_query(query.term, outer);
      return query.term.boost == 1 ? out : scaled(query.term.boost, std::move(out));
    }
    case Op::negation: return {XQuery::OP_AND_NOT, XQuery::MatchAll, build(query.children[0], outer)};
    case Op::without: return {XQuery::OP_AND_NOT, build(query.children[0], outer), build(query.children[1], outer)};
    case Op::maybe: return {XQuery::OP_AND_MAYBE, build(query.children[0], outer), build(query.children[1], outer)};
    case Op::all_of:
    case Op::any_of: break;
  }
  const std::string own = query.op == Op::all_of ? scope_of(query) : std::string();
  const std::string& scope = own.empty() ? outer : own;
  std::vector<XQuery> parts;
  for (const auto& child : query.children) parts.push_back(build(child, scope));
  return {query.op == Op::all_of ? XQuery::OP_AND : XQuery::OP_OR, parts.begin(), parts.end()};
}

void collect_types(const Query& query, std::vector<std::string>& out) {
  if (query.op == Op::negation) return;
  if (query.op == Op::term && query.term.field == SearchField::type) out.push_back(to_lower(query.term.text));
  const std::size_t wanted = query.op == Op::without ? 1 : query.children.size();
  for (std::size_t i = 0; i < wanted; ++i) collect_types(query.children[i], out);
}

// The bytes in between belong to one letter.

}  // namespace

XQuery to_xapian(const Query& query) { return build(query, ""); }

XQuery only_in(const XQuery& query, const std::vector<std::string>& indexes) {
  std::vector<std::string> terms;
  for (const auto& index : indexes) terms.push_back(term_of("I", index));
  return {XQuery::OP_FILTER, query, all_terms(XQuery::OP_OR, terms)};
}

Marker::Marker(const Query& query) : stem_(stemmer()) {
  collect_types(query, types_);
  for (const auto& term : wanted_terms(query)) {
    const bool is_text = term.field == SearchField::text || term.field == SearchField::keywords || term.field == SearchField::summary ||
                         term.field == SearchField::author || term.field == SearchField::name;
    if (!is_text) continue;
    for (const auto& word : words_of(term.text)) wanted_.push_back({word, stem_(word), term.kind == Term::Kind::prefix});
  }
}

bool Marker::matches(const std::string& word) const {
  constexpr std::size_t kFirst = 3;  // a stem begins as its word does; comparing stems costs more than all the rest
  return std::any_of(wanted_.begin(), wanted_.end(), [&](const Wanted& wanted) {
    if (word == wanted.word) return true;
    if (word.compare(0, kFirst, wanted.word, 0, kFirst) != 0) return false;
    if ((wanted.is_prefix || wanted.word.size() >= kFirst) && word.starts_with(wanted.word)) return true;
    return stem_(word) == wanted.stem;
  });
}

std::vector<Marker::Place> Marker::places(std::string_view text) const {
  std::vector<Place> out;
  if (wanted_.empty()) return out;
  for (std::size_t at = 0; at < text.size();) {
    if (!is_word_byte(text[at])) {
      ++at;
      continue;
    }
    const std::size_t begin = at;
    while (at < text.size() && is_word_byte(text[at])) ++at;
    if (matches(Xapian::Unicode::tolower(std::string(text.substr(begin, at - begin))))) out.push_back({begin, at});
  }
  return out;
}

Excerpt Marker::pieces(std::string_view text, const std::vector<Place>& places, std::size_t begin, std::size_t end) {
  Excerpt out;
  std::size_t at = begin;
  for (const auto& place : places) {
    if (place.begin < at || place.end > end) continue;
    if (place.begin > at) out.push_back({std::string(text.substr(at, place.begin - at)), false});
    out.push_back({std::string(text.substr(place.begin, place.end - place.begin)), true});
    at = place.end;
  }
  if (at < end) out.push_back({std::string(text.substr(at, end - at)), false});
  return out;
}

Excerpt Marker::mark(std::string_view raw) const {
  const std::string text = fold_blanks(raw);
  return pieces(text, places(text), 0, text.size());
}

Excerpt Marker::excerpt(std::string_view raw) const {
  constexpr std::size_t kWide = 200;
  constexpr std::size_t kBefore = 60;
  const std::string text = fold_blanks(raw);
  const auto found = places(text);
  if (found.empty()) return {};
  std::size_t best = 0;
  std::size_t most = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    std::size_t count = 0;
    while (i + count < found.size() && found[i + count].end < found[i].begin + kWide - kBefore) ++count;
    if (count > most) {
      most = count;
      best = i;
    }
  }
  std::size_t begin = found[best].begin > kBefore ? found[best].begin - kBefore : 0;
  // From the beginning of a word on, where one is near.
  if (const auto blank = text.find(' ', begin); begin > 0 && blank < found[best].begin) begin = blank + 1;
  begin = character_start(text, begin);
  std::size_t end = std::max(begin + kWide, found[best].end);
  if (end < text.size()) {
    const auto blank = text.rfind(' ', end);
    if (blank != std::string::npos && blank >= found[best].end) end = blank;
  }
  end = character_start(text, std::min(end, text.size()));
  auto out = pieces(text, found, begin, std::max(end, found[best].end));
  if (begin > 0) out.insert(out.begin(), {"\xe2\x80\xa6 ", false});
  if (end < text.size()) out.push_back({" \xe2\x80\xa6", false});
  return out;
}

}  // namespace bodega::web
