// The query language of devpi-web (docs/search.md): words, field:term, 'phrases', prefix*, AND OR ANDNOT ANDMAYBE NOT, parentheses, ^boost.
// Whatever people type means something: what is broken is read as well as it can be, and long or deep input is cut. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace bodega::web {

enum class SearchField { text, name, path, index, user, type, keywords, classifiers, summary, author, license, python };
std::string_view to_string(SearchField field);

struct Term {
  enum class Kind { word, phrase, prefix };
  SearchField field = SearchField::text;
  Kind kind = Kind::word;
  std::string text;  // UTF-8, as written, without quotes and star; not empty
  double boost = 1;  // 0 to 100
};

struct Query {
  enum class Op {
    nothing,     // no question was asked
    everything,  // a lone *
    term,
    all_of,
    any_of,
    without,  // the first, but not the second
    maybe,    // the first; the second only ranks
    negation,
  };
  Op op = Op::nothing;
  Term term{};                    // of op term
  std::vector<Query> children{};  // of all_of and any_of two or more, of without and maybe two, of negation one

  bool empty() const { return op == Op::nothing; }
};

inline constexpr std::size_t kMaxQueryBytes = 1000;
inline constexpr std::size_t kMaxTerms = 24;  // each costs up to some milliseconds
inline constexpr std::size_t kMaxDepth = 16;  // bounds every recursion over a query

Query parse_query(std::string_view text);

// "(and a (or name:b 'c d') e*^2)": for tests and logs.
std::string describe(const Query& query);

// The words that rank or mark text, in the order written: terms that are asked for, not those that are ruled out.
std::vector<Term> wanted_terms(const Query& query);

}  // namespace bodega::web
