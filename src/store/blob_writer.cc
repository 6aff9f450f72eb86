#include "store/blob_writer.h"

#include <algorithm>
#include <string>
#include <utility>

#include <unistd.h>

#include "store/memory_tail.h"

namespace bodega::store {
namespace {

namespace fs = std::filesystem;

// Space taken ahead by a writer whose size is unknown: one statvfs (about 1 µs) for each MiB written.
constexpr std::uint64_t kSpaceStep = 1024 * 1024;

class LocalBlobWriter final : public StoreWriter {
 public:
  LocalBlobWriter(WriterHome& home, std::shared_ptr<File> file, fs::path temp, std::uint64_t granted)
      : home_(home), file_(std::move(file)), temp_(std::move(temp)), granted_(granted), hasher_(Hasher::sha256()) {}
  LocalBlobWriter(WriterHome& home, std::unique_ptr<MemoryTail> tail)
      : home_(home), granted_(0), tail_(std::move(tail)), hasher_(Hasher::sha256()) {}
  ~LocalBlobWriter() override { discard(); }

  Result<void> append(std::string_view bytes) override {
    if (stage_ != Stage::writing) return fail(Code::io, "this blob can no longer be written");
    auto outcome = tail_ ? tail_->write_at(bytes, size_) : write(bytes);
    if (!outcome) {
      stage_ = Stage::broken;
      return outcome;
    }
    hasher_.update(bytes);
    size_ += bytes.size();
    return {};
  }
  std::uint64_t size() const override { return size_; }
  int fd() const override { return file_ ? file_->fd() : tail_->fd(); }
  Result<std::size_t> read_at(char* into, std::size_t size, std::uint64_t offset) const override {
    if (!file_) return fail(Code::io, "this blob is not kept");
    return file_->read_at(into, size, offset);
  }

  Result<void> pass_on(std::uint64_t from) override {
    if (tail_ || stage_ != Stage::broken) return fail(Code::io, "this blob cannot go on in memory");
    BODEGA_TRY(auto tail, MemoryTail::make(from));
    // What readers have not been shown yet comes along: they change over where they stand.
    std::string held(static_cast<std::size_t>(size_ - std::min(from, size_)), '\0');
    for (std::size_t have = 0; have < held.size();) {
      BODEGA_TRY(const std::size_t count, file_->read_at(held.data() + have, held.size() - have, from + have));
      if (count == 0) return fail(Code::io, "a file that was just written is shorter");
      have += count;
    }
    BODEGA_TRY_VOID(tail->write_at(held, from));
    home_.drop(temp_);
    home_.book().give_back(std::exchange(granted_, 0));
    tail_ = std::move(tail);
    stage_ = Stage::writing;
    return {};
  }
  MemoryTail* tail() const override { return tail_.get(); }

  Digest finish_digest() override {
    if (!digest_) digest_ = hasher_.finish_digest();
    if (stage_ == Stage::writing) stage_ = Stage::sealed;
    return *digest_;
  }

  Result<std::shared_ptr<const Blob>> commit() override { return home_.commit(*this); }

  Result<void> ready() const override {
    if (stage_ != Stage::sealed) return fail(Code::io, "this blob cannot be committed");
    if (tail_) return fail(Code::no_space, "there was no place on the disk to keep the file");
    return {};
  }
  const std::shared_ptr<File>& file() const override { return file_; }
  const fs::path& temp() const override { return temp_; }
  void placed() override { end(); }

  void discard() override {
    if (stage_ == Stage::ended) return;
    if (!tail_) home_.drop(temp_);
    end();
  }
  bool ended() const override { return stage_ == Stage::ended; }

 private:
  enum class Stage { writing, sealed, broken, ended };

  Result<void> write(std::string_view bytes) {
    if (granted_ < bytes.size()) {
      const std::uint64_t more = std::max<std::uint64_t>(bytes.size() - granted_, kSpaceStep);
      BODEGA_TRY_VOID(home_.book().take(more));
      granted_ += more;
    }
    BODEGA_TRY_VOID(file_->write_at(bytes, size_));
    granted_ -= bytes.size();
    home_.book().give_back(bytes.size());
    return {};
  }

  void end() {
    home_.book().give_back(std::exchange(granted_, 0));
    stage_ = Stage::ended;
  }

  WriterHome& home_;
  const std::shared_ptr<File> file_;  // null: everything is in the tail
  const fs::path temp_;
  std::uint64_t granted_;  // space taken and not yet written
  std::unique_ptr<MemoryTail> tail_;
  std::uint64_t size_ = 0;
  Hasher hasher_;
  std::optional<Digest> digest_;
  Stage stage_ = Stage::writing;
};

}  // namespace

std::unique_ptr<BlobWriter> make_file_writer(WriterHome& home, std::shared_ptr<File> file, fs::path temp, std::uint64_t granted) {
  return std::make_unique<LocalBlobWriter>(home, std::move(file), std::move(temp), granted);
}

Result<std::unique_ptr<BlobWriter>> make_passing_writer(WriterHome& home) {
  BODEGA_TRY(auto tail, MemoryTail::make(0));
  return std::make_unique<LocalBlobWriter>(home, std::move(tail));
}

}  // namespace bodega::store
