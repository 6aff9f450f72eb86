#include "web/search/query.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <optional>
#include <utility>

#include "base/text.h"

namespace bodega::web {
namespace {

using Op = Query::Op;

constexpr std::array<std::pair<std::string_view, SearchField>, 14> kFields{{{"text", SearchField::text},
                                                                            {"name", SearchField::name},
                                                                            {"path", SearchField::path},
                                                                            {"index", SearchField::index},
                                                                            {"user", SearchField::user},
                                                                            {"type", SearchField::type},
                                                                            {"keywords", SearchField::keywords},
                                                                            {"classifiers", SearchField::classifiers},
                                                                            {"summary", SearchField::summary},
                                                                            {"author", SearchField::author},
                                                                            {"license", SearchField::license},
                                                                            {"licence", SearchField::license},
                                                                            {"python", SearchField::python},
                                                                            {"classifier", SearchField::classifiers}}};

std::optional<SearchField> find_field(std::string_view name) {
  for (const auto& [text, field] : kFields) {
    if (text == name) return field;
  }
  return std::nullopt;
}

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f' || c == '\v'; }

// A node of a group that is not finished, or an operator between nodes.
struct Item {
  enum class Kind { node, conjunction, disjunction, but_not, but_maybe, prefix_not } kind = Kind::node;
  Query node{};
};

std::optional<Item::Kind> operator_of(std::string_view word) {
  if (word == "AND") return Item::Kind::conjunction;
  if (word == "OR") return Item::Kind::disjunction;
  if (word == "ANDNOT") return Item::Kind::but_not;
  if (word == "ANDMAYBE") return Item::Kind::but_maybe;
  if (word == "NOT") return Item::Kind::prefix_not;
  return std::nullopt;
}

Query group(Op op, Query first, Query second) {
  Query out{op, {}, {}};
  const auto take = [&out, op](Query part) {
    const bool flat = (op == Op::all_of || op == Op::any_of) && part.op == op;
    if (flat) {
      std::move(part.children.begin(), part.children.end(), std::back_inserter(out.children));
    } else {
      out.children.push_back(std::move(part));
    }
  };
  take(std::move(first));
  take(std::move(second));
  return out;
}

Query negated(Query of) {
  if (of.op == Op::negation) return Query(of.children.front());
  Query out{Op::negation, {}, {}};
  out.children.push_back(std::move(of));
  return out;
}

using Items = std::vector<Item>;

void apply_not(Items& items) {
  for (std::size_t i = items.size(); i-- > 0;) {
    if (items[i].kind != Item::Kind::prefix_not) continue;
    const bool has_operand = i + 1 < items.size() && items[i + 1].kind == Item::Kind::node;
    if (has_operand) items[i + 1].node = negated(std::move(items[i + 1].node));
    items.erase(items.begin() + static_cast<std::ptrdiff_t>(i));
  }
}

// An operator joins its neighbours, from the left; one that lacks a neighbour is passed over.
void apply(Items& items, Item::Kind kind, Op op) {
  for (std::size_t i = 0; i < items.size();) {
    if (items[i].kind != kind) {
      ++i;
      continue;
    }
    const bool whole = i > 0 && i + 1 < items.size() && items[i - 1].kind == Item::Kind::node && items[i + 1].kind == Item::Kind::node;
    const auto at = items.begin() + static_cast<std::ptrdiff_t>(i);
    if (!whole) {
      items.erase(at);
      continue;
    }
    items[i - 1].node = group(op, std::move(items[i - 1].node), std::move(items[i + 1].node));
    items.erase(at, at + 2);
  }
}

Query finish(Items items) {
  apply_not(items);
  apply(items, Item::Kind::conjunction, Op::all_of);
  apply(items, Item::Kind::disjunction, Op::any_of);
  apply(items, Item::Kind::but_not, Op::without);
  apply(items, Item::Kind::but_maybe, Op::maybe);
  Query out;
  for (auto& item : items) {
    if (item.node.empty()) continue;
    if (out.empty()) {
      out = std::move(item.node);
    } else {
      out = group(Op::all_of, std::move(out), std::move(item.node));
    }
  }
  return out;
}

void scale(Query& query, double boost) {
  query.term.boost = std::min(100.0, query.term.boost * boost);
  for (auto& child : query.children) scale(child, boost);
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Query parse() { return group_until_end(SearchField::text, 0); }

 private:
  // Up to the closing parenthesis or the end. A closing one too many is passed over at the top.
  Query group_until_end(SearchField field, std::size_t depth) {
    Items items;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (is_space(c)) {
        ++at_;
      } else if (c == ')') {
        ++at_;
        if (depth > 0) break;
      } else {
        one(items, field, depth);
      }
    }
    return finish(std::move(items));
  }

  void one(Items& items, SearchField outer, std::size_t depth) {
    const SearchField field = read_field().value_or(outer);
    if (at_ >= text_.size() || is_space(text_[at_]) || text_[at_] == ')') return;  // "name:" alone
    const char c = text_[at_];
    if (c == '(') {
      ++at_;
      if (depth + 1 >= kMaxDepth) return;  // deeper ones are as if not written
      Query inner = group_until_end(field, depth + 1);
      scale(inner, read_boost());
      push(items, std::move(inner));
      return;
    }
    if ((c == '\'' || c == '"') && phrase(items, field, c)) return;
    word(items, field, outer);
  }

  // "name:" where that is a field; else nothing is taken.
  std::optional<SearchField> read_field() {
    const auto colon = text_.find(':', at_);
    if (colon == std::string_view::npos) return std::nullopt;
    const auto field = find_field(text_.substr(at_, colon - at_));
    if (field) at_ = colon + 1;
    return field;
  }

  bool phrase(Items& items, SearchField field, char quote) {
    for (std::size_t end = at_ + 1; (end = text_.find(quote, end)) != std::string_view::npos; ++end) {
      const char next = end + 1 < text_.size() ? text_[end + 1] : ' ';
      if (!is_space(next) && next != ')' && next != '^' && next != '*') continue;  // an apostrophe
      const auto content = trim(text_.substr(at_ + 1, end - at_ - 1));
      at_ = end + 1;
      Term::Kind kind = Term::Kind::phrase;
      if (at_ < text_.size() && text_[at_] == '*') {
        kind = Term::Kind::prefix;
        ++at_;
      }
      push_term(items, {field, kind, std::string(content), read_boost()});
      return true;
    }
    return false;
  }

  void word(Items& items, SearchField field, SearchField outer) {
    const std::size_t begin = at_;
    while (at_ < text_.size() && !is_space(text_[at_]) && text_[at_] != '(' && text_[at_] != ')') ++at_;
    std::string_view token = text_.substr(begin, at_ - begin);
    if (field == outer) {
      if (const auto found = operator_of(token)) {
        items.push_back({*found, {}});
        return;
      }
    }
    double boost = 1;
    if (const auto caret = token.rfind('^'); caret != std::string_view::npos && caret > 0) {
      if (const auto value = number(token.substr(caret + 1))) {
        boost = *value;
        token = token.substr(0, caret);
      }
    }
    if (token == "*") {
      push(items, {Op::everything, {}, {}});
      return;
    }
    const bool open_ended = token.ends_with('*');
    std::string text;
    std::copy_if(token.begin(), token.end(), std::back_inserter(text), [](char c) { return c != '*'; });
    push_term(items, {field, open_ended ? Term::Kind::prefix : Term::Kind::word, std::move(text), boost});
  }

  static std::optional<double> number(std::string_view text) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
    if (error != std::errc() || end != text.data() + text.size() || !(value >= 0)) return std::nullopt;
    return std::min(value, 100.0);
  }

  // "^2" behind a group or a phrase.
  double read_boost() {
    if (at_ >= text_.size() || text_[at_] != '^') return 1;
    std::size_t end = at_ + 1;
    while (end < text_.size() && !is_space(text_[end]) && text_[end] != '(' && text_[end] != ')') ++end;
    const auto value = number(text_.substr(at_ + 1, end - at_ - 1));
    at_ = end;
    return value.value_or(1);
  }

  void push_term(Items& items, Term term) {
    // Quotes and punctuation alone ask for nothing. Bytes beyond ASCII are letters as far as we know.
    const auto says_something = [](char c) {
      return static_cast<unsigned char>(c) >= 0x80 || (c >= '0' && c <= '9') || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z');
    };
    if (std::none_of(term.text.begin(), term.text.end(), says_something) || ++terms_ > kMaxTerms) return;
    push(items, {Op::term, std::move(term), {}});
  }

  static void push(Items& items, Query node) {
    if (!node.empty()) items.push_back({Item::Kind::node, std::move(node)});
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t terms_ = 0;
};

std::string_view name_of(Op op) {
  switch (op) {
    case Op::all_of: return "and";
    case Op::any_of: return "or";
    case Op::without: return "without";
    case Op::maybe: return "maybe";
    case Op::negation: return "not";
    case Op::nothing:
    case Op::everything:
    case Op::term: break;
  }
  return "";
}

std::string describe_term(const Term& term) {
  std::string out;
  if (term.field != SearchField::text) out += std::string(to_string(term.field)) + ":";
  out += term.kind == Term::Kind::phrase ? "'" + term.text + "'" : term.text;
  if (term.kind == Term::Kind::prefix) out += "*";
  if (term.boost != 1) {
    std::string number = std::to_string(term.boost);
    number.erase(number.find_last_not_of('0') + 1);
    if (number.ends_with('.')) number.pop_back();
    out += "^" + number;
  }
  return out;
}

void collect(const Query& query, std::vector<Term>& out) {
  if (query.op == Op::negation) return;
  if (query.op == Op::term) out.push_back(query.term);
  const std::size_t wanted = query.op == Op::without ? 1 : query.children.size();
  for (std::size_t i = 0; i < wanted; ++i) collect(query.children[i], out);
}

}  // namespace

std::string_view to_string(SearchField field) {
  for (const auto& [text, one] : kFields) {
    if (one == field) return text;
  }
  return "text";
}

Query parse_query(std::string_view text) {
  text = text.substr(0, kMaxQueryBytes);
  std::string clean;
  if (!is_utf8(text)) {
    std::copy_if(text.begin(), text.end(), std::back_inserter(clean), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
    text = clean;
  }
  return Parser(text).parse();
}

std::string describe(const Query& query) {
  if (query.op == Op::nothing) return "nothing";
  if (query.op == Op::everything) return "*";
  if (query.op == Op::term) return describe_term(query.term);
  std::string out = "(" + std::string(name_of(query.op));
  for (const auto& child : query.children) out += " " + describe(child);
  return out + ")";
}

std::vector<Term> wanted_terms(const Query& query) {
  std::vector<Term> out;
  collect(query, out);
  return out;
}

}  // namespace bodega::web
