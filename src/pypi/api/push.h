// Push: copying a release to another index of this server, or sending it to another server. docs/protocols/devpi.md tells the wire.
// Home loop only.
//
// Within the server all files, metadata, documentation and test results go over in one transaction. What lies on a mirror is fetched whole
// first. Who may upload to the target may push to it, of whatever they may read.
//
// To another server: the client names the address. Anonymous clients cannot make this server send anything anywhere; known users need the
// right to upload to the index they push from, of a mirror the right to modify it. Private addresses are allowed to them, because operators
// push between servers of their own. Redirects are not followed, credentials go to the named origin only and never into a log, and a push
// ends after kSendFor whether or not its client still waits.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "access/authenticator.h"
#include "access/decision.h"
#include "access/gate.h"
#include "async/offload.h"
#include "base/log.h"
#include "cache/artifacts.h"
#include "cache/dependencies.h"
#include "catalog/catalog.h"
#include "http/client.h"
#include "http/message.h"
#include "pypi/api/push_form.h"
#include "pypi/api/push_record.h"
#include "pypi/api/push_source.h"
#include "pypi/api/push_wish.h"
#include "pypi/index/mirror.h"
#include "pypi/index/readers.h"
#include "pypi/index/registry.h"
#include "pypi/route.h"
#include "store/blob_store.h"
#include "store/claims.h"

namespace bodega::pypi {

// Whether a POST to an index is a push and not an upload: its body is no form.
bool is_push(const http::Request& request);

class Push {
 public:
  // All files of one push to another server. 2 GiB take an hour at 600 KB/s.
  static constexpr auto kSendFor = std::chrono::hours(2);

  struct Dependencies {
    catalog::Catalog& catalog;
    store::BlobStore& store;
    store::Claims& claims;
    Registry& registry;
    access::Authenticator& authenticator;
    cache::Dependencies& facts;
    cache::Artifacts& artifacts;
    Mirrors& mirrors;
    http::Client& client;
    Pool& pool;
    const Clock& clock;
    Log& log;
  };
  // As Uploads::OnNewProject. May be empty.
  using OnNewProject = std::function<void(const std::string& index, const std::string& project)>;
  Push(Dependencies use, std::optional<std::vector<std::string>> restrict_modify, OnNewProject on_new_project);

  // PUSH, or POST with JSON, to an index. 200 with devpi's `actionlog`.
  Task<http::Response> push(http::Request& request, Route route);

 private:
  using Claims = std::vector<store::Claims::Claim>;
  // Where the release lies. Of a mirror the files are not here yet.
  struct Found {
    PushSource source;
    std::vector<PageFile> listed;
    MirrorSource mirror;  // of the listed ones
  };
  struct Job {
    PushWish wish;
    access::Principal who;
    IndexRef index;  // that the client pushes from
  };
  struct Sent {
    int status = 0;
    std::string text;  // of a refusal
  };

  Task<Result<http::Response>> take(http::Request& request, Route route);
  Task<Result<Found>> find(Job job);
  Task<Result<std::optional<Found>>> find_mirrored(std::vector<IndexRef> mirrors, PushWish wish);
  bool may(const access::Principal& who, access::Action action, const IndexConfig& index) const;

  Task<Result<http::Response>> inside(Job job, PushInside to, Found found);
  enum class Origin { hosted, mirrored };
  Task<Result<PushRecorded>> record(Job job, PushTarget target, PushSource source, Origin origin);
  // The listed files in the store, each under a claim, and in `source`.
  Task<Result<void>> fetch(Found& found, Claims& claims);
  Task<Result<MirroredFile>> fetch_one(const Found& found, PageFile listed, Claims& claims);
  Task<Result<std::shared_ptr<const store::Blob>>> claim_whole(const MirrorSource& mirror, PageFile listed, Claims& claims);

  Task<Result<http::Response>> outside(Job job, PushOutside to, Found found);
  // The log of it.
  Task<Json> send_all(Job job, PushOutside to, PushSource source);
  Task<Result<Sent>> send_file(PushOutside to, PushForm form, Digest digest, MonoTime until);
  Task<Result<Sent>> send(http::FetchRequest request, MonoTime until);

  Dependencies use_;
  std::optional<std::vector<std::string>> restrict_modify_;
  Readers readers_;
  OnNewProject on_new_project_;
  // Each holds a connection and waits for strangers.
  access::Gate sending_{4, 32};
};

}  // namespace bodega::pypi
