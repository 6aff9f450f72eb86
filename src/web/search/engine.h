// One answer out of the texts and the names of mirrors. Order: projects of the exact name, hosted before mirrored; then texts, hosted
// before mirrored; then names of mirrors. A project that several of them know stands once. Blocking; any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "web/search/name_query.h"
#include "web/search/text_index.h"

namespace bodega::web {

struct SearchQuestion {
  std::string text;                        // as written
  Query query;                             // with the filters that were chosen
  std::vector<std::string> readable;       // "user/index": nothing else has any part in the answer
  std::shared_ptr<const TextIndex> texts;  // may be null: being made
  std::vector<MirrorNames> mirrors;        // readable ones
};

inline constexpr std::size_t kHitsOnPage = 10;
inline constexpr std::size_t kSubHits = 3;
inline constexpr std::size_t kMaxPages = 100;  // nobody turns more pages than that

struct SearchResults {
  std::uint64_t total = 0;
  std::size_t page = 1;  // the one that is shown
  std::size_t pages = 1;
  std::vector<TextHit> hits;
  std::string did_you_mean;  // a better question; empty: none
};

// `page` counts from 1 and is brought into range.
Result<SearchResults> run_search(const SearchQuestion& question, std::size_t page);
// The hits first..first+count without sub-hits and other frills; sets `total`.
Result<std::vector<TextHit>> run_plain(const SearchQuestion& question, std::size_t first, std::size_t count, std::uint64_t& total);

// What a feed tells: the newest releases of all projects that match.
Result<std::vector<TextHit>> run_newest(const SearchQuestion& question, std::size_t count);

struct Suggestion {
  std::string name;
  std::string index;
};
Result<std::vector<Suggestion>> run_suggest(const SearchQuestion& question, std::string_view prefix, std::size_t limit);

}  // namespace bodega::web
