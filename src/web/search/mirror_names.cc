#include "web/search/mirror_names.h"

#include "base/text.h"
#include "pypi/format/names.h"
#include "pypi/format/project_list.h"

namespace bodega::web {
namespace {

constexpr std::size_t kStep = 64 * 1024;
// How often a search may have a list looked after. ProjectLists asks the upstream only when it has become old.
constexpr auto kAskAgain = std::chrono::minutes(10);
constexpr auto kAskAgainAfterFailure = std::chrono::minutes(1);

// Blocks.
Result<void> write_names(store::BlobStore& store, const Digest& list, const std::filesystem::path& path, Pace& pace) {
  BODEGA_TRY(const auto blob, store.open(list));
  NameListBuilder builder;
  pypi::ProjectListScanner scanner(pypi::PageFormat::json);
  const auto take = [&builder, &pace](std::string_view name) {
    builder.add(pypi::normalize_name(name));
    pace.step();
  };
  std::string piece(kStep, '\0');
  for (std::uint64_t at = 0; at < blob->size();) {
    BODEGA_TRY(const std::size_t got, blob->read_at(piece.data(), piece.size(), at));
    if (got == 0) return fail(Code::corrupt, "a project list became shorter while it was read");
    at += got;
    BODEGA_TRY_VOID(scanner.feed(std::string_view(piece).substr(0, got), take));
  }
  BODEGA_TRY_VOID(scanner.finish());
  return builder.write(path, list, pace);
}

}  // namespace

MirrorNameKeeper::MirrorNameKeeper(Dependencies use, std::filesystem::path directory)
    : use_(use), directory_(std::move(directory)), tasks_(use.home, [log = &use.log](const std::string& what) {
        log->error("bug", {{"in", "search"}, {"what", what}});
      }) {}

MirrorNameKeeper::Files MirrorNameKeeper::files_of(const std::string& index) const {
  const std::string name = percent_encode(index);
  return {directory_ / (name + ".names"), directory_ / (name + ".grams")};
}

void MirrorNameKeeper::start() {
  auto task = begin();
  tasks_.spawn(std::move(task));
}

Task<void> MirrorNameKeeper::begin() {
  std::set<std::string> expected;
  std::vector<std::string> mirrors;
  for (const auto& user : use_.registry.users()) {
    for (const auto& name : user->indexes) {
      const auto index = use_.registry.find_index(user->row.name + "/" + name);
      if (!index || !index->is_mirror()) continue;
      mirrors.push_back(index->key());
      const auto files = files_of(index->key());
      expected.insert(files.names.filename().string());
      expected.insert(files.grams.filename().string());
    }
  }
  auto sweep = [this, &expected] {
    std::error_code error;
    std::filesystem::create_directories(directory_, error);
    for (const auto& entry : std::filesystem::directory_iterator(directory_, error)) {
      if (expected.count(entry.path().filename().string()) == 0) std::filesystem::remove(entry.path(), error);
    }
  };
  co_await offload(use_.quiet, sweep);
  for (const auto& mirror : mirrors) changed(mirror);
}

void MirrorNameKeeper::changed(const std::string& index) {
  if (tasks_.stopping()) return;
  if (!at_work_.insert(index).second) {
    again_.insert(index);
    return;
  }
  auto task = work_on(index);
  tasks_.spawn(std::move(task));
}

Task<void> MirrorNameKeeper::work_on(std::string index) {
  for (bool more = true; more && !tasks_.stopping();) {
    again_.erase(index);
    auto done = co_await refresh(index);
    if (!done) use_.log.warning("search.names_failed", {{"index", index}, {"why", done.error().describe()}});
    more = again_.count(index) > 0;
  }
  at_work_.erase(index);
}

Task<Result<void>> MirrorNameKeeper::refresh(std::string index) {
  const auto config = use_.registry.find_index(index);
  auto question = [&index](catalog::CacheReader& reader) { return reader.document(index, ""); };
  auto row = co_await use_.catalog.read_cache(question);
  const bool gone = !config || !config->is_mirror() || (!row && row.error().code == Code::not_found);
  if (gone) {
    co_await drop(index);
    co_return Result<void>();
  }
  if (!row) co_return fail(std::move(row).error());
  BODEGA_CO_TRY(const auto kept, pypi::decode_forms(row->body));
  const pypi::ListForm* list = nullptr;
  for (const auto& form : kept.forms) {
    if (form.format == pypi::PageFormat::json && form.encoding == pypi::ContentEncoding::identity) list = &form;
  }
  if (list == nullptr) co_return Result<void>();
  if (names_.count(index) == 0) {
    auto loaded = co_await load(index);
    const bool news = !loaded && loaded.error().code != Code::not_found;
    if (news) use_.log.warning("search.names_unusable", {{"index", index}, {"why", loaded.error().describe()}});
  }
  const auto found = names_.find(index);
  if (found == names_.end() || found->second.names->source() != list->digest) co_return co_await make(index, list->digest);
  if (!found->second.grams) co_return co_await add_grams(found->second);
  co_return Result<void>();
}

Task<Result<void>> MirrorNameKeeper::load(std::string index) {
  const auto files = files_of(index);
  MirrorNames out;
  out.user = index.substr(0, index.find('/'));
  out.index = index.substr(index.find('/') + 1);
  auto work = [&files, &out]() -> Result<void> {
    BODEGA_TRY(out.names, NameList::load(files.names));
    auto grams = GramIndex::open(files.grams, *out.names);
    if (grams) out.grams = std::move(*grams);
    return {};
  };
  auto loaded = co_await offload(use_.quiet, work);
  if (loaded) names_[index] = std::move(out);
  co_return loaded;
}

Task<Result<void>> MirrorNameKeeper::make(std::string index, Digest list) {
  const MonoTime began = use_.clock.mono();
  const auto files = files_of(index);
  MirrorNames fresh;
  fresh.user = index.substr(0, index.find('/'));
  fresh.index = index.substr(index.find('/') + 1);
  auto work = [this, &files, &list, &fresh]() -> Result<void> {
    std::error_code error;
    std::filesystem::create_directories(directory_, error);
    Pace pace;
    BODEGA_TRY_VOID(write_names(use_.store, list, files.names, pace));
    BODEGA_TRY(fresh.names, NameList::load(files.names));
    return {};
  };
  auto made = co_await offload(use_.quiet, work);
  if (!made) co_return made;
  ++builds_;
  // The first ones answer by their beginnings at once; a new list takes the place of an old one when it is whole.
  if (names_.count(index) == 0) names_[index] = fresh;
  auto whole = co_await add_grams(fresh);
  if (!whole) co_return whole;
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(use_.clock.mono() - began).count();
  use_.log.info("search.names", {{"index", index}, {"names", fresh.names->size()}, {"ms", took}});
  co_return Result<void>();
}

Task<Result<void>> MirrorNameKeeper::add_grams(MirrorNames names) {
  const auto files = files_of(names.key());
  auto work = [&files, &names]() -> Result<void> {
    Pace pace;
    BODEGA_TRY_VOID(GramIndex::build(*names.names, files.grams, pace));
    BODEGA_TRY(names.grams, GramIndex::open(files.grams, *names.names));
    return {};
  };
  auto made = co_await offload(use_.quiet, work);
  if (!made) co_return made;
  const std::string key = names.key();
  if (use_.registry.find_index(key)) names_[key] = std::move(names);
  co_return Result<void>();
}

Task<void> MirrorNameKeeper::drop(std::string index) {
  names_.erase(index);
  const auto files = files_of(index);
  auto work = [&files] {
    std::error_code error;
    std::filesystem::remove(files.names, error);
    std::filesystem::remove(files.grams, error);
  };
  co_await offload(use_.quiet, work);
}

void MirrorNameKeeper::wanted(const std::vector<std::string>& mirrors) {
  const MonoTime now = use_.clock.mono();
  for (const auto& mirror : mirrors) {
    const auto index = use_.registry.find_index(mirror);
    if (!index || !index->mirror_url || index->mirror_no_project_list || tasks_.stopping()) continue;
    const auto asked = asked_for_.find(mirror);
    if (asked != asked_for_.end() && now < asked->second + kAskAgain) continue;
    asked_for_[mirror] = now;
    auto task = ask_for_list(mirror);
    tasks_.spawn(std::move(task));
  }
}

// Whatever comes of it arrives by changed().
Task<void> MirrorNameKeeper::ask_for_list(std::string mirror) {
  const auto index = use_.registry.find_index(mirror);
  if (!index || !index->mirror_url) co_return;
  auto source = pypi::mirror_source(*index);
  auto answer = co_await use_.lists.get(std::move(source), pypi::PageFormat::json, pypi::ContentEncoding::identity);
  if (answer) co_return;
  use_.log.info("search.no_list", {{"index", mirror}, {"why", answer.error().describe()}});
  asked_for_[mirror] = use_.clock.mono() - kAskAgain + kAskAgainAfterFailure;
}

const MirrorNames* MirrorNameKeeper::find(const std::string& index) const {
  const auto found = names_.find(index);
  return found == names_.end() ? nullptr : &found->second;
}

MirrorNameKeeper::Counters MirrorNameKeeper::counters() const {
  Counters out;
  out.builds = builds_;
  for (const auto& [index, mirror] : names_) {
    out.names += mirror.names->size();
    out.bytes += mirror.names->bytes();
  }
  return out;
}

}  // namespace bodega::web
