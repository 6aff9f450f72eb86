// How names appear below blobs/: bytes of all first, then the names, then the directories. What is placed together shares its syncs.
#include <algorithm>
#include <chrono>
#include <map>
#include <utility>

#include "store/local_blob_store.h"
#include "store/temp_name.h"

namespace bodega::store {
namespace {

namespace fs = std::filesystem;

// From so many files on, one sync of the whole file system is cheaper than one for each file and directory (measured on ext4: four cost a
// third, sixteen a tenth). It also waits for what others have written, so that a single upload never takes it,
constexpr std::size_t kTogether = 4;
// and nobody for a while after it took longer than the single syncs would have: somebody writes more than the disk takes. So at most a
// fifth of the time is lost to slow ones.
constexpr auto kPatience = std::chrono::milliseconds(20);  // for each file
constexpr int kGoAlone = 4;                                // times as long as it took

std::int64_t ticks(std::chrono::steady_clock::time_point time) { return time.time_since_epoch().count(); }

}  // namespace

// A temp file on its way to its name.
struct LocalBlobStore::Placement {
  Keep* of = nullptr;
  Digest digest;
  std::shared_ptr<File> file;
  fs::path temp;
  fs::path target;
  Code standing = Code::not_found;  // why what has the name already does not count
  Generation hashed{};
  Result<void> outcome{};

  bool is_blob() const { return of->blob != nullptr; }
};

Result<std::shared_ptr<const Blob>> LocalBlobStore::commit(BlobWriter& writer) {
  Keep one{.blob = &writer};
  keep({&one, 1});
  return std::move(one.outcome);
}

// In the order of their addresses, so that two groups never wait for each other.
std::vector<std::unique_lock<std::mutex>> LocalBlobStore::hold(std::span<const Digest> digests) {
  std::vector<std::mutex*> wanted;
  wanted.reserve(digests.size());
  for (const auto& digest : digests) wanted.push_back(&stripe(digest));
  std::sort(wanted.begin(), wanted.end(), std::less<>());
  wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
  std::vector<std::unique_lock<std::mutex>> held;
  held.reserve(wanted.size());
  for (auto* const one : wanted) held.emplace_back(*one);
  return held;
}

void LocalBlobStore::keep(std::span<Keep> all) {
  std::vector<Digest> digests;
  std::vector<Keep*> open;
  for (auto& one : all) {
    if (one.blob != nullptr) {
      auto& writer = static_cast<StoreWriter&>(*one.blob);  // every writer that this store gives out
      if (auto ready = writer.ready(); !ready) {
        one.outcome = fail(std::move(ready).error());
        continue;
      }
      one.digest = writer.finish_digest();
    }
    digests.push_back(one.digest);
    open.push_back(&one);
  }
  const auto held = hold(digests);
  std::vector<Placement> placements;
  std::vector<Keep*> twins;  // of bytes that another one of this group brings as well
  std::vector<fs::path> leftovers;
  for (auto* const one : open) {
    if (one->blob == nullptr) {
      if (auto begun = begin_notes(*one, placements, leftovers); !begun) one->outcome = fail(std::move(begun).error());
    } else if (std::any_of(placements.begin(), placements.end(), [one](const auto& p) { return p.is_blob() && p.digest == one->digest; })) {
      twins.push_back(one);
    } else {
      begin_blob(*one, placements);
    }
  }
  place(placements);
  for (auto& one : placements) end(one);
  for (auto* const one : twins) {
    std::vector<Placement> own;
    begin_blob(*one, own);
    place(own);
    for (auto& placement : own) end(placement);
  }
  for (const auto& path : leftovers) (void)file_system_.remove(path);
}

void LocalBlobStore::begin_blob(Keep& keep, std::vector<Placement>& placements) {
  auto& writer = static_cast<StoreWriter&>(*keep.blob);
  auto standing = open_verified(keep.digest);
  // Whole is not yet durable: its writer may have died before the sync, or it was copied here by hand. On a clean file a sync costs
  // nothing.
  if (standing && synced(standing->file->sync())) {
    keep.outcome = settle_standing(keep.digest, *standing);
    writer.discard();
    return;
  }
  const Code why = standing ? Code::io : standing.error().code;
  placements.push_back({&keep, keep.digest, writer.file(), writer.temp(), layout_.blob(keep.digest), why});
}

Result<std::shared_ptr<const Blob>> LocalBlobStore::settle_standing(const Digest& digest, Opened& standing) {
  if (!directories_.knows(digest)) {
    const fs::path first = layout_.blob(digest).parent_path().parent_path();
    BODEGA_TRY_VOID(synced(file_system_.sync_directory(first)));
    BODEGA_TRY_VOID(synced(file_system_.sync_directory(layout_.blobs())));
    directories_.note(digest, true);
  }
  BODEGA_TRY_VOID(synced(file_system_.sync_directory(layout_.blob(digest).parent_path())));
  return std::make_shared<const Blob>(digest, std::move(standing.file), standing.generation, verified_);
}

Result<void> LocalBlobStore::begin_notes(Keep& keep, std::vector<Placement>& placements, std::vector<fs::path>& leftovers) {
  BODEGA_TRY(const auto there, notes(keep.digest));
  for (const auto& [name, text] : *keep.notes) {
    const auto found = there.find(name);
    if (found != there.end() && found->second == text) continue;
    BODEGA_TRY(auto written, write_note(keep, name, text));
    placements.push_back(std::move(written));
  }
  for (const auto& [name, text] : there) {
    if (!keep.notes->contains(name)) leftovers.push_back(layout_.note(keep.digest, name));
  }
  return {};
}

Result<LocalBlobStore::Placement> LocalBlobStore::write_note(Keep& keep, std::string_view name, std::string_view text) {
  const fs::path temp = layout_.temp() / random_name();
  BODEGA_TRY(std::shared_ptr<File> file, file_system_.create(temp));
  if (auto written = file->write_at(text, 0); !written) {
    drop(temp);
    return fail(std::move(written).error());
  }
  return Placement{&keep, keep.digest, std::move(file), temp, layout_.note(keep.digest, name)};
}

// Bytes first, names last: the bytes of all are durable before the first of them has its name, the names before anybody is told.
void LocalBlobStore::place(std::span<Placement> all) {
  sync_bytes(all);
  for (auto& one : all) {
    if (one.outcome) one.outcome = enter(one);
  }
  sync_names(all);
}

void LocalBlobStore::sync_bytes(std::span<Placement> all) {
  const bool together = sync_everything(all.size());
  // What the disk refused of a file, that file's own descriptor tells; the sync of everything may have told somebody else.
  for (auto& one : all) one.outcome = synced(together ? one.file->check_written() : one.file->sync());
}

// Whether everything was made durable at once. If not, nothing is known, perhaps it was not even allowed: each file and each directory is
// asked for itself, and each remembers what went wrong with it until its own descriptor was told.
bool LocalBlobStore::sync_everything(std::size_t things) {
  using Clock = std::chrono::steady_clock;
  const auto began = Clock::now();
  if (things < kTogether || ticks(began) < alone_until_.load()) return false;
  const auto done = file_system_.sync_all(layout_.root());
  const auto ended = Clock::now();
  const auto took = ended - began;
  if (took > kPatience * static_cast<std::int64_t>(things)) alone_until_.store(ticks(ended + kGoAlone * took));
  return done.has_value();
}

Result<void> LocalBlobStore::enter(Placement& one) {
  BODEGA_TRY(one.hashed, one.file->generation());
  BODEGA_TRY_VOID(add_directory(one.digest));
  auto moved = file_system_.rename(one.temp, one.target);
  if (moved) return moved;
  if (one.standing == Code::corrupt) {
    // Of what can stand there, a rename replaces everything but a directory.
    BODEGA_TRY_VOID(quarantine_locked(one.digest));
  } else if (moved.error().code == Code::not_found) {
    // Somebody took the directory away while we run.
    directories_.note(one.digest, false);
    BODEGA_TRY_VOID(file_system_.make_directories(one.target.parent_path()));
  } else {
    return moved;
  }
  return file_system_.rename(one.temp, one.target);
}

Result<void> LocalBlobStore::add_directory(const Digest& digest) {
  if (directories_.knows(digest)) return {};
  const fs::path directory = layout_.blob(digest).parent_path();
  if (!directories_.knows_first(digest)) BODEGA_TRY_VOID(file_system_.add_directory(directory.parent_path()));
  return file_system_.add_directory(directory);
}

// Each directory once, also those that are above a new one.
void LocalBlobStore::sync_names(std::span<Placement> all) {
  const auto entered = static_cast<std::size_t>(std::count_if(all.begin(), all.end(), [](const auto& p) { return p.outcome.has_value(); }));
  const bool together = sync_everything(entered);
  std::map<fs::path, Result<void>> asked;
  const auto sync_once = [&](const fs::path& directory) -> Result<void> {
    if (together) return {};
    const auto [place, fresh] = asked.try_emplace(directory);
    if (fresh) place->second = synced(file_system_.sync_directory(directory));
    return place->second;
  };
  const auto sync_above = [&](const Placement& one) -> Result<void> {
    const fs::path first = one.target.parent_path().parent_path();
    if (!directories_.knows(one.digest)) BODEGA_TRY_VOID(sync_once(first));
    if (!directories_.knows_first(one.digest)) BODEGA_TRY_VOID(sync_once(layout_.blobs()));
    return {};
  };
  for (auto& one : all) {
    if (!one.outcome) continue;
    const auto above = sync_above(one);
    one.outcome = above ? sync_once(one.target.parent_path()) : above;
    if (!one.outcome) take_back(one);
    if (!above) forget_directory(one.digest);
  }
  for (const auto& one : all) {
    if (one.outcome) directories_.note(one.digest, true);
  }
}

// A later commit would find the name, sync again and be told success for an entry that the disk never got. So the name goes,
void LocalBlobStore::take_back(const Placement& one) {
  if (one.is_blob()) (void)file_system_.remove(one.target);
}

// and so do its directories when it was their entries that the disk never got.
void LocalBlobStore::forget_directory(const Digest& digest) {
  const fs::path directory = layout_.blob(digest).parent_path();
  (void)file_system_.remove_directory(directory);
  (void)file_system_.remove_directory(directory.parent_path());
  directories_.note(digest, false);
}

void LocalBlobStore::end(Placement& one) {
  Keep& keep = *one.of;
  if (!one.is_blob()) {
    if (!one.outcome) drop(one.temp);
    if (!one.outcome && keep.outcome) keep.outcome = fail(std::move(one.outcome).error());
    return;
  }
  // After the rename, which changes the ctime. Somebody may have written into the file since it has its name: then the bytes are not those
  // that were hashed, and the blob is one that is no longer intact.
  Result<Generation> now = fail(Code::io, "not placed");
  if (one.outcome) now = one.file->generation();
  auto& writer = static_cast<StoreWriter&>(*keep.blob);
  if (!one.outcome || !now) {
    keep.outcome = fail(one.outcome ? std::move(now).error() : std::move(one.outcome).error());
    return writer.discard();
  }
  const bool untouched = now->size == one.hashed.size && now->mtime_ns == one.hashed.mtime_ns;
  if (untouched) verified_->put(one.digest, *now);
  keep.outcome = std::make_shared<const Blob>(one.digest, one.file, untouched ? *now : one.hashed, verified_);
  writer.placed();
}

}  // namespace bodega::store
