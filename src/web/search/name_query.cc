#include "web/search/name_query.h"

#include <algorithm>
#include <numeric>
#include <span>

#include "base/text.h"

namespace bodega::web {
namespace {

using Op = Query::Op;

// What a term asks of a name.
struct NameTest {
  enum class Shape { all, none, exact, begins, holds } shape = Shape::none;
  std::string text{};  // holds: a part of "-name-"
};
using Shape = NameTest::Shape;

NameTest constant(bool holds) { return {holds ? Shape::all : Shape::none}; }

// A field with one value for all names of the list.
NameTest against(const Term& term, std::string_view value) {
  const std::string wanted = to_lower(term.text);
  return constant(term.kind == Term::Kind::prefix ? value.starts_with(wanted) : value == wanted);
}

NameTest path_test(const Term& term, const std::string& stage) {
  const std::string_view wanted = term.text;
  if (!wanted.starts_with(stage)) return constant(term.kind == Term::Kind::prefix && std::string_view(stage).starts_with(wanted));
  const auto rest = wanted.substr(stage.size());
  if (term.kind == Term::Kind::prefix) return rest.empty() ? constant(true) : NameTest{Shape::begins, to_lower(rest)};
  return {Shape::exact, name_form(rest)};
}

NameTest word_test(const Term& term) {
  const std::string form = name_form(term.text);
  if (form.empty()) return constant(false);
  if (term.kind == Term::Kind::prefix) return {Shape::holds, "-" + form};
  if (form.size() >= 3 || term.kind == Term::Kind::phrase) return {Shape::holds, form.size() >= 3 ? form : "-" + form + "-"};
  return {Shape::holds, form.size() == 2 ? "-" + form : "-" + form + "-"};
}

NameTest test_of(const Term& term, std::string_view user, std::string_view index) {
  switch (term.field) {
    case SearchField::text: return word_test(term);
    case SearchField::name: {
      const std::string form = name_form(term.text);
      if (form.empty()) return constant(false);
      return {term.kind == Term::Kind::prefix ? Shape::begins : Shape::exact, form};
    }
    case SearchField::path: return path_test(term, "/" + std::string(user) + "/" + std::string(index) + "/");
    case SearchField::index: {
      const bool whole = term.text.find('/') != std::string::npos;
      return against(term, whole ? std::string(user) + "/" + std::string(index) : std::string(index));
    }
    case SearchField::user: return against(term, user);
    case SearchField::type: return against(term, "project");
    case SearchField::keywords:
    case SearchField::classifiers:
    case SearchField::summary:
    case SearchField::author:
    case SearchField::license:
    case SearchField::python: break;
  }
  return constant(false);
}

bool passes(const NameTest& test, std::string_view padded) {
  const auto name = padded.substr(1, padded.size() - 2);
  switch (test.shape) {
    case Shape::all: return true;
    case Shape::none: return false;
    case Shape::exact: return name == test.text;
    case Shape::begins: return name.starts_with(test.text);
    case Shape::holds: return padded.find(test.text) != std::string_view::npos;
  }
  return false;
}

bool holds(const Query& query, std::string_view user, std::string_view index, std::string_view padded) {
  const auto child = [&](const Query& one) { return holds(one, user, index, padded); };
  switch (query.op) {
    case Op::nothing: return false;
    case Op::everything: return true;
    case Op::term: return passes(test_of(query.term, user, index), padded);
    case Op::all_of: return std::all_of(query.children.begin(), query.children.end(), child);
    case Op::any_of: return std::any_of(query.children.begin(), query.children.end(), child);
    case Op::without: return child(query.children[0]) && !child(query.children[1]);
    case Op::maybe: return child(query.children[0]);
    case Op::negation: return !child(query.children[0]);
  }
  return false;
}

using Ids = std::vector<NameId>;

// These names, or all but these.
struct NameSet {
  Ids ids{};  // ascending
  bool all_but = false;
};

Ids both(const Ids& a, const Ids& b) {
  Ids out;
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(out));
  return out;
}
Ids either(const Ids& a, const Ids& b) {
  Ids out;
  std::set_union(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(out));
  return out;
}
Ids less(const Ids& a, const Ids& b) {
  Ids out;
  std::set_difference(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(out));
  return out;
}

NameSet both(const NameSet& a, const NameSet& b) {
  if (a.all_but && b.all_but) return {either(a.ids, b.ids), true};
  if (a.all_but) return {less(b.ids, a.ids)};
  if (b.all_but) return {less(a.ids, b.ids)};
  return {both(a.ids, b.ids)};
}
NameSet inverse(NameSet a) {
  a.all_but = !a.all_but;
  return a;
}

class Evaluation {
 public:
  explicit Evaluation(const MirrorNames& mirror) : mirror_(mirror), names_(*mirror.names) {}

  Result<NameSet> of(const Query& query) const {
    switch (query.op) {
      case Op::nothing: return NameSet{};
      case Op::everything: return NameSet{{}, true};
      case Op::term: return all_of({&query, 1});
      case Op::all_of: return all_of(query.children);
      case Op::any_of: return any_of(query.children);
      case Op::without: return without(query);
      case Op::maybe: return of(query.children[0]);
      case Op::negation: {
        BODEGA_TRY(auto inner, of(query.children[0]));
        return inverse(std::move(inner));
      }
    }
    return NameSet{};
  }

 private:
  Result<NameSet> any_of(std::span<const Query> parts) const {
    NameSet out;
    for (const auto& part : parts) {
      BODEGA_TRY(auto set, of(part));
      out = inverse(both(inverse(std::move(out)), inverse(std::move(set))));
    }
    return out;
  }

  Result<NameSet> without(const Query& query) const {
    BODEGA_TRY(const auto wanted, of(query.children[0]));
    BODEGA_TRY(auto unwanted, of(query.children[1]));
    return both(wanted, inverse(std::move(unwanted)));
  }

  // Words are looked up together: their rarest letters first, and what is left is read.
  Result<NameSet> all_of(std::span<const Query> parts) const {
    NameSet out{{}, true};
    std::vector<std::string> held;
    for (const auto& part : parts) {
      if (part.op != Op::term) {
        BODEGA_TRY(const auto set, of(part));
        out = both(out, set);
        continue;
      }
      auto test = test_of(part.term, mirror_.user, mirror_.index);
      if (test.shape == Shape::holds && mirror_.grams && test.text.size() >= 3) {
        held.push_back(std::move(test.text));
      } else {
        BODEGA_TRY(const auto set, simple(test));
        out = both(out, set);
      }
      if (!out.all_but && out.ids.empty()) return out;
    }
    if (held.empty()) return out;
    BODEGA_TRY(auto found, holding(held));
    return both(out, NameSet{std::move(found)});
  }

  static NameSet range(NameList::Range range) {
    NameSet out;
    out.ids.resize(range.end - range.begin);
    std::iota(out.ids.begin(), out.ids.end(), range.begin);
    return out;
  }

  Result<NameSet> simple(const NameTest& test) const {
    switch (test.shape) {
      case Shape::all: return NameSet{{}, true};
      case Shape::none: return NameSet{};
      case Shape::exact: {
        const auto id = names_.find(test.text);
        return id ? NameSet{{*id}} : NameSet{};
      }
      case Shape::begins: return range(names_.starting_with(test.text));
      case Shape::holds: break;
    }
    // One letter behind '-', or no letters to look up yet.
    if (!mirror_.grams) {
      const auto from = test.text.find_first_not_of('-');
      return range(names_.starting_with(std::string_view(test.text).substr(from)));
    }
    NameSet out;
    for (const char c : std::string_view("-0123456789abcdefghijklmnopqrstuvwxyz")) {
      Ids ids;
      BODEGA_TRY_VOID(mirror_.grams->read(gram_of(test.text + c), ids));
      out.ids = either(out.ids, ids);
    }
    return out;
  }

  Result<Ids> holding(const std::vector<std::string>& texts) const {
    std::vector<Gram> grams;
    for (const auto& text : texts) {
      const auto more = grams_of(text);
      grams.insert(grams.end(), more.begin(), more.end());
    }
    std::sort(grams.begin(), grams.end(), [this](Gram a, Gram b) { return mirror_.grams->size_of(a) < mirror_.grams->size_of(b); });
    Ids found;
    BODEGA_TRY_VOID(mirror_.grams->read(grams.front(), found));
    for (std::size_t i = 1; i < grams.size(); ++i) {
      // Reading a name costs as much as thirty steps in a list.
      if (grams[i] == grams[i - 1] || mirror_.grams->size_of(grams[i]) > found.size() * 30) continue;
      Ids more;
      BODEGA_TRY_VOID(mirror_.grams->read(grams[i], more));
      found = both(found, more);
    }
    if (texts.size() == 1 && texts[0].size() == 3) return found;
    std::erase_if(found, [this, &texts](NameId id) {
      const auto padded = names_.padded(id);
      return !std::all_of(texts.begin(), texts.end(),
                          [padded](const std::string& text) { return padded.find(text) != std::string_view::npos; });
    });
    return found;
  }

  const MirrorNames& mirror_;
  const NameList& names_;
};

// The smaller, the better: how the name stands to what is wanted, how well it is known, how long it is.
std::uint64_t rank(const NameList& names, NameId id, const std::string& wanted, const std::string& first) {
  const auto padded = names.padded(id);
  const auto name = padded.substr(1, padded.size() - 2);
  std::uint64_t tier = 4;
  if (name == wanted) {
    tier = 0;
  } else if (name.starts_with(wanted)) {
    tier = 1;
  } else if (name.starts_with(first)) {
    tier = 2;
  } else if (padded.find("-" + first) != std::string_view::npos) {
    tier = 3;
  }
  return tier << 48U | std::uint64_t{63 - names.weight(id)} << 40U | std::uint64_t{names.length(id)} << 32U | id;
}

// Of the words and phrases that are asked for in text or name.
std::vector<std::string> forms_wanted(const Query& query) {
  std::vector<std::string> out;
  for (const auto& term : wanted_terms(query)) {
    if (term.field != SearchField::text && term.field != SearchField::name) continue;
    if (auto form = name_form(term.text); !form.empty()) out.push_back(std::move(form));
  }
  return out;
}

// The id stands in the low half of a rank, so that equals keep the order of the alphabet.
void keep_best(std::vector<std::uint64_t>& ranked, std::size_t limit) {
  limit = std::min(limit, ranked.size());
  std::partial_sort(ranked.begin(), ranked.begin() + static_cast<std::ptrdiff_t>(limit), ranked.end());
  ranked.resize(limit);
}
NameId id_of(std::uint64_t rank) { return static_cast<NameId>(rank & 0xFFFFFFFFU); }

}  // namespace

std::string name_form(std::string_view text) {
  std::string out;
  for (const char raw : text) {
    const char c = ascii_lower(raw);
    if (static_cast<unsigned char>(c) >= 0x80) return {};
    const bool kept = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (kept) {
      out += c;
    } else if (!out.empty() && out.back() != '-') {
      out += '-';
    }
  }
  if (out.ends_with('-')) out.pop_back();
  return out;
}

std::string name_wanted(const Query& query) { return join(forms_wanted(query), "-"); }

bool holds_name(const Query& query, std::string_view user, std::string_view index, std::string_view name) {
  return holds(query, user, index, "-" + std::string(name) + "-");
}

Result<NameHits> search_names(const MirrorNames& mirror, const Query& query, std::size_t limit) {
  const NameList& names = *mirror.names;
  BODEGA_TRY(auto set, Evaluation(mirror).of(query));
  if (set.all_but) {
    Ids all(names.size());
    std::iota(all.begin(), all.end(), 0U);
    set.ids = less(all, set.ids);
  }
  NameHits hits;
  hits.total = set.ids.size();
  const auto forms = forms_wanted(query);
  const std::string wanted = join(forms, "-");
  const std::string first = forms.empty() ? std::string() : forms.front();
  std::vector<std::uint64_t> ranked;
  ranked.reserve(set.ids.size());
  for (const NameId id : set.ids) ranked.push_back(rank(names, id, wanted, first));
  keep_best(ranked, limit);
  for (const auto one : ranked) {
    hits.best.push_back(id_of(one));
    hits.ranks.push_back(one >> 32U);
  }
  return hits;
}

std::vector<NameId> suggest_names(const NameList& names, std::string_view prefix, std::size_t limit) {
  const auto range = names.starting_with(prefix);
  std::vector<std::uint64_t> ranked;
  ranked.reserve(range.end - range.begin);
  for (NameId id = range.begin; id < range.end; ++id) {
    const std::uint64_t exact = names.length(id) == prefix.size() ? 0 : 1;
    ranked.push_back(exact << 48U | std::uint64_t{63 - names.weight(id)} << 40U | std::uint64_t{names.length(id)} << 32U | id);
  }
  keep_best(ranked, limit);
  std::vector<NameId> out;
  for (const auto one : ranked) out.push_back(id_of(one));
  return out;
}

}  // namespace bodega::web
