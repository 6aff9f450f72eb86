// The list of all names of a mirror: hundreds of thousands of them, 40 to 50 MB as JSON. It never lies in memory: the upstream's bytes are
// scanned as they come and written out again as our JSON and HTML, which the first askers follow while they grow; then both are kept as
// blobs, plain and compressed. Home loop only; the work runs in the pool.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "async/offload.h"
#include "async/task_group.h"
#include "base/log.h"
#include "cache/artifacts.h"
#include "cache/flights.h"
#include "cache/freshness.h"
#include "cache/upstream.h"
#include "catalog/catalog.h"
#include "pypi/index/mirror.h"
#include "pypi/index/negotiate.h"

namespace bodega::pypi {

// One kept form of the list.
struct ListForm {
  PageFormat format = PageFormat::json;
  ContentEncoding encoding = ContentEncoding::identity;
  Digest digest;
  std::uint64_t size = 0;
};
// The document's body: a line for each form, "json gzip <sha256> <size>". Pure.
std::string encode_forms(const std::vector<ListForm>& forms, std::uint64_t last_serial);
struct KeptForms {
  std::vector<ListForm> forms;
  std::uint64_t last_serial = 0;
};
Result<KeptForms> decode_forms(std::string_view body);

struct ListAnswer {
  std::shared_ptr<const FileSource> source;
  std::optional<Digest> digest;  // of whole ones: they have an ETag
  ContentEncoding encoding = ContentEncoding::identity;
  std::uint64_t last_serial = 0;
  WallTime changed_at{};
  WallTime expires_at{};
  http::CacheOutcome outcome = http::CacheOutcome::hit;
};

class ProjectLists {
 public:
  struct Dependencies {
    catalog::Catalog& catalog;
    store::BlobStore& store;
    cache::Artifacts& artifacts;
    cache::SpaceKeeper& space;
    cache::Upstream& upstream;
    Pool& pool;
    const Clock& clock;
    Log& log;
    Loop& home;
  };
  ProjectLists(Dependencies use, cache::FreshnessRules rules);
  void set_rules(const cache::FreshnessRules& rules) { rules_ = rules; }

  // An old list is served while a new one is fetched; only the very first asker waits for the upstream, and only for its first bytes.
  Task<Result<ListAnswer>> get(MirrorSource source, PageFormat format, ContentEncoding wanted);
  // The list with these names in front, each name once. Waits for a list that still grows.
  Task<Result<ListAnswer>> with_names(ListAnswer list, std::vector<std::string> names, PageFormat format);
  // Called after the list became another one.
  void on_change(std::function<void(const std::string& index)> changed) { changed_ = std::move(changed); }
  Task<void> close() { return tasks_.close(); }

 private:
  struct Build;
  using BuildRef = std::shared_ptr<Build>;
  using RowRef = std::shared_ptr<const catalog::DocumentRow>;

  Task<RowRef> kept(std::string index);
  Task<Result<ListAnswer>> from_kept(RowRef row, PageFormat format, ContentEncoding wanted);
  Task<Result<ListAnswer>> from_build(BuildRef build, PageFormat format);
  BuildRef begin(const MirrorSource& source, RowRef old);
  Task<void> refresh(MirrorSource source, RowRef old, BuildRef build);
  Task<Result<void>> fetch(const MirrorSource& source, RowRef old, BuildRef build);
  Task<Result<void>> take(BuildRef build, http::FetchResponse response);
  Task<Result<void>> keep(const MirrorSource& source, BuildRef build, const http::FetchResponse& response, RowRef old);
  Task<Result<void>> not_modified(const http::FetchResponse& response, RowRef old);

  Dependencies use_;
  cache::FreshnessRules rules_;
  std::unordered_map<std::string, BuildRef> builds_;  // by index; a list in the making
  std::function<void(const std::string&)> changed_;
  TaskGroup tasks_;
};

}  // namespace bodega::pypi
