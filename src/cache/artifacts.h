// Immutable files of an upstream: found in the store or fetched once for all who ask, streamed to every asker while they arrive, verified,
// kept. Home loop only.
#pragma once

#include <atomic>
#include <functional>
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
#include "store/claims.h"
#include "store/live_blob.h"

namespace bodega::cache {

struct ArtifactRequest {
  Url url;                   // where it comes from
  store::Expected expected;  // what the page says of it
  http::PrivateAddresses private_addresses = http::PrivateAddresses::refuse;
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
    store::Claims& claims;
    SpaceKeeper& space;
    Upstream& upstream;
    Pool& pool;
    const Clock& clock;
    Log& log;
    Loop& home;
  };
  explicit Artifacts(Dependencies use);

  // The source of a live artifact is one reader's. A file of at most this size may be read by several through one source.
  static constexpr std::uint64_t kShared = 1 << 20;

  // Resumes as soon as the first bytes can be sent (files up to the hold-back: when they are whole and right).
  // not_found: the upstream has no such file. upstream_*; corrupt as upstream_failed. Where there is no space to keep the file it passes
  // through memory (`whole` stays false); no_space only when too many do so at once.
  Task<Result<Artifact>> get(ArtifactRequest request);
  // The same, but resumes when the file is whole, verified and kept. Waits for the whole transfer. no_space: it cannot be kept.
  Task<Result<Artifact>> get_whole(ArtifactRequest request);
  // A blob of ours or the cache's by its digest, verified. A damaged cached one is moved away and not_found; a damaged hosted one is
  // corrupt.
  Task<Result<std::shared_ptr<const store::Blob>>> open(Digest digest);
  // Called with the digest of a file of ours that was found damaged.
  void on_damaged(std::function<void(const Digest&)> damaged) { damaged_ = std::move(damaged); }
  std::size_t filling() const { return fills_.size(); }
  std::uint64_t passed() const { return passed_; }  // files that were given out without being kept
  Task<void> close();

 private:
  struct Fill;
  using FillRef = std::shared_ptr<Fill>;

  Task<std::optional<Artifact>> find_stored(const ArtifactRequest& request);
  Task<void> fill(ArtifactRequest request, std::string key, FillRef fill);
  Task<void> prepare(FillRef fill);
  Task<Result<std::unique_ptr<store::BlobWriter>>> prepared(FillRef fill);
  Task<void> drop_place(FillRef fill);
  Task<Result<void>> start_fill(const ArtifactRequest& request, FillRef fill);
  void give_up(const ArtifactRequest& request, const FillRef& fill, Error why);
  Task<Result<void>> run_fill(const ArtifactRequest& request, FillRef fill);
  Task<Result<std::unique_ptr<store::BlobWriter>>> make_writer(const ArtifactRequest& request, FillRef fill);
  bool may_pass(const Error& error, const Fill& fill) const;
  void begin_passing(const ArtifactRequest& request, const FillRef& fill, const Error& why);
  Task<Result<void>> take_body(const ArtifactRequest& request, FillRef fill);
  Task<Result<void>> append(const ArtifactRequest& request, FillRef fill, std::string_view bytes);
  Task<void> wait_for_followers(FillRef fill);
  void leave_table(const std::string& key, const FillRef& fill);
  Task<Result<void>> resume(const ArtifactRequest& request, FillRef fill);
  Task<Result<void>> finish(const ArtifactRequest& request, FillRef fill);
  Task<Result<Artifact>> join(FillRef fill, http::CacheOutcome outcome);
  Task<Result<Artifact>> await_end(FillRef fill);
  // The fill under way or a new one.
  std::pair<FillRef, http::CacheOutcome> fill_for(ArtifactRequest request);

  Dependencies use_;
  std::unordered_map<std::string, FillRef> fills_;
  std::function<void(const Digest&)> damaged_;
  std::size_t passing_ = 0;
  std::uint64_t passed_ = 0;
  std::optional<MonoTime> said_passing_;
  TaskGroup tasks_;
};

}  // namespace bodega::cache
