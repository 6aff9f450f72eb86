#include "store/blob_store.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "store/local_blob_store.h"
#include "store/temp_name.h"

namespace bodega::store {
namespace {

namespace fs = std::filesystem;

// Large enough that the system call is noise beside hashing (128 KiB take about 100 µs), small enough for a cache and for many threads.
constexpr std::size_t kReadSize = 128 * 1024;
// How often a first open starts again because the file changed its generation while it was hashed, as replacing and removing do.
constexpr int kOpenTries = 3;

Result<Digest> hash_file(File& file, std::uint64_t size) {
  auto hasher = Hasher::sha256();
  std::string buffer(static_cast<std::size_t>(std::clamp<std::uint64_t>(size, 1, kReadSize)), '\0');
  for (std::uint64_t offset = 0; offset < size;) {
    const auto want = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), size - offset));
    BODEGA_TRY(const std::size_t count, file.read_at(buffer.data(), want, offset));
    if (count == 0) break;  // shrunk meanwhile; the digest says so
    hasher.update(std::string_view(buffer).substr(0, count));
    offset += count;
  }
  return hasher.finish_digest();
}

}  // namespace

Result<void> LocalBlobStore::make_layout() {
  BODEGA_TRY_VOID(file_system_.make_directories(layout_.root()));
  for (const auto& path : {layout_.blobs().parent_path(), layout_.blobs(), layout_.temp(), layout_.quarantine()}) {
    BODEGA_TRY_VOID(file_system_.add_directory(path));
  }
  // Also when all are there: an earlier start may have died between making one and syncing its parent.
  for (const auto& path : {layout_.root(), layout_.blobs().parent_path()}) BODEGA_TRY_VOID(synced(file_system_.sync_directory(path)));
  return {};
}

Result<void> LocalBlobStore::synced(Result<void> outcome) {
  if (!outcome) sync_trusted_.store(false);
  return outcome;
}

Result<std::optional<Check>> LocalBlobStore::judge(File& file, const Generation& generation, const Digest& digest) {
  BODEGA_TRY(const Digest found, hash_file(file, generation.size));
  BODEGA_TRY(const Generation after, file.generation());
  if (after != generation) return std::nullopt;
  return found == digest ? Check::intact : Check::damaged;
}

Result<LocalBlobStore::Opened> LocalBlobStore::open_verified(const Digest& digest) {
  for (int i = 0; i < kOpenTries; ++i) {
    BODEGA_TRY(std::shared_ptr<File> file, file_system_.open_read(layout_.blob(digest)));
    BODEGA_TRY(const Generation generation, file->generation());
    if (verified_->knows(digest, generation)) return Opened{std::move(file), generation};
    BODEGA_TRY(const auto verdict, judge(*file, generation, digest));
    if (verdict == Check::damaged) return fail(Code::corrupt, "a stored file is damaged", "blob " + digest.hex());
    if (verdict == Check::intact) {
      verified_->put(digest, generation);
      return Opened{std::move(file), generation};
    }
  }
  return fail(Code::corrupt, "a stored file keeps changing", "blob " + digest.hex());
}

Result<std::shared_ptr<const Blob>> LocalBlobStore::open(const Digest& digest) {
  BODEGA_TRY(Opened opened, open_verified(digest));
  return std::make_shared<const Blob>(digest, std::move(opened.file), opened.generation, verified_);
}

Result<std::unique_ptr<BlobWriter>> LocalBlobStore::create(std::uint64_t expected_size) {
  BODEGA_TRY_VOID(space_.take(expected_size));
  const fs::path temp = layout_.temp() / random_name();
  auto file = file_system_.create(temp);
  if (!file) {
    space_.give_back(expected_size);
    return fail(std::move(file).error());
  }
  return make_file_writer(*this, std::move(*file), temp, expected_size);
}

Result<void> LocalBlobStore::remove(const Digest& digest) {
  const std::lock_guard lock(stripe(digest));
  verified_->erase(digest);
  BODEGA_TRY(const auto beside, note_names(digest));
  for (const auto& name : beside) BODEGA_TRY_VOID(file_system_.remove(layout_.note(digest, name)));
  return file_system_.remove(layout_.blob(digest));
}

Result<std::vector<std::string>> LocalBlobStore::note_names(const Digest& digest) {
  const std::string prefix = digest.hex() + ".";
  BODEGA_TRY(auto found, names(layout_.blob(digest).parent_path()));
  std::vector<std::string> notes;
  for (const auto& name : found) {
    if (name.starts_with(prefix) && Layout::is_note_name(std::string_view(name).substr(prefix.size())))
      notes.push_back(name.substr(prefix.size()));
  }
  return notes;
}

Result<std::map<std::string, std::string>> LocalBlobStore::notes(const Digest& digest) {
  constexpr std::uint64_t kMost = 64 << 20;  // metadata of a release is far below; what is larger is none of ours
  BODEGA_TRY(const auto found, note_names(digest));
  std::map<std::string, std::string> out;
  for (const auto& name : found) {
    const auto file = file_system_.open_read(layout_.note(digest, name));
    if (!file) continue;  // removed meanwhile, or foreign
    BODEGA_TRY(const Generation generation, (*file)->generation());
    if (generation.size > kMost) continue;
    std::string text(static_cast<std::size_t>(generation.size), '\0');
    BODEGA_TRY(const std::size_t count, (*file)->read_at(text.data(), text.size(), 0));
    text.resize(count);
    out[name] = std::move(text);
  }
  return out;
}

Result<void> LocalBlobStore::quarantine(const Digest& digest) {
  const std::lock_guard lock(stripe(digest));
  return quarantine_locked(digest);
}

Result<void> LocalBlobStore::quarantine_locked(const Digest& digest) {
  verified_->erase(digest);
  const std::string prefix = digest.hex() + ".";
  std::uint64_t next = 1;
  BODEGA_TRY(const auto taken, names(layout_.quarantine()));
  for (const std::string& name : taken) {
    if (!name.starts_with(prefix)) continue;
    const auto number = parse_u64(std::string_view(name).substr(prefix.size()));
    if (number && *number >= next) next = *number + 1;
  }
  BODEGA_TRY_VOID(file_system_.rename(layout_.blob(digest), layout_.quarantine() / (prefix + std::to_string(next))));
  // The new name first: a power cut in between leaves the bytes under both names, never under none.
  BODEGA_TRY_VOID(synced(file_system_.sync_directory(layout_.quarantine())));
  return synced(file_system_.sync_directory(layout_.blob(digest).parent_path()));
}

Result<Check> LocalBlobStore::check(const Digest& digest) {
  verified_->erase(digest);
  for (int i = 0; i < kOpenTries; ++i) {
    auto file = file_system_.open_read(layout_.blob(digest));
    if (!file && file.error().code == Code::not_found) return Check::missing;
    if (!file && file.error().code == Code::corrupt) return Check::damaged;
    if (!file) return fail(std::move(file).error());
    BODEGA_TRY(const Generation generation, (*file)->generation());
    (*file)->drop_cached();
    BODEGA_TRY(const auto verdict, judge(**file, generation, digest));
    if (verdict == Check::intact) verified_->put(digest, generation);
    if (verdict) return *verdict;
  }
  return Check::damaged;
}

Result<std::vector<std::string>> LocalBlobStore::names(const fs::path& directory) {
  std::vector<std::string> found;
  auto outcome = file_system_.list(directory, [&found](std::string_view name) { found.emplace_back(name); });
  if (!outcome && outcome.error().code == Code::corrupt) return std::vector<std::string>{};  // no directory, so it is none of ours
  if (!outcome) return fail(std::move(outcome).error());
  return found;
}

Result<void> LocalBlobStore::for_each(const std::function<void(const BlobInfo&)>& each) {
  for (int first = 0; first < 256; ++first) BODEGA_TRY_VOID(for_each_in(static_cast<unsigned char>(first), each));
  return {};
}

Result<void> LocalBlobStore::for_each_in(unsigned char first, const std::function<void(const BlobInfo&)>& each) {
  Result<void> done;
  BODEGA_TRY_VOID(for_each_name_in(first, [&](const Digest& digest) {
    if (!done) return;
    const auto size = size_of(digest);
    if (!size) {
      done = fail(size.error());
    } else if (*size) {
      each(BlobInfo{digest, **size});
    }
  }));
  return done;
}

Result<void> LocalBlobStore::for_each_name_in(unsigned char first, const std::function<void(const Digest&)>& each) {
  const char byte = static_cast<char>(first);
  const std::string fan = to_hex(std::string_view(&byte, 1));
  BODEGA_TRY(const auto seconds, names(layout_.blobs() / fan));
  for (const std::string& second : seconds) {
    if (!Layout::is_fan_name(second)) continue;
    BODEGA_TRY(const auto found, names(layout_.blobs() / fan / second));
    for (const std::string& name : found) {
      if (const auto digest = Layout::digest_of(fan, second, name)) each(*digest);
    }
  }
  return {};
}

Result<std::optional<std::uint64_t>> LocalBlobStore::size_of(const Digest& digest) {
  const auto file = file_system_.open_read(layout_.blob(digest));
  if (!file && (file.error().code == Code::not_found || file.error().code == Code::corrupt)) return std::optional<std::uint64_t>();
  if (!file) return fail(file.error());
  BODEGA_TRY(const Generation generation, (*file)->generation());
  return std::optional(generation.size);
}

Result<std::size_t> LocalBlobStore::sweep() {
  BODEGA_TRY(const auto found, names(layout_.temp()));
  std::size_t removed = 0;
  for (const std::string& name : found) {
    // One that cannot be removed must not keep the others, or the start, from going on.
    if (Layout::is_temp_name(name) && file_system_.remove(layout_.temp() / name)) ++removed;
  }
  return removed;
}

Blob::Blob(Digest digest, std::shared_ptr<File> file, Generation generation, std::shared_ptr<VerifiedGenerations> verified)
    : digest_(digest), file_(std::move(file)), generation_(generation), verified_(std::move(verified)) {}

bool Blob::intact() const {
  if (!readable_.load(std::memory_order_relaxed)) return false;
  const auto now = file_->generation();
  return now && *now == generation_;
}

void Blob::report_unreadable() const {
  readable_.store(false, std::memory_order_relaxed);
  if (verified_) verified_->forget(digest_, generation_);
}

Result<std::size_t> Blob::read_at(char* into, std::size_t size, std::uint64_t offset) const {
  auto count = file_->read_at(into, size, offset);
  if (!count) report_unreadable();
  return count;
}

Task<Result<std::uint64_t>> Blob::wait_beyond(std::uint64_t offset) const {
  (void)offset;  // nothing more will ever come, whatever was asked for
  co_return size();
}

Result<std::unique_ptr<BlobStore>> open_blob_store(FileSystem& file_system, fs::path root, StoreOptions options) {
  auto store = std::make_unique<LocalBlobStore>(file_system, std::move(root), options);
  BODEGA_TRY_VOID(store->make_layout());
  return store;
}

}  // namespace bodega::store
