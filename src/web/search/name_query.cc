#include "web/search/name_query.h"

#include <algorithm>
#include <bit>
#include <numeric>
#include <span>

#include "base/text.h"
#include "web/search/part_finder.h"

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
    std::vector<std::uint64_t> among(names_.size() / 64 + 1, 0);  // a bit for each name
    for (const char c : std::string_view("-0123456789abcdefghijklmnopqrstuvwxyz")) {
      BODEGA_TRY_VOID(mirror_.grams->each(gram_of(test.text + c), [&among](NameId id) { among[id / 64] |= std::uint64_t{1} << id % 64; }));
    }
    NameSet out;
    for (std::size_t i = 0; i < among.size(); ++i) {
      for (auto bits = among[i]; bits != 0; bits &= bits - 1) out.ids.push_back(static_cast<NameId>(i * 64 + std::countr_zero(bits)));
    }
    return out;
  }

  // Names that begin with the text hold it, which is known by their place in the order.
  NameList::Range sure(const std::vector<std::string>& texts) const {
    if (texts.size() != 1) return {};
    const std::string_view text = texts[0];
    return names_.starting_with(text.substr(text.starts_with('-') ? 1 : 0));
  }

  Result<Ids> holding(const std::vector<std::string>& texts) const {
    std::vector<Gram> grams;
    for (const auto& text : texts) {
      const auto more = grams_of(text);
      grams.insert(grams.end(), more.begin(), more.end());
    }
    std::sort(grams.begin(), grams.end(), [this](Gram a, Gram b) { return mirror_.grams->size_of(a) < mirror_.grams->size_of(b); });
    Ids found;
    found.reserve(mirror_.grams->size_of(grams.front()));
    BODEGA_TRY_VOID(mirror_.grams->each(grams.front(), [&found](NameId id) { found.push_back(id); }));
    if (texts.size() == 1 && texts[0].size() == 3) return found;
    const auto known = sure(texts);
    const auto is_known = [known](NameId id) { return id >= known.begin && id < known.end; };
    for (std::size_t i = 1; i < grams.size(); ++i) {
      const auto open = static_cast<std::size_t>(std::count_if(found.begin(), found.end(), [&](NameId id) { return !is_known(id); }));
      // Reading a name costs as much as this many steps in a list.
      constexpr std::size_t kSteps = 5;
      if (mirror_.grams->size_of(grams[i]) > open * kSteps) break;
      if (grams[i] == grams[i - 1]) continue;
      BODEGA_TRY_VOID(keep(found, grams[i]));
    }
    const std::vector<PartFinder> parts(texts.begin(), texts.end());
    NameReader reader(names_);
    std::erase_if(found, [&](NameId id) {
      if (is_known(id)) return false;
      const auto padded = reader.padded(id);
      return !std::all_of(parts.begin(), parts.end(), [padded](const PartFinder& part) { return part.is_in(padded); });
    });
    return found;
  }

  // Of the names those that hold the gram too.
  Result<void> keep(Ids& ids, Gram gram) const {
    std::size_t from = 0;
    std::size_t kept = 0;
    BODEGA_TRY_VOID(mirror_.grams->each(gram, [&](NameId id) {
      while (from < ids.size() && ids[from] < id) ++from;
      if (from < ids.size() && ids[from] == id) ids[kept++] = id;
    }));
    ids.resize(kept);
    return {};
  }

  const MirrorNames& mirror_;
  const NameList& names_;
};

// Of the words and phrases that are asked for in text or name.
std::vector<std::string> forms_wanted(const Query& query) {
  std::vector<std::string> out;
  for (const auto& term : wanted_terms(query)) {
    if (term.field != SearchField::text && term.field != SearchField::name) continue;
    if (auto form = name_form(term.text); !form.empty()) out.push_back(std::move(form));
  }
  return out;
}

// The best of many by rank, the smaller the better: how the name stands to what is wanted, how well it is known, how long it is. The id
// stands in the low half, so that equals keep the order of the alphabet.
class Best {
 public:
  Best(const NameList& names, std::size_t limit) : names_(names), limit_(limit) {}

  void offer(NameId id, std::uint64_t tier) {
    ++offered_;
    const std::uint64_t rank = tier << 48U | std::uint64_t{63 - names_.weight(id)} << 40U | std::uint64_t{names_.length(id)} << 32U | id;
    if (ranks_.size() < limit_) {
      ranks_.push_back(rank);
      std::push_heap(ranks_.begin(), ranks_.end());
    } else if (limit_ > 0 && rank < ranks_.front()) {
      std::pop_heap(ranks_.begin(), ranks_.end());
      ranks_.back() = rank;
      std::push_heap(ranks_.begin(), ranks_.end());
    }
  }
  // What is offered from now on has no chance, when it is of a later tier.
  bool full() const { return offered_ >= limit_; }
  std::vector<std::uint64_t> sorted() && {
    std::sort_heap(ranks_.begin(), ranks_.end());
    return std::move(ranks_);
  }

 private:
  const NameList& names_;
  std::size_t limit_;
  std::size_t offered_ = 0;
  std::vector<std::uint64_t> ranks_;  // a heap, the worst in front
};
NameId id_of(std::uint64_t rank) { return static_cast<NameId>(rank & 0xFFFFFFFFU); }

// Calls each(id) for those of the set that lie in the range.
template <class Each>
void each_in(const NameSet& set, NameList::Range range, Each each) {
  auto at = std::lower_bound(set.ids.begin(), set.ids.end(), range.begin);
  if (!set.all_but) {
    for (; at != set.ids.end() && *at < range.end; ++at) each(*at);
    return;
  }
  for (NameId id = range.begin; id < range.end; ++id) {
    if (at != set.ids.end() && *at == id) {
      ++at;
    } else {
      each(id);
    }
  }
}

// Where names stand in the order says how they begin: most questions are answered without reading a single one.
void rank_set(const NameList& names, const NameSet& set, const std::vector<std::string>& forms, Best& best) {
  const std::string wanted = join(forms, "-");
  const std::string first = forms.empty() ? std::string() : forms.front();
  const auto begins = names.starting_with(wanted);
  each_in(set, begins, [&](NameId id) { best.offer(id, names.length(id) == wanted.size() ? 0 : 1); });
  if (best.full()) return;
  const auto wider = names.starting_with(first);  // around the other one
  const auto begins_with_first = [&](NameId id) { best.offer(id, 2); };
  each_in(set, {wider.begin, begins.begin}, begins_with_first);
  each_in(set, {begins.end, wider.end}, begins_with_first);
  if (best.full()) return;
  NameReader reader(names);
  const auto elsewhere = [&, part = PartFinder("-" + first)](NameId id) { best.offer(id, part.is_in(reader.padded(id)) ? 3 : 4); };
  each_in(set, {0, wider.begin}, elsewhere);
  each_in(set, {wider.end, names.size()}, elsewhere);
}

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
  BODEGA_TRY(const auto set, Evaluation(mirror).of(query));
  NameHits hits;
  hits.total = set.all_but ? names.size() - set.ids.size() : set.ids.size();
  Best best(names, limit);
  rank_set(names, set, forms_wanted(query), best);
  for (const auto one : std::move(best).sorted()) {
    hits.best.push_back(id_of(one));
    hits.ranks.push_back(one >> 32U);
  }
  return hits;
}

std::vector<NameId> suggest_names(const NameList& names, std::string_view prefix, std::size_t limit) {
  const auto range = names.starting_with(prefix);
  Best best(names, limit);
  for (NameId id = range.begin; id < range.end; ++id) best.offer(id, names.length(id) == prefix.size() ? 0 : 1);
  std::vector<NameId> out;
  for (const auto one : std::move(best).sorted()) out.push_back(id_of(one));
  return out;
}

}  // namespace bodega::web
