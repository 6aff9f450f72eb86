// Faster than direct: a resolver asks for a page, then for the metadata of the release it likes, then for the pages of what that needs, one
// wait for the upstream after the other. Once its first page had to be fetched, the rest is fetched ahead of it, as the pages and the
// metadata tell what comes next. Never a name that is private or blocked for the index that was asked; a bounded number at once and in
// all; files are left alone. Home loop only.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "async/offload.h"
#include "async/task_group.h"
#include "base/log.h"
#include "catalog/catalog.h"
#include "pypi/format/environment.h"
#include "pypi/format/requirement.h"
#include "pypi/index/mirror.h"
#include "pypi/index/registry.h"

namespace bodega::pypi {

class Prefetch {
 public:
  struct Dependencies {
    catalog::Catalog& catalog;
    Registry& registry;
    Mirrors& mirrors;
    Pool& pool;
    const Clock& clock;
    Log& log;
    Loop& home;
  };
  struct Counters {
    std::uint64_t pages = 0;     // fetched ahead
    std::uint64_t metadata = 0;  // likewise
    std::uint64_t bytes = 0;     // of both, as kept
    std::uint64_t used = 0;      // of these, asked for later
    std::uint64_t used_bytes = 0;
    std::uint64_t wasted = 0;  // never asked for within ten minutes
    std::uint64_t wasted_bytes = 0;
  };
  explicit Prefetch(Dependencies use);

  // A page went out to a client. `outcome` tells whether the upstream had to be asked: only then there is something to gain.
  void page_served(const IndexRef& index, const std::string& name, std::string_view user_agent, http::CacheOutcome outcome);
  // The metadata sibling of a file went out.
  void metadata_served(const IndexRef& index, const std::string& filename, std::string_view user_agent, const cache::Artifact& artifact);

  Counters counters();
  Task<void> close() { return tasks_.close(); }

 private:
  // What all jobs of one client's walk share.
  struct Walk {
    IndexRef index;
    Environment environment;
    std::size_t left;  // jobs it may still start
  };
  struct Job {
    std::shared_ptr<Walk> walk;
    Requirement wanted;
  };
  struct Ahead {
    std::uint64_t bytes = 0;
    MonoTime at{};
  };

  std::shared_ptr<Walk> begin(const IndexRef& index, std::string_view user_agent) const;
  void add(Job job);
  void start_waiting();
  Task<void> run(Job job);
  Task<void> follow_page(const Job& job);
  Task<void> follow_metadata(std::shared_ptr<Walk> walk, std::shared_ptr<const FileSource> source, std::vector<std::string> extras);
  Task<void> follow_served(std::shared_ptr<Walk> walk, std::shared_ptr<const FileSource> source);
  // The mirror that answers for the name in this index; none when it is private, blocked or nobody's.
  Task<Result<std::vector<IndexRef>>> mirrors_for(IndexRef index, std::string name);
  void note(std::string key, std::uint64_t bytes);
  void mark_used(const std::string& key);
  void drop_old();

  Dependencies use_;
  std::deque<Job> waiting_;
  std::size_t running_ = 0;
  std::unordered_map<std::string, MonoTime> seen_;    // walked lately: "index|name[extras]|python"
  std::unordered_map<std::string, Ahead> ahead_;      // fetched and not asked for yet, by project or file name
  std::deque<std::pair<MonoTime, std::string>> age_;  // of ahead_, oldest first
  Counters counters_;
  TaskGroup tasks_;
};

}  // namespace bodega::pypi
