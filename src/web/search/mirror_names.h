// The names of all mirrors, kept in step with the lists that were fetched: made in the background, stored in files, loaded at the start.
// Home loop only; the work runs in a quiet pool.
#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "async/offload.h"
#include "async/task_group.h"
#include "base/log.h"
#include "catalog/catalog.h"
#include "pypi/index/project_lists.h"
#include "pypi/index/registry.h"
#include "store/blob_store.h"
#include "web/search/name_query.h"

namespace bodega::web {

class MirrorNameKeeper {
 public:
  struct Dependencies {
    catalog::Catalog& catalog;
    store::BlobStore& store;
    pypi::Registry& registry;
    pypi::ProjectLists& lists;
    Pool& quiet;
    const Clock& clock;
    Log& log;
    Loop& home;
  };
  MirrorNameKeeper(Dependencies use, std::filesystem::path directory);

  // Loads what is there, makes what is missing or old, removes what belongs to no mirror any more.
  void start();
  Task<void> close() { return tasks_.close(); }

  // The list of a mirror became another one, or the mirror itself.
  void changed(const std::string& index);
  // Somebody searches: sees to it that the lists of these mirrors have been fetched, and are young. Mirrors do not fetch them by
  // themselves, because a server whose people never search has no use for them.
  void wanted(const std::vector<std::string>& mirrors);

  // Of this mirror, if there are any.
  const MirrorNames* find(const std::string& index) const;
  bool busy() const { return !at_work_.empty() || tasks_.running() > 0; }

  struct Counters {
    std::uint64_t names = 0;
    std::uint64_t bytes = 0;   // in memory
    std::uint64_t builds = 0;  // since the start
  };
  Counters counters() const;

 private:
  struct Files {
    std::filesystem::path names;
    std::filesystem::path grams;
  };
  Files files_of(const std::string& index) const;
  Task<void> begin();
  Task<void> work_on(std::string index);
  Task<Result<void>> refresh(std::string index);
  Task<Result<void>> load(std::string index);
  Task<Result<void>> make(std::string index, Digest list);
  Task<Result<void>> add_grams(MirrorNames names);
  Task<void> drop(std::string index);
  Task<void> ask_for_list(std::string index);

  Dependencies use_;
  std::filesystem::path directory_;
  std::map<std::string, MirrorNames> names_;
  std::set<std::string> at_work_;
  std::set<std::string> again_;  // changed while at work
  std::map<std::string, MonoTime> asked_for_;
  std::uint64_t builds_ = 0;
  TaskGroup tasks_;
};

}  // namespace bodega::web
