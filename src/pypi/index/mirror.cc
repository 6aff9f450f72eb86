#include "pypi/index/mirror.h"

#include "base/text.h"
#include "http/client_address.h"
#include "http/host_rule.h"
#include "pypi/format/filename.h"
#include "pypi/format/page_html_parse.h"
#include "pypi/format/page_json_parse.h"

namespace bodega::pypi {

using cache::ClientWish;

namespace {

// As uv and pip ask, JSON first; HTML for upstreams that know no better.
constexpr std::string_view kAccept = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01";
// The largest page of the public index is about 12 MB as JSON (2026); ten times that is a mistake or an attack.
constexpr std::uint64_t kMaxPageBytes = 128ULL << 20;
// Decoded pages kept: enough for the largest, or a few hundred ordinary ones; and known while somebody else holds them.
constexpr std::size_t kRecentBytes = 12ULL << 20;
constexpr std::size_t kKnown = 1024;
// Reading a kept page and printing it: its text, the page, the printed form. The kept form has 90 to 120 bytes a file, hashes mostly.
constexpr std::uint64_t kDecodingTakes = 16;
// A file a page does not list may have been published since: ask again when the page is older than this.
constexpr auto kSecondLook = std::chrono::seconds(10);

std::size_t weight(const ProjectPage& page) {
  // About what a PageFile takes with its strings; exactness would cost more than it is worth.
  constexpr std::size_t kPerFile = 700;
  return sizeof(ProjectPage) + page.files.size() * kPerFile;
}

// A page and the memory that it may take.
struct PageContent final : cache::Content {
  explicit PageContent(ProjectPage read) : page(std::move(read)) {}
  std::string kept() const override { return encode_page(page); }
  std::uint64_t bytes() const override { return 2 * weight(page); }  // itself, and a printed form

  ProjectPage page;
};

// What an upstream sends as a project page, whatever its Content-Type claims.
class PageReader final : public cache::ContentReader {
 public:
  PageReader(cache::UpstreamAnswer answer, std::string name) : answer_(std::move(answer)), name_(std::move(name)) {}

  Result<void> feed(std::string bytes) override {
    if (!begun_ && looks_like_json(bytes)) json_.emplace(answer_.final_url, name_);
    begun_ = true;
    if (!json_) {
      html_ += bytes;
      return {};
    }
    if (auto fed = json_->feed(bytes); !fed) return fail(broken(std::move(fed).error()));
    return {};
  }

  Result<std::shared_ptr<cache::Content>> finish() override {
    BODEGA_TRY(ProjectPage page, page_of_all());
    if (page.last_serial == 0) page.last_serial = answer_.last_serial;  // other indexes tell it in the head only
    return std::make_shared<PageContent>(std::move(page));
  }

 private:
  Result<ProjectPage> page_of_all() {
    // Small servers answer nothing at all for a project without files, and devpi takes that. In place of a page it is rather a failure.
    if (!begun_ && !answer_.replaces) {
      ProjectPage page;
      page.name = name_;
      return page;
    }
    auto page = json_ ? json_->finish() : parse_html_page(html_, answer_.final_url, name_);
    if (!page) return fail(broken(std::move(page).error()));
    return page;
  }
  Error broken(Error why) const {
    return {Code::upstream_failed, "the upstream's page of " + name_ + " is broken: " + why.message, std::move(why.context), std::nullopt};
  }

  const cache::UpstreamAnswer answer_;
  const std::string name_;
  bool begun_ = false;
  std::optional<JsonPageReader> json_;
  std::string html_;
};

std::shared_ptr<const ProjectPage> page_of(std::shared_ptr<const cache::Content> content) {
  const auto* page = &static_cast<const PageContent&>(*content).page;
  return {std::move(content), page};
}

}  // namespace

MirrorSource mirror_source(const IndexConfig& index) {
  MirrorSource source{index.key(), index.mirror_url.value_or(Url{}), std::nullopt};
  if (index.mirror_cache_expiry) source.expiry = *index.mirror_cache_expiry;
  return source;
}

Result<Url> project_url(const MirrorSource& source, const std::string& name) {
  Url url = source.url;
  if (url.path.empty() || url.path.back() != '/') url.path += '/';
  url.path += percent_encode(name) + "/";
  url.query.clear();
  url.fragment.clear();
  return url;
}

store::Expected expected_of(const PageFile& file) {
  store::Expected expected;
  expected.size = file.size;
  if (const auto* hex = file.sha256()) expected.sha256 = Digest::from_hex(*hex);
  if (expected.sha256) return expected;
  for (const auto& hash : file.hashes) {
    if (!Hasher::make(hash.algorithm)) continue;
    expected.other_algorithm = hash.algorithm;
    expected.other_hex = to_lower(hash.hex);
    break;
  }
  return expected;
}

Result<store::Expected> expected_metadata_of(const PageFile& file) {
  if (!file.core_metadata.offered) return fail(Code::not_found, "no metadata found for " + file.filename);
  PageFile sibling;
  sibling.hashes = file.core_metadata.hashes;
  return expected_of(sibling);
}

http::PrivateAddresses may_be_private(const Url& mirror, const Url& file, const std::vector<std::string>& private_hosts) {
  const auto is_here = [](const std::string& host) {
    return host == "localhost" || host.ends_with(".localhost") || (IpAddress::parse(host) && http::is_private_address(host));
  };
  if (file.host == mirror.host) return http::PrivateAddresses::configured;
  const bool may = is_here(mirror.host) || http::names_host(private_hosts, file.host);
  return may ? http::PrivateAddresses::allow : http::PrivateAddresses::refuse;
}

Mirrors::Mirrors(Dependencies use, std::vector<std::string> private_hosts) : use_(use), private_hosts_(std::move(private_hosts)) {
  use_.allowance.on_want([this] { forget_recent(); });
}

Task<Result<MirrorPage>> Mirrors::page(MirrorSource source, std::string name, ClientWish wish) {
  auto page = co_await page_once(source, name, wish);
  if (page || page.error().code != Code::corrupt) co_return page;
  // The copy is damaged, or was dropped while it was looked at: it is as good as none.
  use_.log.warning("document.damaged", {{"index", source.index}, {"name", name}});
  auto forgotten = co_await use_.documents.forget(source.index, name);
  if (!forgotten) co_return fail(std::move(forgotten).error());
  auto again = co_await page_once(std::move(source), std::move(name), wish);
  if (!again && again.error().code == Code::corrupt)
    co_return fail(Code::upstream_failed, "the cached page was damaged; ask again", again.error().describe());
  co_return again;
}

Task<Result<MirrorPage>> Mirrors::page_once(MirrorSource source, std::string name, ClientWish wish) {
  cache::DocumentRequest request;
  request.index = source.index;
  request.name = name;
  BODEGA_CO_TRY(request.url, project_url(source, name));
  request.accept = kAccept;
  request.max_bytes = kMaxPageBytes;
  request.wish = wish;
  request.ttl_max = source.expiry;
  request.reader = [name](cache::UpstreamAnswer answer) { return std::make_unique<PageReader>(std::move(answer), name); };
  auto got = co_await use_.documents.get(std::move(request));
  if (!got) co_return fail(std::move(got).error());
  MirrorPage out;
  out.fetched_at = got->row->fetched_at;
  out.expires_at = got->row->expires_at;
  out.refresh_at = cache::refresh_from({got->row->state, got->row->fetched_at, got->row->expires_at});
  out.changed_at = got->row->changed_at;
  out.outcome = got->outcome;
  out.stale = got->stale;
  out.problem = got->problem;
  out.bytes = got->row->body_bytes;
  const std::string key = source.index + "/" + name;
  if (got->content) {
    out.page = page_of(std::move(got->content));
    keep(key, out.changed_at, out.page);
    co_return out;
  }
  auto page = co_await decoded(key, got->row);
  BODEGA_CO_TRY(out.page, std::move(page));
  co_return out;
}

Mirrors::PageRef Mirrors::find(const std::string& key, WallTime changed_at) {
  const auto found = by_key_.find(key);
  if (found == by_key_.end() || found->second->changed_at != changed_at) return nullptr;
  auto page = found->second->page.lock();
  if (page) pages_.splice(pages_.begin(), pages_, found->second);
  return page;
}

Task<Result<Mirrors::PageRef>> Mirrors::decoded(std::string key, std::shared_ptr<const cache::DocumentHead> head) {
  if (auto page = find(key, head->changed_at)) co_return page;
  const std::string name = key + "@" + std::to_string(to_unix_micros(head->changed_at));
  auto flight = decoding_.find(name);
  if (flight) co_return co_await cache::wait_landed<PageRef>(std::move(flight));
  flight = decoding_.begin(name);
  auto page = co_await decode(*head);
  if (page) keep(std::move(key), head->changed_at, *page);
  decoding_.land(name, flight, page);
  co_return page;
}

Task<Result<Mirrors::PageRef>> Mirrors::decode(const cache::DocumentHead& head) {
  auto taking = use_.allowance.take(head.body_bytes * kDecodingTakes);
  auto share = co_await std::move(taking);
  BODEGA_CO_TRY(auto own_share, std::move(share));
  auto row = co_await use_.documents.body(head.index, head.name);
  if (!row && row.error().code == Code::not_found) co_return fail(Code::corrupt, "the kept page is gone", head.name);
  BODEGA_CO_TRY(catalog::DocumentRow kept, std::move(row));
  auto unpack = [&kept] { return decode_page(kept.body); };
  auto page = co_await offload(use_.pool, unpack);
  BODEGA_CO_TRY(ProjectPage read, std::move(page));
  auto content = std::make_shared<PageContent>(std::move(read));
  own_share.shrink(content->bytes());
  content->share = std::move(own_share);
  co_return page_of(std::move(content));
}

// Of one key there is one entry: the newest page that was seen.
void Mirrors::keep(std::string key, WallTime changed_at, PageRef page) {
  const auto found = by_key_.find(key);
  if (found != by_key_.end()) {
    if (found->second->changed_at == changed_at && found->second->kept) return;
    kept_bytes_ -= found->second->bytes;
    pages_.erase(found->second);
    by_key_.erase(found);
  }
  const std::size_t bytes = weight(*page);
  Decoded entry{key, changed_at, page, nullptr, 0};
  if (bytes <= kRecentBytes) {
    entry.kept = std::move(page);
    entry.bytes = bytes;
    kept_bytes_ += bytes;
  }
  pages_.push_front(std::move(entry));
  by_key_[std::move(key)] = pages_.begin();
  for (auto old = pages_.rbegin(); kept_bytes_ > kRecentBytes && old != pages_.rend(); ++old) {
    kept_bytes_ -= std::exchange(old->bytes, 0);
    old->kept.reset();
  }
  if (pages_.size() <= kKnown) return;
  kept_bytes_ -= pages_.back().bytes;
  by_key_.erase(pages_.back().key);
  pages_.pop_back();
}

void Mirrors::forget_recent() {
  for (auto& entry : pages_) {
    entry.kept.reset();
    entry.bytes = 0;
  }
  kept_bytes_ = 0;
}

Task<Result<ListedFile>> Mirrors::listed(MirrorSource source, FileLink link) {
  const auto candidates = project_candidates(link.filename);
  std::optional<Error> trouble;
  for (const auto& name : candidates) {
    auto page = co_await this->page(source, name, ClientWish::cached_is_fine);
    const PageFile* file = page ? find_file(*page->page, link) : nullptr;
    if (page && file == nullptr && !page->stale && use_.clock.wall() - page->fetched_at >= kSecondLook) {
      page->page.reset();
      page = co_await this->page(source, name, ClientWish::no_cache);
      file = page ? find_file(*page->page, link) : nullptr;
    }
    if (!page) {
      if (page.error().code != Code::not_found && !trouble) trouble = page.error();
      continue;
    }
    if (file != nullptr) co_return ListedFile{page->page, file, name};
  }
  // An upstream that failed may well have the file: that is no absence.
  if (trouble) co_return fail(std::move(*trouble));
  co_return fail(Code::not_found, "no such file", link.filename);
}

Task<Result<MirrorFile>> Mirrors::file(MirrorSource source, FileLink link) {
  const Part part = link.is_metadata ? Part::metadata : Part::file;
  auto found = co_await listed(source, std::move(link));
  if (!found) co_return fail(std::move(found).error());
  PageFile file = *found->file;
  found->page.reset();  // the upstream may take its time
  auto fetching = fetch(std::move(source), std::move(file), part);
  auto fetched = co_await std::move(fetching);
  if (fetched) fetched->project = found->project;
  co_return fetched;
}

Result<cache::ArtifactRequest> Mirrors::request_for(const MirrorSource& source, const PageFile& file, Part part) const {
  cache::ArtifactRequest request;
  BODEGA_TRY(request.url, Url::parse(file.url));
  request.private_addresses = may_be_private(source.url, request.url, private_hosts_);
  // A page may name any host; the mirror's credentials are for its own.
  const bool at_home = request.url.origin() == source.url.origin();
  request.url.user = at_home ? source.url.user : std::string();
  request.url.password = at_home ? source.url.password : Secret();
  if (part == Part::metadata) {
    BODEGA_TRY(request.expected, expected_metadata_of(file));
    request.url.path += ".metadata";
  } else {
    request.expected = expected_of(file);
  }
  request.url.fragment.clear();
  return request;
}

Task<Result<MirrorFile>> Mirrors::fetch(MirrorSource source, PageFile file, Part part) {
  BODEGA_CO_TRY(auto request, request_for(source, file, part));
  MirrorFile out;
  out.upload_time = file.upload_time;
  auto artifact = co_await use_.artifacts.get(std::move(request));
  if (!artifact) co_return fail(std::move(artifact).error());
  out.artifact = std::move(*artifact);
  co_return out;
}

Task<Result<cache::Artifact>> Mirrors::whole(MirrorSource source, PageFile file, Part part) {
  BODEGA_CO_TRY(auto request, request_for(source, file, part));
  auto artifact = co_await use_.artifacts.get_whole(std::move(request));
  co_return artifact;
}

}  // namespace bodega::pypi
