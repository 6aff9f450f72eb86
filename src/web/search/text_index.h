// The words of hosted projects (metadata, descriptions, documentation) and of what mirrors have cached, in Xapian. One document for each
// project, one for each page of its documentation.
//
// One thread at a time writes; any number read, each seeing the last commit. A commit is durable, and a crash leaves the one before. All of
// it can be made again: what is damaged is thrown away. Everything blocks.
//
// Nothing that a reader may not see has a part in his answer: not in the hits, the counts, the order (no statistics of the whole are used),
// nor in what is suggested.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "web/search/query.h"

namespace bodega::web {

struct DocPage {
  std::string path;  // in the archive
  std::string title;
  std::string text;
};

enum class Origin { hosted, mirrored };

// What is indexed of a project.
struct ProjectText {
  std::string index;    // "user/index"
  std::string project;  // normalised
  std::string name;     // as it is spelt
  std::string version;  // the newest
  Origin origin = Origin::hosted;
  std::string summary{};
  std::string keywords{};
  std::string author{};
  std::string author_email{};
  std::string description{};
  std::string license{};
  std::vector<std::string> classifiers{};
  std::vector<std::string> pythons{};  // "3.11"
  std::string released{};              // when its newest release appeared, RFC 3339 in UTC; may be empty
  std::string docs_version{};
  std::vector<DocPage> pages{};
  std::string stamp{};  // the owner's, to see whether something changed
};

// Text with places that matched.
struct Piece {
  std::string text;
  bool marked = false;
};
using Excerpt = std::vector<Piece>;

struct SubHit {
  std::string type;   // "summary", "keywords", "description", "author", "author_email", "page"
  std::string title;  // of a page
  std::string path;   // of a page, in the archive
  Excerpt excerpt;
};

struct TextHit {
  std::string index;
  std::string project;
  std::string name;
  std::string version;
  std::string docs_version;
  std::string released;
  Origin origin = Origin::hosted;
  Excerpt summary;
  std::vector<SubHit> sub_hits{};
  std::uint64_t sub_total = 0;
};

struct TextQuestion {
  Query query;
  std::vector<std::string> readable;  // indexes to look into, "user/index"
  std::string exact{};                // projects of this normalised name come first; may be empty
};

struct TextHits {
  std::uint64_t exact = 0;  // of them: projects with the exact name
  std::uint64_t total = 0;
  std::vector<TextHit> hits{};  // without sub-hits
};

struct KnownName {
  std::string name;   // normalised
  std::string index;  // "user/index"
};

class TextIndex {
 public:
  // Opens or makes it. `fresh`: nothing was there, or nothing that could be used.
  struct Opened;
  static Result<Opened> open(const std::filesystem::path& directory);
  ~TextIndex();

  // ---- the writer ----
  // In the place of what was there. Commits by itself when much text has come together.
  Result<void> put(const ProjectText& project);
  Result<void> remove(std::string_view index, std::string_view project);
  Result<void> remove_index(std::string_view index);
  // Readers see everything from now on. `note` comes back from note() of later starts.
  Result<void> commit(std::string_view note);
  std::string note() const;
  // The stamps of what is indexed, as of the last commit: (normalised project, stamp), by project.
  Result<std::vector<std::pair<std::string, std::string>>> stamps(std::string_view index) const;
  // Of one of them, with what is not committed yet; "" when it is not there.
  Result<std::string> stamp(std::string_view index, std::string_view project);
  Result<std::vector<std::string>> indexes() const;  // with at least one project

  // ---- readers ----
  Result<TextHits> search(const TextQuestion& question, std::size_t first, std::size_t count) const;
  // The projects with the newest releases of all that match, newest first, without sub-hits; those of which no release is dated are left
  // out.
  Result<std::vector<TextHit>> newest(const TextQuestion& question, std::size_t count) const;
  // The matching texts of one project that was found, best first, at most `limit`; sets sub_total.
  Result<void> explain(const TextQuestion& question, TextHit& hit, std::size_t limit) const;
  // Of the hits, mirrored projects ("user/index", normalised name), the exact ones too; at most `limit`.
  Result<std::vector<KnownName>> mirrored_hits(const TextQuestion& question, std::size_t limit) const;
  // Names that begin so, in order of the alphabet; only of `readable`, each pair of name and index once.
  Result<std::vector<KnownName>> names(std::string_view prefix, const std::vector<std::string>& readable, Origin origin,
                                       std::size_t limit) const;
  // The best other spelling of a word: a name, or a word of the texts.
  Result<std::optional<std::string>> nearest_word(std::string_view word, const std::vector<std::string>& readable) const;
  // What is shown of one project; nullopt: not indexed.
  Result<std::optional<TextHit>> find(std::string_view index, std::string_view project) const;

  std::uint64_t documents() const;  // as of the last commit; for metrics

 private:
  struct State;
  explicit TextIndex(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

struct TextIndex::Opened {
  std::unique_ptr<TextIndex> index;
  bool fresh = false;
  std::string damage{};  // why what was there was thrown away; empty: nothing was
};

}  // namespace bodega::web
