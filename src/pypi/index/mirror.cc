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
// Decoded pages kept: enough for the two largest, or a few hundred ordinary ones.
constexpr std::size_t kRecentBytes = 12ULL << 20;
// A file a page does not list may have been published since: ask again when the page is older than this.
constexpr auto kSecondLook = std::chrono::seconds(10);

std::size_t weight(const ProjectPage& page) {
  // About what a PageFile takes with its strings; exactness would cost more than it is worth.
  constexpr std::size_t kPerFile = 700;
  return sizeof(ProjectPage) + page.files.size() * kPerFile;
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

Result<ProjectPage> parse_page(const cache::UpstreamAnswer& answer, const std::string& name) {
  // Small servers answer nothing at all for a project without files, and devpi takes that. In place of a page it is rather a failure.
  if (answer.body.empty() && !answer.replaces) {
    ProjectPage page;
    page.name = name;
    return page;
  }
  auto page = looks_like_json(answer.body) ? parse_json_page(answer.body, answer.final_url, name)
                                           : parse_html_page(answer.body, answer.final_url, name);
  if (!page) {
    auto error = std::move(page).error();
    return fail(Code::upstream_failed, "the upstream's page of " + name + " is broken: " + error.message, error.context);
  }
  if (page->last_serial == 0) page->last_serial = answer.last_serial;  // other indexes tell it in the head only
  return page;
}

Result<std::string> convert_page(const cache::UpstreamAnswer& answer, const std::string& name) {
  BODEGA_TRY(const auto page, parse_page(answer, name));
  return encode_page(page);
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
  const bool may = file.host == mirror.host || is_here(mirror.host) || http::names_host(private_hosts, file.host);
  return may ? http::PrivateAddresses::allow : http::PrivateAddresses::refuse;
}

Mirrors::Mirrors(Dependencies use, std::vector<std::string> private_hosts) : use_(use), private_hosts_(std::move(private_hosts)) {}

Task<Result<MirrorPage>> Mirrors::page(MirrorSource source, std::string name, ClientWish wish) {
  cache::DocumentRequest request;
  request.index = source.index;
  request.name = name;
  BODEGA_CO_TRY(request.url, project_url(source, name));
  request.accept = kAccept;
  request.max_bytes = kMaxPageBytes;
  request.wish = wish;
  request.ttl_max = source.expiry;
  // What is parsed for the copy is the page that the copy holds: the one who fetched it need not read it out again.
  auto parsed = std::make_shared<std::shared_ptr<const ProjectPage>>();
  request.convert = [name, parsed](const cache::UpstreamAnswer& answer) -> Result<std::string> {
    BODEGA_TRY(auto page, parse_page(answer, name));
    *parsed = std::make_shared<const ProjectPage>(std::move(page));
    return encode_page(**parsed);
  };
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
  out.bytes = got->row->body.size();
  // Any other outcome: a refresh that goes on behind this answer may be parsing at this moment.
  const bool fetched_here = got->outcome == http::CacheOutcome::miss || got->outcome == http::CacheOutcome::revalidated;
  auto known = fetched_here ? *parsed : nullptr;
  auto page = co_await decoded(source.index + "/" + name, got->row, std::move(known));
  if (!page && page.error().code == Code::corrupt) {
    // The copy is damaged: it is as good as none.
    use_.log.warning("document.damaged", {{"index", source.index}, {"name", name}});
    auto forgotten = co_await use_.documents.forget(source.index, name);
    if (!forgotten) co_return fail(std::move(forgotten).error());
  }
  if (!page) co_return fail(Code::upstream_failed, "the cached page was damaged; ask again", page.error().describe());
  out.page = std::move(*page);
  co_return out;
}

Task<Result<std::shared_ptr<const ProjectPage>>> Mirrors::decoded(std::string key, std::shared_ptr<const catalog::DocumentRow> row,
                                                                  std::shared_ptr<const ProjectPage> known) {
  const auto found = by_key_.find(key);
  if (found != by_key_.end()) {
    if (found->second->changed_at == row->changed_at) {
      recent_.splice(recent_.begin(), recent_, found->second);
      co_return found->second->page;
    }
    recent_bytes_ -= found->second->bytes;
    recent_.erase(found->second);
    by_key_.erase(found);
  }
  if (!known) {
    auto decode = [&row] { return decode_page(row->body); };
    auto page = co_await offload(use_.pool, decode);
    if (!page) co_return fail(std::move(page).error());
    known = std::make_shared<const ProjectPage>(std::move(*page));
  }
  keep(Decoded{std::move(key), row->changed_at, known, weight(*known)});
  co_return known;
}

void Mirrors::keep(Decoded decoded) {
  if (decoded.bytes > kRecentBytes || by_key_.count(decoded.key) != 0) return;
  recent_bytes_ += decoded.bytes;
  recent_.push_front(std::move(decoded));
  by_key_[recent_.front().key] = recent_.begin();
  while (recent_bytes_ > kRecentBytes) {
    recent_bytes_ -= recent_.back().bytes;
    by_key_.erase(recent_.back().key);
    recent_.pop_back();
  }
}

Task<Result<ListedFile>> Mirrors::listed(MirrorSource source, FileLink link) {
  const auto candidates = project_candidates(link.filename);
  std::optional<Error> trouble;
  for (const auto& name : candidates) {
    auto page = co_await this->page(source, name, ClientWish::cached_is_fine);
    const PageFile* file = page ? find_file(*page->page, link) : nullptr;
    if (page && file == nullptr && !page->stale && use_.clock.wall() - page->fetched_at >= kSecondLook) {
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
  auto found = co_await listed(source, link);
  if (!found) co_return fail(std::move(found).error());
  auto fetched = co_await fetch(source, *found->file, link.is_metadata ? Part::metadata : Part::file);
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

Task<Result<MirrorFile>> Mirrors::fetch(const MirrorSource& source, const PageFile& file, Part part) {
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
