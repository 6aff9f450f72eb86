#include "web/search/engine.h"

#include <algorithm>
#include <set>

#include "base/text.h"
#include "web/search/spelling.h"

namespace bodega::web {
namespace {

// Mirrored projects that are found by their texts are looked for among the names too, to show them once. More are cached nowhere that one
// question would find.
constexpr std::size_t kMaxOverlap = 1000;

TextHit named(const MirrorNames& mirror, NameId id) {
  TextHit hit;
  hit.index = mirror.key();
  hit.project = mirror.names->name(id);
  hit.name = hit.project;
  hit.origin = Origin::mirrored;
  return hit;
}

// A question with what it takes to lay its parts behind each other.
class Search {
 public:
  explicit Search(const SearchQuestion& question)
      : question_(question), text_question_{question.query, question.readable, name_wanted(question.query)} {}

  // Counts everything; hits() can give the first `reach` of it then. Mostly these are asked for: first, count.
  Result<void> measure(std::size_t reach, std::size_t first, std::size_t count) {
    if (question_.texts) {
      BODEGA_TRY(auto found, question_.texts->search(text_question_, first, count));
      likely_ = {first, count, std::move(found.hits)};
      exact_texts_ = found.exact;
      texts_ = found.total;
      BODEGA_TRY_VOID(find_overlap());
    }
    find_exact_names();
    for (const auto& mirror : question_.mirrors) {
      BODEGA_TRY(auto hits, search_names(mirror, question_.query, reach + overlap_.size() + 1));
      const auto known = static_cast<std::uint64_t>(
          std::count_if(overlap_.begin(), overlap_.end(), [&mirror](const auto& one) { return one.first == mirror.key(); }));
      names_ += hits.total - std::min(hits.total, known);
      of_mirrors_.push_back(std::move(hits));
    }
    names_ -= std::min<std::uint64_t>(names_, exact_names_.size());
    return {};
  }
  std::uint64_t total() const { return texts_ + exact_names_.size() + names_; }

  Result<std::vector<TextHit>> hits(std::size_t first, std::size_t count) {
    std::vector<TextHit> out;
    std::size_t at = first;
    const auto left = [&] { return count - out.size(); };
    if (at < exact_texts_) BODEGA_TRY_VOID(take_texts(at, std::min<std::size_t>(left(), exact_texts_ - at), at, out));
    std::size_t before = exact_texts_;
    for (; left() > 0 && at >= before && at - before < exact_names_.size(); ++at) out.push_back(exact_names_[at - before]);
    before += exact_names_.size();
    const std::size_t other_texts = texts_ - exact_texts_;
    if (left() > 0 && at >= before && at - before < other_texts) {
      BODEGA_TRY_VOID(take_texts(exact_texts_ + at - before, std::min(left(), other_texts - (at - before)), at, out));
    }
    before += other_texts;
    if (left() > 0 && at >= before) take_names(at - before, left(), out);
    return out;
  }

  const TextQuestion& text_question() const { return text_question_; }

 private:
  Result<void> take_texts(std::size_t from, std::size_t count, std::size_t& at, std::vector<TextHit>& out) {
    if (count == 0) return {};
    if (from >= likely_.first && from + count <= likely_.first + likely_.count) {
      at += count;
      for (std::size_t i = from - likely_.first; i < std::min(from - likely_.first + count, likely_.hits.size()); ++i) {
        out.push_back(likely_.hits[i]);
      }
      return {};
    }
    BODEGA_TRY(auto found, question_.texts->search(text_question_, from, count));
    at += count;
    std::move(found.hits.begin(), found.hits.end(), std::back_inserter(out));
    return {};
  }

  Result<void> find_overlap() {
    if (question_.mirrors.empty()) return {};
    BODEGA_TRY(const auto known, question_.texts->mirrored_hits(text_question_, kMaxOverlap));
    for (const auto& one : known) {
      const auto mirror = std::find_if(question_.mirrors.begin(), question_.mirrors.end(),
                                       [&one](const MirrorNames& candidate) { return candidate.key() == one.index; });
      if (mirror == question_.mirrors.end() || !holds_name(question_.query, mirror->user, mirror->index, one.name)) continue;
      if (mirror->names->find(one.name)) overlap_.emplace(one.index, one.name);
    }
    return {};
  }

  void find_exact_names() {
    const auto& name = text_question_.exact;
    if (name.empty()) return;
    for (const auto& mirror : question_.mirrors) {
      const auto id = mirror.names->find(name);
      if (!id || overlap_.count({mirror.key(), name}) > 0) continue;
      if (holds_name(question_.query, mirror.user, mirror.index, name)) exact_names_.push_back(named(mirror, *id));
    }
  }

  void take_names(std::size_t skip, std::size_t count, std::vector<TextHit>& out) {
    struct Candidate {
      std::uint64_t rank;
      const MirrorNames* mirror;
      NameId id;
    };
    std::vector<Candidate> candidates;
    for (std::size_t m = 0; m < of_mirrors_.size(); ++m) {
      const auto& mirror = question_.mirrors[m];
      const auto& hits = of_mirrors_[m];
      for (std::size_t i = 0; i < hits.best.size(); ++i) {
        const auto name = mirror.names->name(hits.best[i]);
        if (name == text_question_.exact || overlap_.count({mirror.key(), std::string(name)}) > 0) continue;
        candidates.push_back({hits.ranks[i], &mirror, hits.best[i]});
      }
    }
    std::stable_sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) { return a.rank < b.rank; });
    for (std::size_t i = skip; i < std::min(candidates.size(), skip + count); ++i) {
      out.push_back(named(*candidates[i].mirror, candidates[i].id));
    }
  }

  const SearchQuestion& question_;
  TextQuestion text_question_;
  std::uint64_t exact_texts_ = 0;
  std::uint64_t texts_ = 0;
  std::uint64_t names_ = 0;
  struct Likely {
    std::size_t first = 0;
    std::size_t count = 0;
    std::vector<TextHit> hits{};
  };
  Likely likely_;
  std::vector<NameHits> of_mirrors_;  // in the order of the question's mirrors
  std::vector<TextHit> exact_names_;
  std::set<std::pair<std::string, std::string>> overlap_;  // index, name: texts that are names of a mirror too
};

// What is nearer, then better known.
void take_better(std::optional<Nearby>& best, std::optional<Nearby> other) {
  const bool better =
      other && (!best || other->distance < best->distance || (other->distance == best->distance && other->weight > best->weight));
  if (better) best = std::move(other);
}

// For a word that means something. Names that differ by a letter from a name that hundreds build on are mostly mistakes, or lie in wait
// for them.
std::string better_known_word(const SearchQuestion& question, const std::string& form) {
  constexpr unsigned kWellKnown = 5;
  std::optional<Nearby> best;
  unsigned own = 0;
  for (const auto& mirror : question.mirrors) {
    if (const auto id = mirror.names->find(form)) own = std::max(own, mirror.names->weight(*id));
    take_better(best, neighbour_of(*mirror.names, form));
  }
  return best && best->weight >= own + kWellKnown ? best->name : std::string();
}

// The best other word, when it is worth telling.
Result<std::string> better_word(const SearchQuestion& question, const std::string& word, bool found_something) {
  const std::string form = name_form(word);
  if (found_something) return better_known_word(question, form);
  if (question.texts) {
    BODEGA_TRY(auto near, question.texts->nearest_word(word, question.readable));
    if (near) return std::move(*near);
  }
  std::optional<Nearby> best;
  for (const auto& mirror : question.mirrors) {
    if (mirror.names->find(form)) return std::string();
    BODEGA_TRY(auto near, nearest_name(mirror, form));
    take_better(best, std::move(near));
  }
  return best ? best->name : std::string();
}

Result<std::string> better_question(const SearchQuestion& question, std::uint64_t total) {
  std::vector<Term> words;
  for (auto& term : wanted_terms(question.query)) {
    const bool plain = (term.field == SearchField::text || term.field == SearchField::name) && term.kind == Term::Kind::word;
    if (plain) words.push_back(std::move(term));
  }
  constexpr std::size_t kMaxWords = 3;
  if (words.empty() || words.size() > kMaxWords || (total > 0 && words.size() > 1)) return std::string();
  std::string out = question.text;
  bool changed = false;
  for (const auto& word : words) {
    bool found = total > 0;
    if (words.size() > 1) {
      SearchQuestion alone = question;
      alone.query = Query{Query::Op::term, word, {}};
      std::uint64_t matches = 0;
      BODEGA_TRY_VOID(run_plain(alone, 0, 0, matches));
      found = matches > 0;
    }
    if (found && words.size() > 1) continue;
    BODEGA_TRY(const auto better, better_word(question, word.text, found));
    const auto at = out.find(word.text);
    if (better.empty() || at == std::string::npos) continue;
    out.replace(at, word.text.size(), better);
    changed = true;
  }
  return changed ? out : std::string();
}

bool names_a_path(const Query& query) {
  const auto terms = wanted_terms(query);
  return std::any_of(terms.begin(), terms.end(), [](const Term& term) { return term.field == SearchField::path; });
}

}  // namespace

Result<std::vector<TextHit>> run_plain(const SearchQuestion& question, std::size_t first, std::size_t count, std::uint64_t& total) {
  Search search(question);
  BODEGA_TRY_VOID(search.measure(first + count, first, count));
  total = search.total();
  return search.hits(first, count);
}

Result<SearchResults> run_search(const SearchQuestion& question, std::size_t page) {
  SearchResults out;
  if (question.query.empty()) return out;
  Search search(question);
  const std::size_t likely = std::clamp<std::size_t>(page, 1, kMaxPages);
  BODEGA_TRY_VOID(search.measure(likely * kHitsOnPage, (likely - 1) * kHitsOnPage, kHitsOnPage));
  out.total = search.total();
  out.pages = static_cast<std::size_t>(std::min<std::uint64_t>((out.total + kHitsOnPage - 1) / kHitsOnPage, kMaxPages));
  out.pages = std::max<std::size_t>(out.pages, 1);
  out.page = std::clamp<std::size_t>(page, 1, out.pages);
  BODEGA_TRY(out.hits, search.hits((out.page - 1) * kHitsOnPage, kHitsOnPage));
  // Who asks for one project sees all its texts.
  constexpr std::size_t kAllSubHits = 100;
  const std::size_t limit = names_a_path(question.query) ? kAllSubHits : kSubHits;
  for (auto& hit : out.hits) {
    if (question.texts && !hit.version.empty()) BODEGA_TRY_VOID(question.texts->explain(search.text_question(), hit, limit));
  }
  if (out.page == 1) {
    BODEGA_TRY(out.did_you_mean, better_question(question, out.total));
  }
  return out;
}

Result<std::vector<TextHit>> run_newest(const SearchQuestion& question, std::size_t count) {
  if (!question.texts || question.query.empty()) return std::vector<TextHit>();
  return question.texts->newest({question.query, question.readable}, count);
}

Result<std::vector<Suggestion>> run_suggest(const SearchQuestion& question, std::string_view raw, std::size_t limit) {
  std::vector<Suggestion> out;
  std::string prefix = name_form(raw);
  if (prefix.empty()) return out;
  if (raw.ends_with('-') || raw.ends_with('_') || raw.ends_with('.')) prefix += '-';
  const auto known = [&out](std::string_view name) {
    return std::any_of(out.begin(), out.end(), [name](const Suggestion& one) { return one.name == name; });
  };
  if (question.texts) {
    BODEGA_TRY(const auto hosted, question.texts->names(prefix, question.readable, Origin::hosted, limit));
    for (const auto& one : hosted) {
      if (!known(one.name)) out.push_back({one.name, one.index});
    }
  }
  for (const auto& mirror : question.mirrors) {
    for (const NameId id : suggest_names(*mirror.names, prefix, limit)) {
      const auto name = mirror.names->name(id);
      if (out.size() < limit && !known(name)) out.push_back({std::string(name), mirror.key()});
    }
  }
  if (question.mirrors.empty() && question.texts) {
    BODEGA_TRY(const auto cached, question.texts->names(prefix, question.readable, Origin::mirrored, limit));
    for (const auto& one : cached) {
      if (out.size() < limit && !known(one.name)) out.push_back({one.name, one.index});
    }
  }
  return out;
}

}  // namespace bodega::web
