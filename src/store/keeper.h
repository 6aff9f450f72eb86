// The group commit of the store: what many uploads want durable while a group is under way makes up the next one, and a group shares its
// syncs (BlobStore::keep). Home loop only.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "async/offload.h"
#include "async/signal.h"
#include "store/blob_store.h"

namespace bodega::store {

class Keeper {
 public:
  Keeper(BlobStore& store, Pool& pool) : store_(store), pool_(pool) {}

  // As BlobWriter::commit().
  Task<Result<std::shared_ptr<const Blob>>> commit(BlobWriter& writer);
  // The blob has these notes and no others. Those who ask for the same blob are served in the order in which they asked.
  Task<Result<void>> set_notes(Digest digest, const std::map<std::string, std::string>& notes);

 private:
  struct Waiting {
    Keep keep;
    bool done = false;
  };
  Task<void> take_part(Waiting& mine);
  Task<void> lead();

  BlobStore& store_;
  Pool& pool_;
  std::vector<Waiting*> waiting_;  // in their callers' frames
  bool busy_ = false;              // somebody leads a group
  Signal ended_;
};

}  // namespace bodega::store
