#include "cache/artifacts.h"

#include <algorithm>
#include <utility>

#include "async/loop.h"
#include "base/check.h"
#include "base/text.h"
#include "cache/fill.h"

namespace bodega::cache {

using http::CacheOutcome;

namespace {

// A fill nobody reads is finished when little is missing: the bytes are likely wanted soon, and half a file is worth nothing.
constexpr std::uint64_t kFinishAnyway = 8ULL << 20;

// How much of a file that is not kept may lie in memory between its upstream and its slowest reader, and of how many files at once: 64 MiB
// in all. One reader on a fast line needs the product of its delay and its rate, which is less.
constexpr std::uint64_t kPassingWindow = Artifacts::kShared;
constexpr std::size_t kMaxPassing = 64;

// Room for a file whose page tells no length, as for every .metadata: few of those are larger, and then there is time to look again.
constexpr std::uint64_t kPlaceOfUnknown = 64 * 1024;

std::string key_of(const ArtifactRequest& request) {
  return request.expected.sha256 ? request.expected.sha256->hex() : "url:" + request.url.text();
}

http::FetchRequest to_fetch(const ArtifactRequest& request) {
  http::FetchRequest fetch;
  fetch.url = request.url;
  fetch.private_addresses = request.private_addresses;
  fetch.headers.add("Accept", "*/*");
  return fetch;
}

bool strong(std::string_view etag) { return etag.size() > 2 && etag.front() == '"'; }

// "bytes 100-199/200" -> 100.
std::optional<std::uint64_t> range_start(std::string_view content_range) {
  if (!istarts_with(content_range, "bytes ")) return std::nullopt;
  content_range.remove_prefix(6);
  return parse_u64(content_range.substr(0, content_range.find('-')));
}

}  // namespace

bool keep_filling(int readers, std::uint64_t written, std::optional<std::uint64_t> total) {
  if (readers > 0) return true;
  if (!total) return false;
  const std::uint64_t missing = *total - std::min(written, *total);
  return written >= missing || missing <= kFinishAnyway;
}

Artifacts::Artifacts(Dependencies use)
    : use_(use), tasks_(use.home, [log = &use.log](const std::string& what) {
        log->error("bug", {{"in", "artifacts"}, {"what", what}});
      }) {}

Task<Result<Artifact>> Artifacts::get(ArtifactRequest request) {
  auto [fill, outcome] = fill_for(std::move(request));
  auto joined = join(std::move(fill), outcome);
  co_return co_await std::move(joined);
}

Task<Result<Artifact>> Artifacts::get_whole(ArtifactRequest request) {
  auto [fill, outcome] = fill_for(std::move(request));
  auto whole = await_end(std::move(fill));
  co_return co_await std::move(whole);
}

std::pair<Artifacts::FillRef, CacheOutcome> Artifacts::fill_for(ArtifactRequest request) {
  BODEGA_CHECK(use_.home.here(), "Artifacts is home-loop state");
  const std::string key = key_of(request);
  const auto found = fills_.find(key);
  if (found != fills_.end() && found->second->has_its_start()) return {found->second, CacheOutcome::joined};
  const auto fresh = std::make_shared<Fill>();
  fills_[key] = fresh;
  auto work = fill(std::move(request), key, fresh);
  tasks_.spawn(std::move(work));
  return {fresh, CacheOutcome::miss};
}

Task<Result<Artifact>> Artifacts::await_end(FillRef fill) {
  const Seat<Fill> seat(fill);
  auto unfinished = [&fill] { return !fill->ended.has_value(); };
  while (unfinished()) co_await fill->ready.wait(unfinished);
  co_return *fill->ended;
}

Task<Result<Artifact>> Artifacts::join(FillRef fill, CacheOutcome outcome) {
  auto source = std::make_shared<Following<Fill>>(fill);
  auto unopened = [&fill] { return !fill->opened.has_value(); };
  while (unopened()) co_await fill->ready.wait(unopened);
  if (!*fill->opened) co_return fail(fill->opened->error());
  Artifact artifact = **fill->opened;
  if (artifact.outcome != CacheOutcome::hit) artifact.outcome = outcome;
  if (!artifact.source) artifact.source = std::move(source);
  co_return artifact;
}

Task<void> Artifacts::fill(ArtifactRequest request, std::string key, FillRef fill) {
  auto stored = co_await find_stored(request);
  if (stored) {
    leave_table(key, fill);
    fill->end(std::move(*stored));
    co_return;
  }
  auto ran = run_fill(request, fill);
  auto done = co_await std::move(ran);
  leave_table(key, fill);
  if (fill->passing) --passing_;
  if (!done) give_up(request, fill, std::move(done).error());
  co_await drop_place(std::move(fill));
}

void Artifacts::give_up(const ArtifactRequest& request, const FillRef& fill, Error why) {
  if (why.code == Code::too_large) {  // than announced; what arrives is never the client's fault
    why = {Code::upstream_failed, "the upstream sent more bytes than it announced", why.describe(), std::nullopt};
  }
  if (why.code != Code::cancelled) use_.log.warning("artifact.failed", {{"url", request.url}, {"why", why.describe()}});
  if (fill->live) fill->live->abandon(why);
  fill->end(fail(std::move(why)));
}

// A fill that has forgotten its start may have been replaced by another.
void Artifacts::leave_table(const std::string& key, const FillRef& fill) {
  const auto found = fills_.find(key);
  if (found != fills_.end() && found->second == fill) fills_.erase(found);
}

Task<std::optional<Artifact>> Artifacts::find_stored(const ArtifactRequest& request) {
  std::optional<Digest> digest = request.expected.sha256;
  bool verified = true;
  if (!digest) {
    const std::string url = request.url.text();
    auto question = [&url](catalog::CacheReader& reader) { return reader.located(url); };
    auto located = co_await use_.catalog.read_cache(question);
    if (!located || !*located) co_return std::nullopt;
    digest = (*located)->digest;
    verified = (*located)->verified;
  }
  auto blob = co_await open(*digest);
  if (!blob) {
    // Unreadable, or damaged and ours: the upstream's copy is as good, and replaces it.
    if (blob.error().code != Code::not_found) {
      use_.log.warning("blob.unreadable", {{"sha256", digest->hex()}, {"why", blob.error().describe()}});
    }
    co_return std::nullopt;
  }
  use_.space.used(*digest);
  Artifact artifact{*blob, (*blob)->size(), *digest, CacheOutcome::hit, true, verified};
  co_return artifact;
}

Task<Result<std::shared_ptr<const store::Blob>>> Artifacts::open(Digest digest) {
  auto look = [this, &digest] { return use_.store.open(digest); };
  auto blob = co_await offload(use_.pool, look);
  if (blob || blob.error().code != Code::corrupt) co_return blob;
  auto question = [&digest](catalog::Reader& reader) { return reader.is_hosted(digest); };
  auto hosted = co_await use_.catalog.read(question);
  const bool ours = !hosted || *hosted;  // when in doubt, nothing is removed
  use_.log.error("blob.damaged", {{"sha256", digest.hex()}, {"hosted", ours}, {"why", blob.error().describe()}});
  if (ours && damaged_) damaged_(digest);
  if (ours) co_return fail(Code::corrupt, "the file is damaged on the server's disk; its operator must restore it", digest.hex());
  auto remove = [this, &digest] { return use_.store.remove(digest); };
  auto removed = co_await offload(use_.pool, remove);
  if (!removed) co_return fail(removed.error());
  auto forget = [&digest](catalog::CacheTransaction& transaction) { return transaction.forget_cached(digest); };
  auto forgotten = co_await use_.catalog.write_cache(forget);
  if (!forgotten) use_.log.warning("blob.not_forgotten", {{"sha256", digest.hex()}, {"why", forgotten.error().describe()}});
  co_return fail(Code::not_found, "no such file", "the cached copy was damaged");
}

// Nothing is evicted for it: the upstream may not give the file.
Task<void> Artifacts::prepare(FillRef fill) {
  auto made = co_await use_.space.create_if_room(fill->place.size);
  fill->place.writer.emplace(std::move(made));
  fill->place.ready.notify_all();
}

Task<Result<std::unique_ptr<store::BlobWriter>>> Artifacts::prepared(FillRef fill) {
  auto& place = fill->place;
  auto in_the_making = [&place] { return !place.writer.has_value(); };
  while (in_the_making()) co_await place.ready.wait(in_the_making);
  co_return std::exchange(*place.writer, nullptr);
}

// The temp file goes where one may block.
Task<void> Artifacts::drop_place(FillRef fill) {
  auto writer = co_await prepared(std::move(fill));
  if (!writer || !*writer) co_return;
  auto drop = [&writer] { writer->reset(); };
  co_await offload(use_.pool, drop);
}

Task<Result<void>> Artifacts::start_fill(const ArtifactRequest& request, FillRef fill) {
  fill->place.size = request.expected.size.value_or(kPlaceOfUnknown);
  auto preparing = prepare(fill);
  tasks_.spawn(std::move(preparing));
  auto fetch = to_fetch(request);
  auto response = co_await use_.upstream.fetch(std::move(fetch));
  if (!response) co_return fail(std::move(response).error());
  if (response->status == 404 || response->status == 410) {
    // devpi's words. What stands in a query may be a signature.
    Url shown = request.url;
    shown.query.clear();
    co_return fail(Code::not_found, "error " + std::to_string(response->status) + " getting " + shown.text());
  }
  if (response->status != 200) {
    auto status = check_status(*response);
    if (!status) co_return fail(std::move(status).error());
    co_return fail(Code::upstream_failed, "the upstream answered " + std::to_string(response->status) + " for a file");
  }
  const auto& expected = request.expected;
  if (expected.size && response->content_length && *expected.size != *response->content_length) {
    co_return fail(Code::upstream_failed, "the upstream announced another length for this file than its page");
  }
  fill->total = expected.size ? expected.size : response->content_length;
  if (!fill->total && !expected.sha256 && expected.other_hex.empty()) {
    co_return fail(Code::upstream_failed, "the upstream tells neither length nor digest of this file");
  }
  fill->etag = std::string(response->headers.get("ETag"));
  fill->body = std::move(response->body);
  auto writer = co_await make_writer(request, fill);
  if (!writer) co_return fail(std::move(writer).error());
  store::Expected full = expected;
  full.size = fill->total;
  fill->live = std::make_shared<store::LiveBlob>(std::move(*writer), std::move(full));
  co_return Result<void>();
}

// A disk that cannot take the file is no reason not to give it to whoever waits for it.
Task<Result<std::unique_ptr<store::BlobWriter>>> Artifacts::make_writer(const ArtifactRequest& request, FillRef fill) {
  const std::uint64_t size = fill->total.value_or(0);
  Result<std::unique_ptr<store::BlobWriter>> writer = nullptr;
  if (size <= fill->place.size) writer = co_await prepared(fill);
  if (writer && !*writer) writer = co_await use_.space.create(size);
  if (writer || !may_pass(writer.error(), *fill)) co_return writer;
  begin_passing(request, fill, writer.error());
  auto pass = [this] { return use_.store.create_passing(); };
  co_return co_await offload(use_.pool, pass);
}

bool Artifacts::may_pass(const Error& error, const Fill& fill) const {
  const bool of_the_disk = error.code == Code::no_space || error.code == Code::io;
  return of_the_disk && !fill.passing && !fill.followers.none() && passing_ < kMaxPassing;
}

void Artifacts::begin_passing(const ArtifactRequest& request, const FillRef& fill, const Error& why) {
  fill->passing = true;
  ++passing_;
  ++passed_;
  constexpr auto kSayAgain = std::chrono::minutes(1);  // each file of a busy hour would be a flood
  const MonoTime now = use_.clock.mono();
  if (said_passing_ && now - *said_passing_ < kSayAgain) return;
  said_passing_ = now;
  use_.log.warning("artifact.passed_through", {{"url", request.url}, {"why", why.describe()}, {"files_so_far", passed_}});
}

Task<Result<void>> Artifacts::run_fill(const ArtifactRequest& request, FillRef fill) {
  auto started = co_await start_fill(request, fill);
  if (!started) co_return fail(std::move(started).error());
  // Of a file up to the hold-back nothing could be sent before the end, and waiting turns a broken one into a clean error.
  const bool small = fill->total && *fill->total <= store::LiveBlob::kHoldBack;
  const bool verified = request.expected.sha256.has_value() || !request.expected.other_hex.empty();
  if (!small) fill->open(Artifact{nullptr, fill->total, request.expected.sha256, CacheOutcome::miss, false, verified});
  auto taken = co_await take_body(request, fill);
  if (!taken && taken.error().code != Code::cancelled && taken.error().code != Code::no_space && taken.error().code != Code::too_large) {
    use_.log.info("artifact.resume", {{"url", request.url}, {"at", fill->live->written()}, {"why", taken.error().describe()}});
    taken = co_await resume(request, fill);
  }
  if (!taken) co_return fail(std::move(taken).error());
  co_return co_await finish(request, fill);
}

Task<Result<void>> Artifacts::take_body(const ArtifactRequest& request, FillRef fill) {
  for (;;) {
    if (fill->passing) co_await wait_for_followers(fill);
    if (tasks_.stopping()) co_return fail(Code::cancelled, "the server is stopping");
    const bool wanted = fill->passing ? !fill->followers.none() : keep_filling(fill->readers.load(), fill->live->written(), fill->total);
    if (!wanted) co_return fail(Code::cancelled, "nobody waits for the file");
    auto piece = co_await fill->body->read();
    if (!piece) co_return fail(std::move(piece).error());
    if (piece->empty()) break;
    std::string_view bytes = *piece;
    const auto skipped = std::min<std::uint64_t>(fill->skip, bytes.size());
    fill->skip -= skipped;
    bytes.remove_prefix(skipped);
    if (bytes.empty()) continue;
    auto appended = co_await append(request, fill, bytes);
    if (!appended) co_return fail(std::move(appended).error());
  }
  if (fill->total && fill->live->written() < *fill->total)
    co_return fail(Code::upstream_failed, "the upstream sent fewer bytes than it announced");
  co_return Result<void>();
}

Task<Result<void>> Artifacts::append(const ArtifactRequest& request, FillRef fill, std::string_view bytes) {
  auto write = [&fill, bytes] {
    fill->live->forget_before(fill->forgotten);
    return fill->live->append(bytes);
  };
  auto appended = co_await offload(use_.pool, write);
  if (appended || !may_pass(appended.error(), *fill)) co_return appended;
  begin_passing(request, fill, appended.error());
  auto pass_on = [&fill, bytes]() -> Result<void> {
    BODEGA_TRY_VOID(fill->live->pass_on());
    return fill->live->append(bytes);
  };
  co_return co_await offload(use_.pool, pass_on);
}

// Of a file that is not kept only a window lies in memory. Whoever comes when its start is gone gets a transfer of its own.
Task<void> Artifacts::wait_for_followers(FillRef fill) {
  auto too_far = [this, &fill] {
    const auto slowest = fill->followers.slowest();
    return slowest && !tasks_.stopping() && fill->live->written() - std::min(*slowest, fill->live->written()) >= kPassingWindow;
  };
  while (too_far()) co_await fill->followers.moved().wait(too_far);
  if (fill->total && *fill->total <= kPassingWindow) co_return;  // all of it may stay
  // Decided here, on the home loop: nobody can join before it and then miss its start.
  fill->forgotten = std::max(fill->forgotten, fill->followers.slowest().value_or(0));
}

Task<void> Artifacts::close() {
  tasks_.request_stop();
  for (const auto& [key, fill] : fills_) fill->followers.moved().notify_all();
  return tasks_.close();
}

// One more try from where the first broke off. Glued bytes are safe where a digest covers the whole; without one only If-Range will do.
Task<Result<void>> Artifacts::resume(const ArtifactRequest& request, FillRef fill) {
  const std::uint64_t have = fill->live->written();
  const bool covered = request.expected.sha256.has_value() || !request.expected.other_hex.empty();
  if (!strong(fill->etag) && !covered) co_return fail(Code::upstream_failed, "the upstream broke off in the middle of the file");
  auto fetch = to_fetch(request);
  if (have > 0 && strong(fill->etag)) {
    fetch.headers.add("Range", "bytes=" + std::to_string(have) + "-");
    fetch.headers.add("If-Range", fill->etag);
  }
  auto response = co_await use_.upstream.fetch(std::move(fetch));
  if (!response) co_return fail(std::move(response).error());
  if (response->status == 206) {
    if (range_start(response->headers.get("Content-Range")) != have)
      co_return fail(Code::upstream_failed, "the upstream resumed elsewhere");
  } else if (response->status == 200 && covered) {
    fill->skip = have;
  } else {
    co_return fail(Code::upstream_failed, "the upstream broke off and would not resume");
  }
  fill->body = std::move(response->body);
  co_return co_await take_body(request, fill);
}

Task<Result<void>> Artifacts::finish(const ArtifactRequest& request, FillRef fill) {
  auto seal = [&fill] { return fill->live->seal(); };
  auto digest = co_await offload(use_.pool, seal);
  if (!digest) {
    auto error = std::move(digest).error();
    if (error.code == Code::corrupt) {
      error = Error{Code::upstream_failed, "the upstream sent bytes that do not agree with the digest on its page", error.describe(),
                    std::nullopt};
    }
    co_return fail(std::move(error));
  }
  // Until the record is written nobody may take the blob away, as eviction and the removal of an upload would.
  auto claim = co_await use_.claims.keep(*digest);
  auto commit = [&fill] { return fill->live->commit(); };
  auto blob = co_await offload(use_.pool, commit);
  if (!blob) {
    // The bytes are right and at hand: whoever asked gets them, kept or not.
    const bool verified = request.expected.sha256.has_value() || !request.expected.other_hex.empty();
    fill->open(Artifact{nullptr, fill->total, *digest, CacheOutcome::miss, false, verified});
    if (!fill->passing) co_return fail(std::move(blob).error());
    fill->end(fail(std::move(blob).error()));
    co_return Result<void>();
  }
  const auto& expected = request.expected;
  const bool verified = expected.sha256.has_value() || !expected.other_hex.empty();
  const catalog::CachedBlobRow row{(*blob)->digest(), (*blob)->size(), use_.clock.wall()};
  std::optional<catalog::LocatedRow> located;
  if (!expected.sha256) located = catalog::LocatedRow{request.url.text(), row.digest, row.size, verified};
  auto record = [&row, &located](catalog::CacheTransaction& transaction) -> Result<void> {
    BODEGA_TRY_VOID(transaction.put_cached(row));
    return located ? transaction.put_located(*located) : Result<void>();
  };
  // Bytes first, record last. A lost record only means that the blob is adopted later.
  auto recorded = co_await use_.catalog.write_cache(record);
  claim.release();
  if (!recorded) use_.log.warning("artifact.not_recorded", {{"url", request.url}, {"why", recorded.error().describe()}});
  fill->end(Artifact{*blob, row.size, row.digest, CacheOutcome::miss, true, verified});
  co_return Result<void>();
}

}  // namespace bodega::cache
