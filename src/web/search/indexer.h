// Keeps the index of a server's search in step with what the server holds. One writer: work is done piece by piece in a quiet pool of one
// thread, in the background from the start on; what is indexed so far answers meanwhile.
//
// The catalog's serial up to which everything is indexed is kept in the index. A start that finds its serial there has nothing to do;
// after a crash every hosted project's stamp is compared and what differs is indexed again.
//
// Home loop only.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "async/offload.h"
#include "async/signal.h"
#include "async/task_group.h"
#include "async/timers.h"
#include "base/log.h"
#include "catalog/catalog.h"
#include "pypi/index/registry.h"
#include "store/blob_store.h"
#include "web/search/indexed.h"
#include "web/search/mirror_names.h"
#include "web/search/project_text.h"
#include "web/search/text_index.h"

namespace bodega::web {

// How long the indexer rests after a batch, while changes gather for the next: each commit is five syncs, which uploads have to wait for.
// Nine tenths of the time; nobody notices a second.
Duration rest_after(Duration batch);

class Indexer {
 public:
  struct Dependencies {
    catalog::Catalog& catalog;
    store::BlobStore& store;
    pypi::Registry& registry;
    pypi::ProjectLists& lists;
    Pool& quiet;  // one thread
    Timers& timers;
    const Clock& clock;
    Log& log;
    Loop& home;
    // Names of a mirror that is used are fetched by themselves after so long without a new page; nullopt: when somebody searches.
    std::optional<Duration> names_after = std::nullopt;
  };
  // Everything lies below `directory`, which may be thrown away whenever the server is not running.
  Indexer(Dependencies use, Indexed what, std::filesystem::path directory);

  void start();
  Task<void> close();

  // A fact of cache::Dependencies was revoked: "project:user/index/name", "list:user/index", "index:user/index".
  void fact_changed(std::string_view fact);
  // A reader found the texts damaged: they are thrown away and made anew.
  void texts_damaged();
  void wanted(const std::vector<std::string>& mirrors) { names_.wanted(mirrors); }

  Indexed what() const { return what_; }
  std::shared_ptr<const TextIndex> texts() const { return texts_; }  // null: none yet
  const MirrorNames* names_of(const std::string& index) const { return names_.find(index); }
  // Nothing waits and nothing is missing, as far as is known.
  bool whole() const { return whole_ && due_.empty() && !names_.busy(); }

  struct Counters {
    std::uint64_t documents = 0;  // in the text index
    std::uint64_t waiting = 0;    // projects
    std::uint64_t indexed = 0;    // projects, since the start
    std::uint64_t rebuilds = 0;   // of damaged indexes
    MirrorNameKeeper::Counters names{};
  };
  Counters counters() const;

 private:
  using ProjectKey = std::pair<std::string, std::string>;  // "user/index", normalised name

  Task<void> run();
  Task<Result<void>> open();
  Task<Result<void>> reconcile();
  Task<Result<void>> reconcile_hosted(std::string index, bool fresh);
  Task<Result<void>> reconcile_mirror(std::string index);
  void want_names_later(const std::string& index);
  void fetch_names_due();
  Task<void> look_after_indexes();
  Task<Result<void>> index_some();
  Task<Result<void>> index_one(ProjectKey key);
  Task<Result<void>> index_hosted(ProjectKey key);
  Task<Result<void>> index_mirrored(ProjectKey key);
  Task<Result<void>> remove(ProjectKey key);
  Task<Result<void>> commit(std::string note);
  Task<void> give_back();
  Task<void> settle();
  Task<void> wait();
  Task<void> pause();
  void add(ProjectKey key, MonoTime due);
  std::optional<ProjectKey> take_due();
  std::optional<MonoTime> next_due() const;
  std::vector<std::string> existing_indexes() const;
  std::string serial_note(catalog::Serial serial) const;

  Dependencies use_;
  Indexed what_;
  std::filesystem::path directory_;
  MirrorNameKeeper names_;
  std::shared_ptr<TextIndex> texts_;
  bool fresh_ = false;
  bool damaged_ = false;
  bool whole_ = false;
  struct Earlier {
    bool operator()(const std::pair<MonoTime, const ProjectKey*>& a, const std::pair<MonoTime, const ProjectKey*>& b) const {
      return a.first != b.first ? a.first < b.first : *a.second < *b.second;
    }
  };
  std::map<ProjectKey, MonoTime> due_;
  std::set<std::pair<MonoTime, const ProjectKey*>, Earlier> in_order_;  // all of due_
  std::map<std::string, MonoTime> names_due_;  // of mirrors that are used, and whose names nobody has asked for yet
  std::set<std::string> indexes_;              // that became other ones
  Signal work_;
  std::string noted_;  // what the index has
  catalog::Serial settling_ = 0;
  MonoTime settled_at_{};
  MonoTime rests_until_{};  // unless a whole batch waits
  std::uint64_t documents_ = 0;
  std::uint64_t indexed_ = 0;
  std::uint64_t rebuilds_ = 0;
  std::uint64_t given_back_ = 0;  // of indexed_: how many were done when memory was given back
  TaskGroup tasks_;
};

}  // namespace bodega::web
