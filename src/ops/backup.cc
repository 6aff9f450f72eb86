#include "ops/backup.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "catalog/copy.h"
#include "store/adopt.h"
#include "store/blob_store.h"

namespace bodega::ops {
namespace {

namespace fs = std::filesystem;

constexpr const char* kCatalog = "catalog.db";
constexpr const char* kFresh = "catalog.db.new";
// A file that is deleted between the copy of the catalog and its own makes the catalog be copied once more.
constexpr std::uint64_t kTries = 10;
constexpr std::size_t kBatch = 256;

class Run {
 public:
  Run(store::FileSystem& file_system, const fs::path& data, const fs::path& target, const std::function<void(const std::string&)>& say)
      : file_system_(file_system),
        data_(data),
        target_(target),
        say_(say),
        source_(data),
        adopter_(file_system, target, store::Taking::reflink, 0) {}

  Result<BackupReport> all() {
    BODEGA_TRY(const auto store, store::open_blob_store(file_system_, target_, {}));
    BODEGA_TRY_VOID(store->sweep());
    for (;; ++report_.catalog_tries) {
      BODEGA_TRY_VOID(catalog::copy_database(data_ / kCatalog, target_ / kFresh));
      BODEGA_TRY(const auto references, catalog::references_of(target_ / kFresh));
      const bool last = report_.catalog_tries >= kTries;
      BODEGA_TRY(const bool whole, files(references, last ? Missing::is_damage : Missing::tries_again));
      if (whole) break;
    }
    // Bytes first, record last.
    BODEGA_TRY_VOID(file_system_.sync_all(target_));
    BODEGA_TRY_VOID(file_system_.rename(target_ / kFresh, target_ / kCatalog));
    BODEGA_TRY_VOID(file_system_.sync_directory(target_));
    return report_;
  }

 private:
  enum class Missing { tries_again, is_damage };

  // False: a file is not there any more, so the catalog has moved on.
  Result<bool> files(const std::vector<catalog::Reference>& references, Missing missing) {
    report_.files = references.size();
    report_.bytes = report_.already = report_.damaged = 0;
    std::vector<store::Staged> batch;
    for (const auto& reference : references) {
      report_.bytes += reference.size;
      if (adopter_.holds(reference.digest, reference.size)) {
        ++report_.already;
        continue;
      }
      auto staged = adopter_.stage(source_.blob(reference.digest), {});
      if (!staged && staged.error().code == Code::not_found && missing == Missing::tries_again) return false;
      if (!staged && staged.error().code != Code::not_found && staged.error().code != Code::corrupt) return fail(std::move(staged).error());
      if (!staged || staged->digest != reference.digest) {
        if (staged) adopter_.drop(*staged);
        ++report_.damaged;
        say_("damaged or missing: " + reference.digest.hex());
        continue;
      }
      batch.push_back(std::move(*staged));
      if (batch.size() >= kBatch) BODEGA_TRY_VOID(name(batch));
    }
    BODEGA_TRY_VOID(name(batch));
    return true;
  }

  Result<void> name(std::vector<store::Staged>& batch) {
    if (batch.empty()) return {};
    BODEGA_TRY_VOID(adopter_.sync());
    BODEGA_TRY_VOID(adopter_.name(batch));
    batch.clear();
    return {};
  }

  store::FileSystem& file_system_;
  const fs::path data_;
  const fs::path target_;
  const std::function<void(const std::string&)>& say_;
  const store::Layout source_;
  store::Adopter adopter_;
  BackupReport report_;
};

}  // namespace

Result<BackupReport> backup(store::FileSystem& file_system, const fs::path& data, const fs::path& target,
                            const std::function<void(const std::string&)>& say) {
  BODEGA_TRY_VOID(file_system.make_directories(target));
  return Run(file_system, data, target, say).all();
}

}  // namespace bodega::ops
