#include "web/search/indexer.h"

#include <algorithm>

#include <malloc.h>

#include "async/loop.h"

namespace bodega::web {
namespace {

// An installer that asked for a page asks for the metadata next; by then it has been fetched.
constexpr auto kMirrorDelay = std::chrono::seconds(20);
// By then every change that has a serial has been told here.
constexpr auto kSettleTime = std::chrono::seconds(10);
// After a failure, a full disk most likely.
constexpr auto kRetry = std::chrono::seconds(60);
// Projects for one commit: a commit costs some milliseconds of synced writes, an open change the memory of its texts.
constexpr std::size_t kBatch = 40;

// The rest of a fact behind its kind; nullopt: of another kind.
std::optional<std::string_view> fact_of(std::string_view fact, std::string_view kind) {
  if (!fact.starts_with(kind)) return std::nullopt;
  return fact.substr(kind.size());
}

}  // namespace

Duration rest_after(Duration batch) { return std::min<Duration>(9 * batch, std::chrono::seconds(1)); }

Indexer::Indexer(Dependencies use, Indexed what, std::filesystem::path directory)
    : use_(use),
      what_(what),
      directory_(std::move(directory)),
      names_({use.catalog, use.store, use.registry, use.lists, use.quiet, use.clock, use.log, use.home}, directory_ / "names"),
      tasks_(use.home, [log = &use.log](const std::string& what_failed) {
        log->error("bug", {{"in", "search"}, {"what", what_failed}});
      }) {}

void Indexer::start() {
  if (what_ == Indexed::nothing) return;
  auto task = run();
  tasks_.spawn(std::move(task));
  if (what_ == Indexed::all) names_.start();
}

Task<void> Indexer::close() {
  tasks_.request_stop();
  work_.notify_all();
  co_await names_.close();
  co_await tasks_.close();
  const bool behind = std::any_of(due_.begin(), due_.end(), [this](const auto& one) {
    const auto index = use_.registry.find_index(one.first.first);
    return index && !index->is_mirror();
  });
  // Nothing changes any more. What mirrors have cached is looked at by name at the start.
  const auto note = serial_note(use_.catalog.last_serial());
  if (texts_ && whole_ && !damaged_ && !behind && noted_ != note) {
    auto last = note;
    auto done = co_await commit(std::move(last));
    if (!done) use_.log.warning("search.failed", {{"why", done.error().describe()}});
  }
}

std::string Indexer::serial_note(catalog::Serial serial) const {
  return std::to_string(serial) + (what_ == Indexed::all ? " all" : " hosted");
}

void Indexer::fact_changed(std::string_view fact) {
  if (what_ == Indexed::nothing) return;
  if (const auto path = fact_of(fact, "project:")) {
    const auto slash = path->rfind('/');
    if (slash == std::string_view::npos) return;
    ProjectKey key(path->substr(0, slash), path->substr(slash + 1));
    const auto index = use_.registry.find_index(key.first);
    if (!index || (index->is_mirror() && what_ != Indexed::all)) return;
    if (index->is_mirror()) want_names_later(key.first);
    add(std::move(key), use_.clock.mono() + (index->is_mirror() ? Duration(kMirrorDelay) : Duration(0)));
  } else if (const auto list = fact_of(fact, "list:")) {
    const auto index = use_.registry.find_index(*list);
    if (index && index->is_mirror() && what_ == Indexed::all) names_.changed(std::string(*list));
  } else if (const auto index = fact_of(fact, "index:")) {
    indexes_.emplace(*index);
    work_.notify_all();
  }
}

void Indexer::texts_damaged() {
  damaged_ = true;
  work_.notify_all();
}

void Indexer::add(ProjectKey key, MonoTime due) {
  const auto [place, is_new] = due_.emplace(std::move(key), due);
  if (!is_new && place->second <= due) return;
  if (!is_new) in_order_.erase({place->second, &place->first});
  place->second = due;
  in_order_.emplace(due, &place->first);
  work_.notify_all();
}

std::optional<Indexer::ProjectKey> Indexer::take_due() {
  if (in_order_.empty() || in_order_.begin()->first > use_.clock.mono()) return std::nullopt;
  auto first = due_.extract(*in_order_.begin()->second);
  in_order_.erase(in_order_.begin());
  return std::move(first.key());
}

std::optional<MonoTime> Indexer::next_due() const {
  std::optional<MonoTime> out;
  if (!in_order_.empty()) out = in_order_.begin()->first;
  if (out && due_.size() < kBatch) out = std::max(*out, rests_until_);
  for (const auto& [index, due] : names_due_) {
    if (!out || due < *out) out = due;
  }
  return out;
}

// The first one who searches should find names. A list is forty megabytes, which are not fetched while installers wait for pages.
void Indexer::want_names_later(const std::string& index) {
  if (use_.names_after && names_.find(index) == nullptr) names_due_[index] = use_.clock.mono() + *use_.names_after;
}

void Indexer::fetch_names_due() {
  const MonoTime now = use_.clock.mono();
  std::vector<std::string> due;
  for (auto at = names_due_.begin(); at != names_due_.end();) {
    const bool is_due = at->second <= now;
    if (is_due && names_.find(at->first) == nullptr) due.push_back(at->first);
    at = is_due ? names_due_.erase(at) : std::next(at);
  }
  names_.wanted(due);
}

Task<void> Indexer::run() {
  while (!tasks_.stopping()) {
    auto done = Result<void>();
    const bool had_texts = texts_ && !damaged_;
    if (!had_texts) {
      done = co_await open();
      if (done) done = co_await reconcile();
    } else if (!indexes_.empty()) {
      co_await look_after_indexes();
    } else if (const auto due = next_due(); due && *due <= use_.clock.mono()) {
      fetch_names_due();
      done = co_await index_some();
    } else {
      co_await give_back();
      co_await settle();
      if (!tasks_.stopping()) co_await wait();
    }
    if (done) continue;
    use_.log.warning("search.failed", {{"why", done.error().describe()}});
    if (done.error().code == Code::corrupt) damaged_ = true;
    if (!had_texts || !damaged_) co_await pause();
  }
}

Task<void> Indexer::pause() {
  const MonoTime until = use_.clock.mono() + kRetry;
  auto waiting = [this, until] { return !tasks_.stopping() && use_.clock.mono() < until; };
  auto arm = [this, until](const Waker& waker) { use_.timers.wake_at(until, waker); };
  while (waiting()) co_await work_.wait(waiting, arm);
}

Task<void> Indexer::wait() {
  MonoTime until = use_.clock.mono() + std::chrono::hours(1);
  if (const auto due = next_due()) until = std::min(until, *due);
  if (noted_ != serial_note(use_.catalog.last_serial())) until = std::min(until, use_.clock.mono() + kSettleTime);
  auto idle = [this] {
    const auto due = next_due();
    return !tasks_.stopping() && !damaged_ && indexes_.empty() && !(due && *due <= use_.clock.mono());
  };
  auto arm = [this, until](const Waker& waker) { use_.timers.wake_at(until, waker); };
  co_await work_.wait(idle, arm);
}

// What a batch of texts took lies in pieces between what is in use.
Task<void> Indexer::give_back() {
  if (indexed_ < given_back_ + kBatch) co_return;
  given_back_ = indexed_;
  auto work = [] { ::malloc_trim(0); };
  co_await offload(use_.quiet, work);
}

// Notes how far everything is indexed, once it has been so for a while: a change is told here a moment after it has its serial.
Task<void> Indexer::settle() {
  const auto serial = use_.catalog.last_serial();
  if (!whole_ || noted_ == serial_note(serial)) co_return;
  if (settling_ != serial) {
    settling_ = serial;
    settled_at_ = use_.clock.mono() + kSettleTime;
    co_return;
  }
  if (use_.clock.mono() < settled_at_) co_return;
  auto note = serial_note(serial);
  auto done = co_await commit(std::move(note));
  if (!done) use_.log.warning("search.failed", {{"why", done.error().describe()}});
}

Task<Result<void>> Indexer::open() {
  if (damaged_) ++rebuilds_;
  const bool throw_away = damaged_;
  const auto path = directory_ / "texts";
  whole_ = false;
  TextIndex::Opened opened;
  auto work = [&]() -> Result<void> {
    std::error_code error;
    if (throw_away) std::filesystem::remove_all(path, error);
    std::filesystem::create_directories(directory_, error);
    BODEGA_TRY(opened, TextIndex::open(path));
    return {};
  };
  auto done = co_await offload(use_.quiet, work);
  if (!done) co_return done;
  if (!opened.damage.empty()) use_.log.warning("search.unusable", {{"why", opened.damage}});
  texts_ = std::move(opened.index);
  fresh_ = opened.fresh || throw_away;
  damaged_ = false;
  co_return Result<void>();
}

std::vector<std::string> Indexer::existing_indexes() const {
  std::vector<std::string> out;
  for (const auto& user : use_.registry.users()) {
    for (const auto& name : user->indexes) out.push_back(user->row.name + "/" + name);
  }
  return out;
}

// Sees what is missing and what is too much. The projects themselves are indexed one after the other later.
Task<Result<void>> Indexer::reconcile() {
  const auto serial = use_.catalog.last_serial();
  auto look = [this] { return std::make_pair(texts_->note(), texts_->indexes()); };
  auto seen = co_await offload(use_.quiet, look);
  noted_ = seen.first;
  if (!seen.second) co_return fail(std::move(seen.second).error());
  const auto existing = existing_indexes();
  for (const auto& index : *seen.second) {
    if (std::find(existing.begin(), existing.end(), index) == existing.end()) indexes_.insert(index);
  }
  const bool same = !fresh_ && noted_ == serial_note(serial);
  for (const auto& key : existing) {
    const auto index = use_.registry.find_index(key);
    if (!index || tasks_.stopping()) continue;
    auto done = Result<void>();
    if (index->is_mirror()) {
      done = co_await reconcile_mirror(key);
    } else if (!same) {
      done = co_await reconcile_hosted(key, fresh_);
    }
    if (!done) co_return done;
  }
  fresh_ = false;
  whole_ = true;
  co_return Result<void>();
}

Task<Result<void>> Indexer::reconcile_hosted(std::string index, bool fresh) {
  auto question = [&index](catalog::Reader& reader) { return reader.projects(index); };
  auto projects = co_await use_.catalog.read(question);
  if (!projects) co_return fail(std::move(projects).error());
  const MonoTime now = use_.clock.mono();
  if (fresh) {
    // Names first, so that something is found from the first moment on.
    auto work = [this, &projects]() -> Result<void> {
      constexpr std::size_t kAtOnce = 2000;
      for (std::size_t i = 0; i < projects->size(); ++i) {
        const auto& project = (*projects)[i];
        BODEGA_TRY_VOID(texts_->put({project.index, project.name, project.display, {}}));
        if (i % kAtOnce == kAtOnce - 1 || i + 1 == projects->size()) BODEGA_TRY_VOID(texts_->commit(""));
      }
      return {};
    };
    auto done = co_await offload(use_.quiet, work);
    if (!done) co_return done;
  }
  auto look = [this, &index] { return texts_->stamps(index); };
  auto stamps = co_await offload(use_.quiet, look);
  if (!stamps) co_return fail(std::move(stamps).error());
  for (const auto& [project, stamp] : *stamps) add({index, project}, now);
  for (const auto& project : *projects) add({index, project.name}, now);
  co_return Result<void>();
}

// Only names are compared: what is cached of a mirror changes little of what is indexed.
Task<Result<void>> Indexer::reconcile_mirror(std::string index) {
  std::vector<std::string> cached;
  if (what_ == Indexed::all) {
    auto question = [&index](catalog::CacheReader& reader) { return reader.document_names(index); };
    auto names = co_await use_.catalog.read_cache(question);
    if (!names) co_return fail(std::move(names).error());
    cached = std::move(*names);
  }
  auto look = [this, &index] { return texts_->stamps(index); };
  auto stamps = co_await offload(use_.quiet, look);
  if (!stamps) co_return fail(std::move(stamps).error());
  const MonoTime now = use_.clock.mono();
  if (!cached.empty()) want_names_later(index);
  std::map<std::string_view, std::string_view> known;
  for (const auto& [project, stamp] : *stamps) known.emplace(project, stamp);
  for (const auto& name : cached) {
    const auto found = known.find(name);
    if (found == known.end() || found->second.empty()) add({index, name}, now);
    if (found != known.end()) known.erase(found);
  }
  for (const auto& [project, stamp] : known) add({index, std::string(project)}, now);
  co_return Result<void>();
}

Task<void> Indexer::look_after_indexes() {
  const auto indexes = std::exchange(indexes_, {});
  for (const auto& key : indexes) {
    if (tasks_.stopping()) co_return;
    const auto index = use_.registry.find_index(key);
    if (what_ == Indexed::all) names_.changed(key);
    auto done = Result<void>();
    if (!index) {
      auto work = [this, &key]() -> Result<void> {
        BODEGA_TRY_VOID(texts_->remove_index(key));
        return texts_->commit("");
      };
      done = co_await offload(use_.quiet, work);
      noted_.clear();
    } else if (index->is_mirror()) {
      done = co_await reconcile_mirror(key);
    } else {
      done = co_await reconcile_hosted(key, false);
    }
    if (!done) use_.log.warning("search.failed", {{"why", done.error().describe()}});
    if (!done && done.error().code == Code::corrupt) damaged_ = true;
  }
}

Task<Result<void>> Indexer::index_some() {
  const auto indexed = indexed_;
  const MonoTime began = use_.clock.mono();
  for (std::size_t i = 0; i < kBatch && !tasks_.stopping(); ++i) {
    const auto key = take_due();  // a change from here on puts it back
    if (!key) break;
    auto done = co_await index_one(*key);
    if (done) continue;
    add(*key, use_.clock.mono() + kRetry);
    co_return done;
  }
  if (indexed == indexed_) co_return Result<void>();
  std::string nothing;  // what is due still is not in the index
  auto done = co_await commit(std::move(nothing));
  const MonoTime ended = use_.clock.mono();
  rests_until_ = ended + rest_after(ended - began);
  co_return done;
}

Task<Result<void>> Indexer::index_one(ProjectKey key) {
  const auto index = use_.registry.find_index(key.first);
  if (!index) co_return Result<void>();  // look_after_indexes() removes all of it
  if (index->is_mirror()) co_return co_await index_mirrored(std::move(key));
  co_return co_await index_hosted(std::move(key));
}

Task<Result<void>> Indexer::remove(ProjectKey key) {
  ++indexed_;
  auto work = [this, &key] { return texts_->remove(key.first, key.second); };
  co_return co_await offload(use_.quiet, work);
}

Task<Result<void>> Indexer::index_hosted(ProjectKey key) {
  auto question = [&key](catalog::Reader& reader) -> Result<HostedFacts> {
    BODEGA_TRY(auto project, reader.project(key.first, key.second));
    BODEGA_TRY(auto releases, reader.releases(key.first, key.second));
    BODEGA_TRY(const auto attachments, reader.attachments(key.first, key.second));
    BODEGA_TRY(const auto files, reader.files(key.first, key.second));
    if (releases.empty()) return fail(Code::not_found, "the project has no release");
    return choose_facts(std::move(project), std::move(releases), attachments, files);
  };
  auto facts = co_await use_.catalog.read(question);
  if (!facts && facts.error().code == Code::not_found) co_return co_await remove(std::move(key));
  if (!facts) co_return fail(std::move(facts).error());
  bool changed = false;
  auto work = [this, &facts, &key, &changed]() -> Result<void> {
    BODEGA_TRY(const auto stamp, texts_->stamp(key.first, key.second));
    if (stamp == stamp_of(*facts)) return {};
    changed = true;
    auto text = hosted_text(*facts);
    if (facts->docs) {
      // Without its bytes there is nothing to read now; fsck tells of it.
      if (const auto blob = use_.store.open(facts->docs->digest))
        text.pages = read_documentation("/proc/self/fd/" + std::to_string((*blob)->fd()));
    }
    return texts_->put(text);
  };
  auto done = co_await offload(use_.quiet, work);
  if (changed) ++indexed_;
  co_return done;
}

Task<Result<void>> Indexer::index_mirrored(ProjectKey key) {
  auto question = [&key](catalog::CacheReader& reader) { return reader.document(key.first, key.second); };
  auto row = co_await use_.catalog.read_cache(question);
  const bool absent = row ? row->state != catalog::DocumentState::present : row.error().code == Code::not_found;
  if (absent) co_return co_await remove(std::move(key));
  if (!row) co_return fail(std::move(row).error());
  auto work = [this, &row, &key]() -> Result<void> {
    const auto page = pypi::decode_page(row->body);
    if (!page) return texts_->remove(key.first, key.second);
    constexpr std::size_t kTried = 20;
    for (const auto& digest : metadata_digests(*page, kTried)) {
      const auto blob = use_.store.open(digest);
      if (!blob) continue;
      std::string bytes(std::min<std::uint64_t>((*blob)->size(), 1U << 20U), '\0');
      const auto got = (*blob)->read_at(bytes.data(), bytes.size(), 0);
      if (!got) continue;
      const auto metadata = pypi::Metadata::parse(std::string_view(bytes).substr(0, *got));
      return texts_->put(mirrored_text(key.first, *page, &metadata));
    }
    return texts_->put(mirrored_text(key.first, *page, nullptr));
  };
  ++indexed_;
  co_return co_await offload(use_.quiet, work);
}

Task<Result<void>> Indexer::commit(std::string note) {
  auto work = [this, &note]() -> Result<std::uint64_t> {
    BODEGA_TRY_VOID(texts_->commit(note));
    return texts_->documents();
  };
  auto done = co_await offload(use_.quiet, work);
  if (!done) co_return fail(std::move(done).error());
  documents_ = *done;
  noted_ = note;
  co_return Result<void>();
}

Indexer::Counters Indexer::counters() const { return {documents_, due_.size(), indexed_, rebuilds_, names_.counters()}; }

}  // namespace bodega::web
