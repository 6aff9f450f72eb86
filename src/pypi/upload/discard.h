// Blobs that lost a reference.
#pragma once

#include "async/offload.h"
#include "base/log.h"
#include "catalog/catalog.h"
#include "store/blob_store.h"
#include "store/claims.h"

namespace bodega::pypi {

struct DiscardRooms {
  catalog::Catalog& catalog;
  store::BlobStore& store;
  store::Claims& claims;
  Pool& pool;
  Log& log;
};

// Removes the blob unless somebody else refers to it or is about to. A failure only leaves garbage for gc. Home loop.
Task<void> discard_unless_used(DiscardRooms use, Digest digest);

}  // namespace bodega::pypi
