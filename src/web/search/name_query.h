// Answers a query over the names of one mirror. A word means names that hold it; shorter than three letters, names with a part that begins
// with it (of one letter: a part that is it). 'two words' means "two-words", pre* a part that begins with it. Fields that names do not have
// hold nothing. Blocking, but for the pure functions; any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "web/search/gram_index.h"
#include "web/search/name_list.h"
#include "web/search/query.h"

namespace bodega::web {

// One mirror's names. Without grams (they are being made), words mean names that begin with them.
struct MirrorNames {
  std::string user;
  std::string index;  // name only
  std::shared_ptr<const NameList> names;
  std::shared_ptr<const GramIndex> grams;
  std::string key() const { return user + "/" + index; }
};

// What a name would be called if the text were one: lower case, every run of other characters one '-', none at the ends. Empty when there
// is a letter beyond ASCII, which no name has.
std::string name_form(std::string_view text);

struct NameHits {
  std::uint64_t total = 0;
  std::vector<NameId> best;          // by rank, not more than asked for
  std::vector<std::uint64_t> ranks;  // of these; comparable between mirrors, less is better
};
// Ranked: the name itself, then names that begin with the words, then names with a part that begins with the first word; the well-known
// before others, the shorter before the longer.
Result<NameHits> search_names(const MirrorNames& mirror, const Query& query, std::size_t limit);

// Whether search_names() finds that name. Pure.
bool holds_name(const Query& query, std::string_view user, std::string_view index, std::string_view name);

// Names that begin with the prefix, the well-known first.
std::vector<NameId> suggest_names(const NameList& names, std::string_view prefix, std::size_t limit);

// The words of a query as one name: "http client" is "http-client". Empty when there are none. Pure.
std::string name_wanted(const Query& query);

}  // namespace bodega::web
