#include "ops/fsck.h"

#include <unordered_map>
#include <vector>

namespace bodega::ops {
namespace {

enum class Kept { hosted, cached };

// What the catalog refers to. Hosted wins where a file is both.
Result<std::unordered_map<Digest, Kept>> references(catalog::Catalog& catalog) {
  std::unordered_map<Digest, Kept> known;
  BODEGA_TRY_VOID(catalog.read_cache_now([&known](catalog::CacheReader& reader) {
    return reader.each_cached([&known](const catalog::CachedBlobRow& row) { known[row.digest] = Kept::cached; });
  }));
  BODEGA_TRY_VOID(catalog.read_now([&known](catalog::Reader& reader) {
    return reader.each_hosted([&known](const Digest& digest, std::uint64_t) { known[digest] = Kept::hosted; });
  }));
  return known;
}

class Run {
 public:
  Run(catalog::Catalog& catalog, store::BlobStore& store, Repair repair, const Clock& clock,
      const std::function<void(const std::string&)>& say)
      : catalog_(catalog), store_(store), repair_(repair), clock_(clock), say_(say) {}

  Result<FsckReport> all() {
    BODEGA_TRY(known_, references(catalog_));
    std::vector<store::BlobInfo> blobs;
    BODEGA_TRY_VOID(store_.for_each([&blobs](const store::BlobInfo& info) { blobs.push_back(info); }));
    for (const auto& info : blobs) {
      BODEGA_TRY_VOID(blob(info));
      constexpr std::uint64_t kProgressEvery = 10'000;
      if (++report_.blobs % kProgressEvery == 0)
        say_(std::to_string(report_.blobs) + " of " + std::to_string(blobs.size()) + " files checked");
    }
    for (const auto& [digest, kept] : known_) BODEGA_TRY_VOID(missing(digest, kept));
    return report_;
  }

 private:
  // Takes what it has seen out of known_: what is left there at the end is missing on disk.
  Result<void> blob(const store::BlobInfo& info) {
    report_.bytes += info.size;
    const auto found = known_.find(info.digest);
    const bool recorded = found != known_.end();
    const bool hosted = recorded && found->second == Kept::hosted;
    if (recorded) known_.erase(found);
    BODEGA_TRY(const auto check, store_.check(info.digest));
    if (check == store::Check::intact) return recorded ? Result<void>() : adopt(info);
    if (hosted) {
      ++report_.damaged_hosted;
      say_("damaged, hosted: " + info.digest.hex() + " - restore this file from a backup");
      return {};
    }
    ++report_.damaged_cached;
    say_("damaged, cached: " + info.digest.hex());
    if (repair_ == Repair::no) return {};
    BODEGA_TRY_VOID(store_.remove(info.digest));
    return forget(info.digest);
  }

  Result<void> adopt(const store::BlobInfo& info) {
    ++report_.unrecorded;
    say_("not recorded: " + info.digest.hex());
    if (repair_ == Repair::no) return {};
    const catalog::CachedBlobRow row{info.digest, info.size, clock_.wall()};
    return catalog_.write_cache_now([&row](catalog::CacheTransaction& transaction) { return transaction.put_cached(row); });
  }

  Result<void> missing(const Digest& digest, Kept kept) {
    if (kept == Kept::hosted) {
      ++report_.missing_hosted;
      say_("missing, hosted: " + digest.hex() + " - restore this file from a backup");
      return {};
    }
    ++report_.missing_cached;
    say_("missing, cached: " + digest.hex());
    return repair_ == Repair::yes ? forget(digest) : Result<void>();
  }

  Result<void> forget(const Digest& digest) {
    ++report_.repaired;
    return catalog_.write_cache_now([&digest](catalog::CacheTransaction& transaction) { return transaction.forget_cached(digest); });
  }

  catalog::Catalog& catalog_;
  store::BlobStore& store_;
  Repair repair_;
  const Clock& clock_;
  const std::function<void(const std::string&)>& say_;
  std::unordered_map<Digest, Kept> known_;
  FsckReport report_;
};

}  // namespace

Result<FsckReport> fsck(catalog::Catalog& catalog, store::BlobStore& store, Repair repair, const Clock& clock,
                        const std::function<void(const std::string&)>& say) {
  return Run(catalog, store, repair, clock, say).all();
}

}  // namespace bodega::ops
