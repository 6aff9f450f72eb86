#include "pypi/index/prefetch.h"

#include <algorithm>

#include "base/text.h"
#include "pypi/index/bases.h"
#include "pypi/index/prefetch_plan.h"
#include "pypi/index/simple.h"

namespace bodega::pypi {

using http::CacheOutcome;

namespace {

// A quarter of the connections one upstream host gets: clients that wait go first.
constexpr std::size_t kWidth = 16;
// The largest closure of the public index's first thousand projects has some 150 releases.
constexpr std::size_t kWalk = 400;
constexpr std::size_t kMaxWaiting = 1024;
// A resolver is done by then; what it asks for later is another walk.
constexpr auto kSeenFor = std::chrono::seconds(60);
constexpr std::size_t kMaxSeen = 8192;
constexpr auto kWastedAfter = std::chrono::minutes(10);
// The largest METADATA of the public index has 2 MB of description.
constexpr std::uint64_t kMaxMetadata = 4 << 20;

bool asked_upstream(CacheOutcome outcome) {
  return outcome == CacheOutcome::miss || outcome == CacheOutcome::joined || outcome == CacheOutcome::revalidated;
}

Task<Result<std::string>> read_whole(std::shared_ptr<const FileSource> source, Pool& pool) {
  std::uint64_t seen = 0;
  for (;;) {
    auto waiting = source->wait_beyond(seen);
    const auto available = co_await std::move(waiting);
    if (!available) co_return fail(available.error());
    if (*available == seen) break;
    seen = *available;
    if (seen > kMaxMetadata) co_return fail(Code::too_large, "metadata of an unheard-of size");
    if (source->total() == seen) break;
  }
  auto read = [&source] { return read_all(*source); };
  co_return co_await offload(pool, read);
}

}  // namespace

Prefetch::Prefetch(Dependencies use)
    : use_(use), tasks_(use.home, [log = &use.log](const std::string& what) {
        log->error("bug", {{"in", "prefetch"}, {"what", what}});
      }) {}

std::shared_ptr<Prefetch::Walk> Prefetch::begin(const IndexRef& index, std::string_view user_agent) const {
  auto environment = environment_of(user_agent);
  if (!environment || tasks_.stopping()) return nullptr;
  return std::make_shared<Walk>(Walk{index, std::move(*environment), kWalk});
}

void Prefetch::page_served(const IndexRef& index, const std::string& name, std::string_view user_agent, CacheOutcome outcome) {
  mark_used(name);
  if (!asked_upstream(outcome)) return;
  auto walk = begin(index, user_agent);
  if (!walk) return;
  Requirement wanted;
  wanted.name = name;
  add({std::move(walk), std::move(wanted)});
}

void Prefetch::metadata_served(const IndexRef& index, const std::string& filename, std::string_view user_agent,
                               const cache::Artifact& artifact) {
  mark_used(filename);
  if (!asked_upstream(artifact.outcome)) return;
  // The client reads from the same source. Metadata is small; what is not is no matter for guessing ahead.
  if (!artifact.whole && artifact.size.value_or(UINT64_MAX) > cache::Artifacts::kShared) return;
  auto walk = begin(index, user_agent);
  if (!walk) return;
  auto work = follow_served(std::move(walk), artifact.source);
  tasks_.spawn(std::move(work));
}

void Prefetch::add(Job job) {
  if (job.walk->left == 0 || waiting_.size() >= kMaxWaiting) return;
  std::string key = job.walk->index->key() + "|" + job.wanted.name + "[" + join(job.wanted.extras, ",") + "]|" +
                    job.walk->environment.python_full_version + job.walk->environment.platform_system;
  const MonoTime now = use_.clock.mono();
  if (seen_.size() >= kMaxSeen) seen_.clear();
  const auto [place, is_new] = seen_.try_emplace(std::move(key), now);
  if (!is_new && now - place->second < kSeenFor) return;
  place->second = now;
  --job.walk->left;
  waiting_.push_back(std::move(job));
  start_waiting();
}

void Prefetch::start_waiting() {
  while (running_ < kWidth && !waiting_.empty()) {
    Job job = std::move(waiting_.front());
    waiting_.pop_front();
    ++running_;
    auto work = run(std::move(job));
    tasks_.spawn(std::move(work));
  }
}

Task<void> Prefetch::run(Job job) {
  if (!tasks_.stopping()) co_await follow_page(job);
  --running_;
  start_waiting();
}

Task<Result<std::vector<IndexRef>>> Prefetch::mirrors_for(IndexRef index, std::string name) {
  auto order = search_order(index, [this](const std::string& key) { return use_.registry.find_index(key); });
  std::vector<std::string> hosting;
  if (!order.stages.empty()) {
    auto question = [&order, &name](catalog::Reader& reader) -> Result<std::vector<std::string>> {
      std::vector<std::string> keys;
      for (const auto& stage : order.stages) {
        const auto row = reader.project(stage->key(), name);
        if (row) keys.push_back(stage->key());
        if (!row && row.error().code != Code::not_found) return fail(row.error());
      }
      return keys;
    };
    auto found = co_await use_.catalog.read(question);
    if (!found) co_return fail(std::move(found).error());
    hosting = std::move(*found);
  }
  const auto walk = walk_whitelist(
      order, name, [&hosting](const std::string& key) { return std::find(hosting.begin(), hosting.end(), key) != hosting.end(); });
  if (walk.mirrors_blocked) co_return std::vector<IndexRef>();
  co_return std::move(order.mirrors);
}

Task<void> Prefetch::follow_page(const Job& job) {
  auto answering = mirrors_for(job.walk->index, job.wanted.name);
  const auto mirrors = co_await std::move(answering);
  if (!mirrors) co_return;
  for (const auto& mirror : *mirrors) {
    if (!mirror->mirror_url) continue;
    const MirrorSource source = mirror_source(*mirror);
    auto asking = use_.mirrors.page(source, job.wanted.name, cache::ClientWish::cached_is_fine);
    auto page = co_await std::move(asking);
    if (!page) continue;
    if (page->outcome == CacheOutcome::miss) {
      ++counters_.pages;
      note(job.wanted.name, page->bytes);
    }
    auto choose = [&page, &job] { return likely_wheel(*page->page, job.wanted.specifier, job.walk->environment); };
    const PageFile* chosen = co_await offload(use_.pool, choose);
    if (chosen == nullptr) co_return;
    const PageFile wheel = *chosen;
    page->page.reset();  // the upstream may take its time
    auto fetching = use_.mirrors.metadata(source, wheel);
    auto file = co_await std::move(fetching);
    if (!file) co_return;
    if (file->artifact.outcome == CacheOutcome::miss) {
      ++counters_.metadata;
      note(wheel.filename, file->artifact.size.value_or(0));
    }
    auto following = follow_metadata(job.walk, file->artifact.source, job.wanted.extras);
    co_await std::move(following);
    co_return;
  }
}

Task<void> Prefetch::follow_served(std::shared_ptr<Walk> walk, std::shared_ptr<const FileSource> source) {
  auto following = follow_metadata(std::move(walk), std::move(source), {});
  co_await std::move(following);
}

Task<void> Prefetch::follow_metadata(std::shared_ptr<Walk> walk, std::shared_ptr<const FileSource> source,
                                     std::vector<std::string> extras) {
  auto reading = read_whole(std::move(source), use_.pool);
  const auto bytes = co_await std::move(reading);
  if (!bytes || tasks_.stopping()) co_return;
  auto plan = [&bytes, &walk, &extras] { return needs_of(Metadata::parse(*bytes), walk->environment, extras); };
  auto needs = co_await offload(use_.pool, plan);
  for (auto& need : needs) add({walk, std::move(need)});
}

void Prefetch::note(std::string key, std::uint64_t bytes) {
  drop_old();
  const MonoTime now = use_.clock.mono();
  counters_.bytes += bytes;
  age_.emplace_back(now, key);
  ahead_[std::move(key)] = {bytes, now};
}

void Prefetch::mark_used(const std::string& key) {
  const auto found = ahead_.find(key);
  if (found == ahead_.end()) return;
  ++counters_.used;
  counters_.used_bytes += found->second.bytes;
  ahead_.erase(found);
}

void Prefetch::drop_old() {
  const MonoTime now = use_.clock.mono();
  while (!age_.empty() && now - age_.front().first > kWastedAfter) {
    const auto found = ahead_.find(age_.front().second);
    if (found != ahead_.end() && found->second.at == age_.front().first) {
      ++counters_.wasted;
      counters_.wasted_bytes += found->second.bytes;
      ahead_.erase(found);
    }
    age_.pop_front();
  }
}

Prefetch::Counters Prefetch::counters() {
  drop_old();
  return counters_;
}

}  // namespace bodega::pypi
