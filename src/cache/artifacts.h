// Immutable files of an upstream: found in the store or fetched once for all who ask, streamed to every asker while they arrive, verified,
// kept. Home loop only.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "async/offload.h"
#include "async/task_group.h"
#include "base/log.h"
#include "cache/space.h"
#include "cache/upstream.h"
#include "catalog/catalog.h"
#include "http/client.h"
#include "http/message.h"
#include "store/blob_store.h"
#include "store/live_blob.h"

namespace bodega::cache {

struct ArtifactRequest {
  Url url;                   // where it comes from
  store::Expected expected;  // what the page says of it
};

struct Artifact {
  std::shared_ptr<const FileSource> source;
  std::optional<std::uint64_t> size;  // known for whole files and when page or upstream told it
  std::optional<Digest> digest;       // of whole files; of others as expected
  http::CacheOutcome outcome = http::CacheOutcome::hit;
  bool whole = false;    // may go into the hot table
  bool verified = true;  // false: the page gave no digest, only the length agreed
};

// Whether a fill goes on although nobody reads any more. Pure.
bool keep_filling(int readers, std::uint64_t written, std::optional<std::uint64_t> total);

class Artifacts {
 public:
  struct Dependencies {
    catalog::Catalog& catalog;
    store::BlobStore& store;
    SpaceKeeper& space;
    Upstream& upstream;
    Pool& pool;
    const Clock& clock;
    Log& log;
    Loop& home;
  };
  explicit Artifacts(Dependencies use);

  // Resumes as soon as the first bytes can be sent (files up to the hold-back: when they are whole and right).
  // not_found: the upstream has no such file. upstream_*; corrupt as upstream_failed; no_space.
  Task<Result<Artifact>> get(ArtifactRequest request);
  // The same, but resumes when the file is whole, verified and kept. Waits for the whole transfer.
  Task<Result<Artifact>> get_whole(ArtifactRequest request);
  // A blob of ours or the cache's by its digest, verified. A damaged cached one is moved away and not_found; a damaged hosted one is
  // corrupt.
  Task<Result<std::shared_ptr<const store::Blob>>> open(Digest digest);
  std::size_t filling() const { return fills_.size(); }
  Task<void> close() { return tasks_.close(); }

 private:
  struct Fill;
  using FillRef = std::shared_ptr<Fill>;

  Task<Result<std::optional<Artifact>>> find_stored(const ArtifactRequest& request);
  Task<void> fill(ArtifactRequest request, std::string key, FillRef fill);
  Task<Result<void>> start_fill(const ArtifactRequest& request, FillRef fill);
  Task<Result<void>> run_fill(const ArtifactRequest& request, FillRef fill);
  Task<Result<void>> take_body(FillRef fill);
  Task<Result<void>> resume(const ArtifactRequest& request, FillRef fill);
  Task<Result<void>> finish(const ArtifactRequest& request, FillRef fill);
  Task<Result<Artifact>> join(FillRef fill, http::CacheOutcome outcome);
  Task<Result<Artifact>> await_end(FillRef fill);
  // The fill under way or a new one.
  std::pair<FillRef, http::CacheOutcome> fill_for(ArtifactRequest request);

  Dependencies use_;
  std::unordered_map<std::string, FillRef> fills_;
  TaskGroup tasks_;
};

}  // namespace bodega::cache
