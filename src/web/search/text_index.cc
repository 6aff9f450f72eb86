#include "web/search/text_index.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <unordered_set>

#include <xapian.h>

#include "base/text.h"
#include "web/search/expendable.h"
#include "web/search/name_query.h"
#include "web/search/spelling.h"
#include "web/search/text_query.h"
#include "web/search/text_terms.h"

namespace bodega::web {
namespace {

// Of terms and documents; another one means that the index is made anew.
constexpr const char* kSchema = "bodega 2";
// Matches are counted exactly up to here.
constexpr Xapian::doccount kCounted = 100'000;

tl::unexpected<Error> failure(const Xapian::Error& error) {
  const bool full =
      error.get_error_string() != nullptr && std::string_view(error.get_error_string()).find("No space") != std::string_view::npos;
  const Code code = full ? Code::no_space : Code::corrupt;
  return fail(code, "the search index cannot be used", error.get_description());
}

// Xapian speaks in exceptions; nothing beyond this file hears them.
template <class F>
auto guarded(F f) -> decltype(f()) {
  try {
    return f();
  } catch (const Xapian::Error& error) {
    return failure(error);
  }
}

TextHit shown(const StoredText& stored) {
  TextHit hit;
  hit.index = stored.index;
  hit.project = stored.project;
  hit.name = stored.name.empty() ? stored.project : stored.name;
  hit.version = stored.version;
  hit.docs_version = stored.docs_version;
  hit.released = stored.released;
  hit.origin = stored.origin;
  if (!stored.summary.empty()) hit.summary.push_back({stored.summary, false});
  return hit;
}

}  // namespace

struct TextIndex::State {
  std::filesystem::path directory;
  std::unique_ptr<Xapian::WritableDatabase> writer;  // between the first change and its commit
  bool lost = false;                                 // the writer was given up: nothing more is written here
  std::size_t uncommitted = 0;                       // bytes of text
  mutable std::mutex mutex;
  mutable std::vector<Xapian::Database> idle;  // open readers; at most as many as searched at once

  // Text that is not committed lies in memory, up to eighty times its size.
  void took(std::size_t bytes) {
    constexpr std::size_t kAtOnce = 256 << 10;
    uncommitted += bytes;
    if (uncommitted < kAtOnce) return;
    writer->commit();
    uncommitted = 0;
  }

  Xapian::WritableDatabase& changing() {
    if (!writer)
      writer = std::make_unique<Xapian::WritableDatabase>(directory.string(), Xapian::DB_CREATE_OR_OPEN | Xapian::DB_BACKEND_GLASS);
    return *writer;
  }

  // Every change goes this way. `f` may end in the middle for good, and with it the writer.
  Result<void> write(const std::function<Result<void>()>& f) {
    const auto gone = fail(Code::corrupt, "the search index met an error of the disk in the middle of a change");
    if (lost) return gone;
    Result<void> out;
    if (run_expendable([&out, &f] { out = guarded(f); }) == Outcome::finished) return out;
    lost = true;
    static_cast<void>(writer.release());
    return gone;
  }

  // f(database) on the last commit. A reader that is two commits behind is brought up to date and asked again.
  template <class F>
  auto read(F f) const -> decltype(f(std::declval<Xapian::Database&>())) {
    constexpr int kTries = 4;
    for (int tried = 1;; ++tried) {
      try {
        Xapian::Database database = take();
        database.reopen();
        auto out = f(database);
        const std::lock_guard lock(mutex);
        idle.push_back(std::move(database));
        return out;
      } catch (const Xapian::DatabaseModifiedError& error) {
        if (tried == kTries) return failure(error);
      } catch (const Xapian::Error& error) {
        return failure(error);
      }
    }
  }

 private:
  Xapian::Database take() const {
    {
      const std::lock_guard lock(mutex);
      if (!idle.empty()) {
        auto out = std::move(idle.back());
        idle.pop_back();
        return out;
      }
    }
    return Xapian::Database(directory.string());
  }
};

TextIndex::TextIndex(std::unique_ptr<State> state) : state_(std::move(state)) {}

// Xapian commits what was put and not committed. That does no harm: the note tells that it is not all.
TextIndex::~TextIndex() {
  if (!state_->writer) return;
  static_cast<void>(state_->write([this]() -> Result<void> {
    state_->writer.reset();
    return {};
  }));
}

Result<TextIndex::Opened> TextIndex::open(const std::filesystem::path& directory) {
  auto state = std::make_unique<State>();
  state->directory = directory;
  Opened out;
  std::error_code error;
  // Which Xapian writes last when it makes a database: without it, there was none yet.
  if (std::filesystem::exists(directory / "iamglass", error)) {
    const auto good = guarded([&]() -> Result<void> {
      Xapian::Database database(directory.string());
      if (database.get_metadata("schema") != kSchema) return fail(Code::corrupt, "another version wrote the search index");
      return {};
    });
    if (!good) out.damage = good.error().describe();
    out.fresh = !good;
  } else {
    out.fresh = true;
  }
  if (out.fresh) {
    std::filesystem::remove_all(directory, error);
    std::filesystem::create_directories(directory, error);
    BODEGA_TRY_VOID(guarded([&]() -> Result<void> {
      auto& writer = state->changing();
      writer.set_metadata("schema", kSchema);
      writer.commit();
      state->writer.reset();
      return {};
    }));
  }
  out.index = std::unique_ptr<TextIndex>(new TextIndex(std::move(state)));
  return out;
}

Result<void> TextIndex::put(const ProjectText& project) {
  return state_->write([&]() -> Result<void> {
    auto& writer = state_->changing();
    writer.delete_document(term_of("Q", path_of(project.index, project.project)));
    // The project's own document comes last: without it, pages are not shown.
    for (const auto& page : project.pages) {
      writer.add_document(page_document(project, page));
      state_->took(page.text.size());
    }
    writer.add_document(project_document(project));
    state_->took(project.description.size());
    return {};
  });
}

Result<void> TextIndex::remove(std::string_view index, std::string_view project) {
  return state_->write([&]() -> Result<void> {
    state_->changing().delete_document(term_of("Q", path_of(index, project)));
    return {};
  });
}

Result<void> TextIndex::remove_index(std::string_view index) {
  return state_->write([&]() -> Result<void> {
    state_->changing().delete_document(term_of("I", index));
    return {};
  });
}

Result<void> TextIndex::commit(std::string_view note) {
  return state_->write([&]() -> Result<void> {
    auto& writer = state_->changing();
    writer.set_metadata("note", std::string(note));
    writer.commit();
    state_->uncommitted = 0;
    state_->writer.reset();  // its buffers go, and the directory may be thrown away
    return {};
  });
}

std::string TextIndex::note() const {
  const auto out = state_->read([](const Xapian::Database& database) -> Result<std::string> { return database.get_metadata("note"); });
  return out.value_or("");
}

Result<std::vector<std::pair<std::string, std::string>>> TextIndex::stamps(std::string_view index) const {
  using Stamps = std::vector<std::pair<std::string, std::string>>;
  const std::string prefix = "P" + path_of(index, "");
  return state_->read([&prefix](const Xapian::Database& database) -> Result<Stamps> {
    Stamps out;
    for (auto term = database.allterms_begin(prefix); term != database.allterms_end(prefix); ++term) {
      const auto place = database.postlist_begin(*term);
      if (place == database.postlist_end(*term)) continue;
      out.emplace_back((*term).substr(prefix.size()), database.get_document(*place).get_value(kStampSlot));
    }
    return out;
  });
}

Result<std::string> TextIndex::stamp(std::string_view index, std::string_view project) {
  if (state_->lost) return fail(Code::corrupt, "the search index was given up");
  return guarded([&]() -> Result<std::string> {
    const auto& writer = state_->changing();
    const std::string term = term_of("P", path_of(index, project));
    const auto place = writer.postlist_begin(term);
    return place == writer.postlist_end(term) ? std::string() : writer.get_document(*place).get_value(kStampSlot);
  });
}

Result<std::vector<std::string>> TextIndex::indexes() const {
  return state_->read([](const Xapian::Database& database) -> Result<std::vector<std::string>> {
    std::vector<std::string> out;
    for (auto term = database.allterms_begin("I"); term != database.allterms_end("I"); ++term) out.push_back((*term).substr(1));
    return out;
  });
}

namespace {

// Whether several documents may stand for one project. Where none do, to look for them would be most of what a question costs that ten
// thousand projects answer.
bool has_documentation(const Xapian::Database& database) { return database.term_exists("Tpage"); }

Xapian::Enquire enquiry(const Xapian::Database& database, const Xapian::Query& query) {
  Xapian::Enquire enquire(database);
  enquire.set_query(query);
  // ln(occurrences) and nothing else: how many documents have a word, or how long they are on average, is told to nobody.
  enquire.set_weighting_scheme(Xapian::TfIdfWeight("lnn"));
  if (has_documentation(database)) enquire.set_collapse_key(kPathSlot);
  enquire.set_sort_by_value_then_relevance(kOriginSlot, true);
  return enquire;
}

// Counts projects: what Xapian says of collapsed matches is a guess.
class Projects final : public Xapian::MatchSpy {
 public:
  void operator()(const Xapian::Document& document, double) override { paths_.insert(document.get_value(kPathSlot)); }
  std::uint64_t count() const { return paths_.size(); }

 private:
  std::unordered_set<std::string> paths_;
};

struct Parts {
  Xapian::Query exact;
  Xapian::Query others;
};
Parts parts_of(const TextQuestion& question) {
  const Xapian::Query all = only_in(to_xapian(question.query), question.readable);
  if (question.exact.empty()) return {Xapian::Query::MatchNothing, all};
  const Xapian::Query named(term_of("E", question.exact));
  return {Xapian::Query(Xapian::Query::OP_FILTER, all, named), Xapian::Query(Xapian::Query::OP_AND_NOT, all, named)};
}

std::optional<StoredText> project_of(const Xapian::Database& database, const std::string& path) {
  const std::string term = term_of("P", path);
  const auto place = database.postlist_begin(term);
  if (place == database.postlist_end(term)) return std::nullopt;
  return read_stored(database.get_document(*place).get_data());
}

// A page of documentation may stand for its project.
void append_hits(const Xapian::Database& database, const Xapian::MSet& found, const Marker& marker, std::vector<TextHit>& out) {
  for (auto hit = found.begin(); hit != found.end(); ++hit) {
    const auto stored = project_of(database, hit.get_document().get_value(kPathSlot));
    if (!stored) continue;
    out.push_back(shown(*stored));
    out.back().summary = marker.mark(stored->summary);
  }
}

}  // namespace

Result<TextHits> TextIndex::search(const TextQuestion& question, std::size_t first, std::size_t count) const {
  return state_->read([&](const Xapian::Database& database) -> Result<TextHits> {
    TextHits out;
    const auto parts = parts_of(question);
    const Marker marker(question.query);
    const auto checked = std::min(database.get_doccount(), kCounted);
    // Beyond what is checked Xapian guesses, and its guess would tell of texts that are hidden from who asks.
    const bool one_by_one = has_documentation(database) || database.get_doccount() > checked;
    for (const auto* part : {&parts.exact, &parts.others}) {
      if (part == &parts.exact && (question.exact.empty() || !database.term_exists(term_of("E", question.exact)))) continue;
      auto enquire = enquiry(database, *part);
      Projects projects;
      if (one_by_one) enquire.add_matchspy(&projects);
      const std::uint64_t before = out.total;
      const std::size_t skip = first > before ? first - before : 0;
      const std::size_t wanted = count - out.hits.size();
      // Asked for none, Xapian looks at none.
      const auto found = enquire.get_mset(static_cast<Xapian::doccount>(std::min<std::size_t>(skip, kCounted)),
                                          static_cast<Xapian::doccount>(std::max<std::size_t>(wanted, 1)), checked);
      out.total += one_by_one ? projects.count() : found.get_matches_estimated();
      if (part == &parts.exact) out.exact = out.total;
      if (wanted > 0) append_hits(database, found, marker, out.hits);
    }
    return out;
  });
}

Result<std::vector<TextHit>> TextIndex::newest(const TextQuestion& question, std::size_t count) const {
  return state_->read([&](const Xapian::Database& database) -> Result<std::vector<TextHit>> {
    const Xapian::Query dated(Xapian::Query::OP_VALUE_GE, kReleasedSlot, "0");
    auto enquire = enquiry(database, Xapian::Query(Xapian::Query::OP_FILTER, only_in(to_xapian(question.query), question.readable), dated));
    enquire.set_sort_by_value(kReleasedSlot, true);
    std::vector<TextHit> out;
    append_hits(database, enquire.get_mset(0, static_cast<Xapian::doccount>(count)), Marker(question.query), out);
    return out;
  });
}

namespace {

void explain_project(const StoredText& stored, const Marker& marker, std::size_t limit, TextHit& hit) {
  const auto asked_for = [&marker](std::string_view type) {
    const auto& types = marker.types();
    return types.empty() || std::find(types.begin(), types.end(), type) != types.end();
  };
  const auto field = [&](const char* type, const std::string& text) {
    if (text.empty() || !asked_for(type)) return;
    auto excerpt = marker.excerpt(text);
    if (excerpt.empty()) return;
    ++hit.sub_total;
    if (hit.sub_hits.size() < limit) hit.sub_hits.push_back({type, {}, {}, std::move(excerpt)});
  };
  field("summary", stored.summary);
  field("keywords", stored.keywords);
  field("description", stored.description);
  field("author", stored.author);
  field("author_email", stored.author_email);
}

}  // namespace

Result<void> TextIndex::explain(const TextQuestion& question, TextHit& hit, std::size_t limit) const {
  return state_->read([&](const Xapian::Database& database) -> Result<void> {
    const Marker marker(question.query);
    const std::string path = path_of(hit.index, hit.project);
    if (const auto stored = project_of(database, path)) explain_project(*stored, marker, limit, hit);
    if (hit.docs_version.empty()) return {};
    const Xapian::Query here(Xapian::Query::OP_FILTER, to_xapian(question.query), Xapian::Query(term_of("Q", path)));
    Xapian::Enquire enquire(database);
    enquire.set_query(Xapian::Query(Xapian::Query::OP_FILTER, here, Xapian::Query("Tpage")));
    enquire.set_weighting_scheme(Xapian::TfIdfWeight("lnn"));
    const auto found = enquire.get_mset(0, static_cast<Xapian::doccount>(std::max<std::size_t>(limit, 1)), kCounted);
    hit.sub_total += found.get_matches_estimated();
    for (auto one = found.begin(); one != found.end() && hit.sub_hits.size() < limit; ++one) {
      const auto stored = read_stored(one.get_document().get_data());
      auto excerpt = marker.excerpt(stored.text);
      if (excerpt.empty()) excerpt = {{stored.text.substr(0, stored.text.find(' ', 160)), false}};
      hit.sub_hits.push_back({"page", stored.title, stored.path, std::move(excerpt)});
    }
    return {};
  });
}

Result<std::vector<KnownName>> TextIndex::mirrored_hits(const TextQuestion& question, std::size_t limit) const {
  return state_->read([&](const Xapian::Database& database) -> Result<std::vector<KnownName>> {
    if (!database.term_exists("Om")) return std::vector<KnownName>();
    const Xapian::Query all = only_in(to_xapian(question.query), question.readable);
    auto enquire = enquiry(database, Xapian::Query(Xapian::Query::OP_FILTER, all, Xapian::Query("Om")));
    const auto found = enquire.get_mset(0, static_cast<Xapian::doccount>(limit));
    std::vector<KnownName> out;
    for (auto one = found.begin(); one != found.end(); ++one) {
      const std::string path = one.get_document().get_value(kPathSlot);
      const auto slash = path.rfind('/');
      out.push_back({path.substr(slash + 1), path.substr(1, slash - 1)});
    }
    return out;
  });
}

Result<std::vector<KnownName>> TextIndex::names(std::string_view prefix, const std::vector<std::string>& readable, Origin origin,
                                                std::size_t limit) const {
  // Closed indexes must not make an answer slow, nor short: enough is looked at for a server with thousands of projects that begin alike.
  constexpr std::size_t kLookedAt = 20'000;
  const std::set<std::string_view> open(readable.begin(), readable.end());
  const std::string begin = std::string(origin == Origin::hosted ? "Mh" : "Mm") + std::string(prefix);
  return state_->read([&](const Xapian::Database& database) -> Result<std::vector<KnownName>> {
    std::vector<KnownName> out;
    std::size_t looked_at = 0;
    for (auto term = database.allterms_begin(begin); term != database.allterms_end(begin); ++term) {
      if (out.size() == limit || ++looked_at > kLookedAt) break;
      const std::string text = (*term).substr(2);
      const auto tab = text.find('\t');
      if (open.count(std::string_view(text).substr(tab + 1)) == 0) continue;
      out.push_back({text.substr(0, tab), text.substr(tab + 1)});
    }
    return out;
  });
}

Result<std::optional<std::string>> TextIndex::nearest_word(std::string_view raw, const std::vector<std::string>& readable) const {
  const std::string word = to_lower(raw);
  const std::size_t allowed = allowed_distance(word.size());
  using Found = std::optional<std::string>;
  if (allowed == 0) return Found();
  // Misspelt words mostly begin as they should.
  constexpr std::size_t kLookedAt = 20'000;
  return state_->read([&](const Xapian::Database& database) -> Result<Found> {
    std::vector<std::pair<std::size_t, std::string>> near;  // distance, term
    const auto look = [&](const std::string& begin, std::size_t prefix) {
      std::size_t looked_at = 0;
      for (auto term = database.allterms_begin(begin); term != database.allterms_end(begin) && ++looked_at < kLookedAt; ++term) {
        const std::string other = (*term).substr(prefix);
        const auto distance = other == word ? allowed + 1 : spelling_distance(word, other, allowed);
        if (distance <= allowed) near.emplace_back(distance, *term);
      }
    };
    look("N" + word.substr(0, 1), 1);
    look(word.substr(0, 2), 0);
    // The nearest that the reader may see somewhere.
    std::sort(near.begin(), near.end());
    constexpr std::size_t kTried = 50;
    for (std::size_t i = 0; i < std::min(near.size(), kTried); ++i) {
      Xapian::Enquire enquire(database);
      enquire.set_query(only_in(Xapian::Query(near[i].second), readable));
      if (enquire.get_mset(0, 1).empty()) continue;
      const auto& term = near[i].second;
      return Found(term.starts_with('N') ? term.substr(1) : term);
    }
    return Found();
  });
}

Result<std::optional<TextHit>> TextIndex::find(std::string_view index, std::string_view project) const {
  return state_->read([&](const Xapian::Database& database) -> Result<std::optional<TextHit>> {
    const auto stored = project_of(database, path_of(index, project));
    if (!stored) return std::optional<TextHit>();
    return std::optional<TextHit>(shown(*stored));
  });
}

std::uint64_t TextIndex::documents() const {
  const auto out = state_->read([](const Xapian::Database& database) -> Result<std::uint64_t> { return database.get_doccount(); });
  return out.value_or(0);
}

}  // namespace bodega::web
