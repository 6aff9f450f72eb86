// From the query language to Xapian's questions, and from a matching text to what is shown of it. Only for text_*.cc.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <xapian.h>

#include "web/search/query.h"
#include "web/search/text_index.h"

namespace bodega::web {

// A "type:" beside other terms says in which texts their words are looked for.
Xapian::Query to_xapian(const Query& query);
// Only documents of these indexes.
Xapian::Query only_in(const Xapian::Query& query, const std::vector<std::string>& indexes);

// Sees which words of a text a query means.
class Marker {
 public:
  explicit Marker(const Query& query);
  // The place with the most matches, on one line of some 200 letters. Empty when nothing matches.
  Excerpt excerpt(std::string_view text) const;
  // The whole text with its matches.
  Excerpt mark(std::string_view text) const;
  // The texts that are asked for ("type:summary"); empty: all.
  const std::vector<std::string>& types() const { return types_; }

 private:
  struct Place {
    std::size_t begin = 0;
    std::size_t end = 0;
  };
  struct Wanted {
    std::string word;
    std::string stem;
    bool is_prefix = false;
  };
  bool matches(const std::string& word) const;
  std::vector<Place> places(std::string_view text) const;
  static Excerpt pieces(std::string_view text, const std::vector<Place>& places, std::size_t begin, std::size_t end);

  std::vector<Wanted> wanted_;
  std::vector<std::string> types_;
  Xapian::Stem stem_;
};

}  // namespace bodega::web
