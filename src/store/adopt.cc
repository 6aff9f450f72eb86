#include "store/adopt.h"

#include <functional>
#include <string>

#include "store/temp_name.h"

namespace bodega::store {
namespace {

namespace fs = std::filesystem;

// One system call for each piece; larger ones only leave the processor's cache.
constexpr std::size_t kPiece = 256 * 1024;

// Whatever is wrong with the source is no fault of ours, nor a reason to stop.
Error of_source(Error error) {
  if (error.code != Code::not_found) error.code = Code::corrupt;
  return error;
}

Result<std::unique_ptr<File>> open_source(FileSystem& file_system, const fs::path& path) {
  auto file = file_system.open_read(path);
  if (!file && file.error().code != Code::cancelled) return fail(of_source(std::move(file).error()));
  return file;
}

// Reads to the end; `each` may keep the bytes.
Result<Staged> hashed(File& source, std::span<Hasher> others, const std::function<Result<void>(std::string_view, std::uint64_t)>& each) {
  auto sha256 = Hasher::sha256();
  Staged out;
  std::string buffer(kPiece, '\0');
  for (;;) {
    auto count = source.read_at(buffer.data(), buffer.size(), out.size);
    if (!count) return fail(of_source(std::move(count).error()));
    if (*count == 0) break;
    const auto bytes = std::string_view(buffer).substr(0, *count);
    sha256.update(bytes);
    for (auto& other : others) other.update(bytes);
    if (each) BODEGA_TRY_VOID(each(bytes, out.size));
    out.size += *count;
  }
  out.digest = sha256.finish_digest();
  return out;
}

}  // namespace

Adopter::Adopter(FileSystem& file_system, fs::path root, Taking taking, std::uint64_t free_floor_bytes)
    : file_system_(file_system), layout_(std::move(root)), taking_(taking), free_floor_bytes_(free_floor_bytes) {}

Result<Staged> Adopter::stage(const fs::path& source, std::span<Hasher> others) {
  BODEGA_TRY(const auto file, open_source(file_system_, source));
  const fs::path temp = layout_.temp() / random_name();
  auto staged = fill(*file, source, temp, others);
  if (!staged) (void)file_system_.remove(temp);
  return staged;
}

Result<Staged> Adopter::fill(File& source, const fs::path& path, const fs::path& temp, std::span<Hasher> others) {
  if (taking_ == Taking::hardlink) {
    BODEGA_TRY(const bool linked, file_system_.link(path, temp));
    if (linked) {
      // What is hashed is what was linked, whatever happened to the name in between.
      BODEGA_TRY(const auto file, open_source(file_system_, temp));
      BODEGA_TRY(Staged out, hashed(*file, others, {}));
      out.temp = temp;
      out.taken = Taking::hardlink;
      return out;
    }
  }
  BODEGA_TRY(const auto generation, source.generation());
  BODEGA_TRY(const auto file, file_system_.create(temp));
  if (taking_ == Taking::reflink) {
    BODEGA_TRY(const bool cloned, file_system_.clone(source, *file));
    if (cloned) {
      BODEGA_TRY(Staged out, hashed(*file, others, {}));
      out.temp = temp;
      out.taken = Taking::reflink;
      return out;
    }
  }
  BODEGA_TRY(const Space space, file_system_.space(layout_.root()));
  if (space.free_bytes < generation.size + free_floor_bytes_) {
    return fail(Code::no_space, "the disk of " + layout_.root().string() + " is full. Free some space and run the same command again.");
  }
  const auto write = [&file](std::string_view bytes, std::uint64_t offset) { return file->write_at(bytes, offset); };
  BODEGA_TRY(Staged out, hashed(source, others, write));
  out.temp = temp;
  return out;
}

bool Adopter::holds(const Digest& digest, std::uint64_t size) {
  const auto file = file_system_.open_read(layout_.blob(digest));
  if (!file) return false;
  const auto generation = (*file)->generation();
  return generation && generation->size == size;
}

void Adopter::drop(const Staged& staged) { (void)file_system_.remove(staged.temp); }

Result<void> Adopter::sync() { return file_system_.sync_all(layout_.root()); }

Result<void> Adopter::name(const std::vector<Staged>& batch) {
  for (const auto& staged : batch) BODEGA_TRY_VOID(move_in(staged));
  return {};
}

Result<void> Adopter::move_in(const Staged& staged) {
  const fs::path blob = layout_.blob(staged.digest);
  auto moved = file_system_.rename(staged.temp, blob);
  if (moved || moved.error().code != Code::not_found) return moved;
  BODEGA_TRY_VOID(file_system_.add_directory(blob.parent_path().parent_path()));
  BODEGA_TRY_VOID(file_system_.add_directory(blob.parent_path()));
  return file_system_.rename(staged.temp, blob);
}

Result<Staged> measure(FileSystem& file_system, const fs::path& source, std::span<Hasher> others) {
  BODEGA_TRY(const auto file, open_source(file_system, source));
  return hashed(*file, others, {});
}

}  // namespace bodega::store
