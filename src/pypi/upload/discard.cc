#include "pypi/upload/discard.h"

#include "pypi/upload/notes.h"

namespace bodega::pypi {

Task<void> discard_unless_used(DiscardRooms use, Digest digest) {
  const auto claim = use.claims.try_remove(digest);
  if (!claim) co_return;
  auto hosted = [&digest](catalog::Reader& reader) { return reader.is_hosted(digest); };
  const auto ours = co_await use.catalog.read(hosted);
  if (!ours) co_return;
  if (*ours) {
    co_await refresh_notes(use, digest);
    co_return;
  }
  auto cached = [&digest](catalog::CacheReader& reader) { return reader.is_cached(digest); };
  const auto kept = co_await use.catalog.read_cache(cached);
  if (!kept || *kept) co_return;
  auto remove = [&use, &digest] { return use.store.remove(digest); };
  const auto removed = co_await offload(use.pool, remove);
  if (!removed) use.log.warning("upload.garbage", {{"sha256", digest.hex()}, {"why", removed.error().describe()}});
}

}  // namespace bodega::pypi
