// A mirror index: pages and files of an upstream, through the cache. Home loop only.
#pragma once

#include <list>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "async/allowance.h"
#include "async/offload.h"
#include "base/log.h"
#include "cache/artifacts.h"
#include "cache/documents.h"
#include "cache/flights.h"
#include "pypi/format/links.h"
#include "pypi/format/page.h"
#include "pypi/index/index_config.h"

namespace bodega::pypi {

// What of an index's configuration a mirror works from.
struct MirrorSource {
  std::string index;               // "user/name"
  Url url;                         // the upstream's simple API; path ends with '/'; its user information is for its origin only
  std::optional<Duration> expiry;  // how long a page counts as fresh; else the server's own bound
};

// The index must be a mirror with an URL.
MirrorSource mirror_source(const IndexConfig& index);

struct MirrorPage {
  std::shared_ptr<const ProjectPage> page;
  WallTime fetched_at{};
  WallTime expires_at{};
  WallTime refresh_at{};  // from then on an ask makes the page young again, while the asker gets this copy
  WallTime changed_at{};
  http::CacheOutcome outcome = http::CacheOutcome::hit;
  bool stale = false;
  std::string problem;    // why it is stale
  std::size_t bytes = 0;  // of the kept form; as sent, when it was just fetched
};

struct ListedFile {
  std::shared_ptr<const ProjectPage> page;
  const PageFile* file = nullptr;  // in `page`
  std::string project;             // whose page it is
};

struct MirrorFile {
  cache::Artifact artifact;
  std::string project;      // whose page lists it
  std::string upload_time;  // as on the page; may be empty
};

// The upstream's page of a project: <url><name>/.
Result<Url> project_url(const MirrorSource& source, const std::string& name);
// What the bytes of a listed file, or of its metadata sibling, must agree with.
store::Expected expected_of(const PageFile& file);
Result<store::Expected> expected_metadata_of(const PageFile& file);  // not_found: the page offers none

// Whether a file that a mirror's page names may lie at a loopback or private address: on the mirror's own host; anywhere when
// that host is itself such an address; on hosts that the operator named (as http::names_host has them). Anything else would let a page make
// this server ask what its writer cannot reach. Pure.
http::PrivateAddresses may_be_private(const Url& mirror, const Url& file, const std::vector<std::string>& private_hosts);

class Mirrors {
 public:
  struct Dependencies {
    cache::Documents& documents;
    cache::Artifacts& artifacts;
    Pool& pool;
    Allowance& allowance;
    const Clock& clock;
    Log& log;
  };
  // `private_hosts`: see may_be_private(). Pages kept for later are let go of when somebody wants their memory (Allowance::on_want).
  explicit Mirrors(Dependencies use, std::vector<std::string> private_hosts = {});

  enum class Part { file, metadata };

  // A page takes its share of the allowance for as long as somebody holds it. `name` is normalised. not_found only when the upstream
  // says so; upstream_* when it fails and there is no copy; busy: no memory for it.
  Task<Result<MirrorPage>> page(MirrorSource source, std::string name, cache::ClientWish wish);
  // The file a link means, as its page lists it. not_found when no page does, even after a second look at a page that was not just fetched.
  Task<Result<ListedFile>> listed(MirrorSource source, FileLink link);
  // The same with its bytes.
  Task<Result<MirrorFile>> file(MirrorSource source, FileLink link);
  // The metadata sibling of a listed file.
  Task<Result<MirrorFile>> metadata(MirrorSource source, PageFile file) {
    return fetch(std::move(source), std::move(file), Part::metadata);
  }
  // A file of a page, or its metadata sibling, once all of it is here and verified.
  Task<Result<cache::Artifact>> whole(MirrorSource source, PageFile file, Part part);

 private:
  using PageRef = std::shared_ptr<const ProjectPage>;
  struct Decoded {
    std::string key;
    WallTime changed_at{};
    std::weak_ptr<const ProjectPage> page;  // in use somewhere
    PageRef kept;                           // of recent ones: a resolver that reads one page asks for many files of it
    std::size_t bytes = 0;
  };

  Task<Result<MirrorPage>> page_once(MirrorSource source, std::string name, cache::ClientWish wish);
  Task<Result<PageRef>> decoded(std::string key, std::shared_ptr<const cache::DocumentHead> head);
  Task<Result<PageRef>> decode(const cache::DocumentHead& head);
  PageRef find(const std::string& key, WallTime changed_at);
  void keep(std::string key, WallTime changed_at, PageRef page);
  void forget_recent();
  Task<Result<MirrorFile>> fetch(MirrorSource source, PageFile file, Part part);

  Result<cache::ArtifactRequest> request_for(const MirrorSource& source, const PageFile& file, Part part) const;

  Dependencies use_;
  std::vector<std::string> private_hosts_;
  std::list<Decoded> pages_;  // newest first
  std::unordered_map<std::string, std::list<Decoded>::iterator> by_key_;
  std::size_t kept_bytes_ = 0;
  cache::Flights<PageRef> decoding_;
};

}  // namespace bodega::pypi
