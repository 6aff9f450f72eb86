// The store of a local disk. Internal to store/: blob_store.cc opens, checks and lists, placing.cc makes names appear.
#pragma once

#include <array>
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "store/blob_store.h"
#include "store/blob_writer.h"
#include "store/books.h"
#include "store/layout.h"
#include "store/verified.h"

namespace bodega::store {

class LocalBlobStore final : public BlobStore, private WriterHome {
 public:
  LocalBlobStore(FileSystem& file_system, std::filesystem::path root, StoreOptions options)
      : file_system_(file_system),
        layout_(root),
        verified_(std::make_shared<VerifiedGenerations>(options.verified_limit)),
        space_(file_system, root, options.free_floor_bytes) {}

  Result<void> make_layout();

  Result<std::shared_ptr<const Blob>> open(const Digest& digest) override;
  Result<std::unique_ptr<BlobWriter>> create(std::uint64_t expected_size) override;
  Result<std::unique_ptr<BlobWriter>> create_passing() override { return make_passing_writer(*this); }
  void keep(std::span<Keep> all) override;
  Result<void> remove(const Digest& digest) override;
  Result<void> quarantine(const Digest& digest) override;
  Result<std::map<std::string, std::string>> notes(const Digest& digest) override;
  Result<Check> check(const Digest& digest) override;
  Result<void> for_each(const std::function<void(const BlobInfo&)>& each) override;
  Result<void> for_each_in(unsigned char first, const std::function<void(const BlobInfo&)>& each) override;
  Result<void> for_each_name_in(unsigned char first, const std::function<void(const Digest&)>& each) override;
  Result<std::optional<std::uint64_t>> size_of(const Digest& digest) override;
  Result<std::size_t> sweep() override;
  Result<Space> space() override { return file_system_.space(layout_.root()); }
  bool sync_trusted() const override { return sync_trusted_.load(); }

  void set_free_floor(std::uint64_t bytes) override { space_.set_floor(bytes); }

 private:
  SpaceBook& book() override { return space_; }
  Result<std::shared_ptr<const Blob>> commit(BlobWriter& writer) override;
  void drop(const std::filesystem::path& temp) override { (void)file_system_.remove(temp); }  // what stays is swept at the next start

  struct Opened {
    std::shared_ptr<File> file;
    Generation generation;
  };

  Result<Opened> open_verified(const Digest& digest);
  // The verdict on one generation, or nullopt when it did not hold still.
  Result<std::optional<Check>> judge(File& file, const Generation& generation, const Digest& digest);
  Result<void> synced(Result<void> outcome);

  Result<void> quarantine_locked(const Digest& digest);
  Result<std::vector<std::string>> names(const std::filesystem::path& directory);
  Result<std::vector<std::string>> note_names(const Digest& digest);
  // Commits, removals and quarantines of one digest follow each other: else the failed sync of one commit would take back the blob that
  // another has acknowledged. 256 stripes, far more than pool threads, so that two digests seldom meet.
  std::mutex& stripe(const Digest& digest) { return stripes_.at(static_cast<unsigned char>(digest.bytes()[0])); }

  // placing.cc; the stripes of all digests are held.
  struct Placement;
  std::vector<std::unique_lock<std::mutex>> hold(std::span<const Digest> digests);
  void begin_blob(Keep& keep, std::vector<Placement>& placements);
  Result<std::shared_ptr<const Blob>> settle_standing(const Digest& digest, Opened& standing);
  Result<void> begin_notes(Keep& keep, std::vector<Placement>& placements, std::vector<std::filesystem::path>& leftovers);
  Result<Placement> write_note(Keep& keep, std::string_view name, std::string_view text);
  void place(std::span<Placement> all);
  void sync_bytes(std::span<Placement> all);
  bool sync_everything(std::size_t things);
  Result<void> enter(Placement& one);
  Result<void> add_directory(const Digest& digest);
  void sync_names(std::span<Placement> all);
  void take_back(const Placement& one);
  void forget_directory(const Digest& digest);
  void end(Placement& one);

  FileSystem& file_system_;
  const Layout layout_;
  const std::shared_ptr<VerifiedGenerations> verified_;  // blobs outlive the store
  SpaceBook space_;
  DirectoryLedger directories_;
  std::array<std::mutex, 256> stripes_;
  std::atomic<bool> sync_trusted_{true};
  std::atomic<std::int64_t> alone_until_{0};  // no sync of everything before this tick of the steady clock
};

}  // namespace bodega::store
