// How one blob is written: the writer that BlobStore::create() and create_passing() give out. Internal to store/.
#pragma once

#include <filesystem>
#include <memory>

#include "store/blob_store.h"
#include "store/books.h"

namespace bodega::store {

// What a writer needs of its store; outlives the writers that still write.
class WriterHome {
 public:
  virtual ~WriterHome() = default;
  virtual SpaceBook& book() = 0;
  // BlobStore::keep() of this one writer.
  virtual Result<std::shared_ptr<const Blob>> commit(BlobWriter& writer) = 0;
  virtual void drop(const std::filesystem::path& temp) = 0;
};

// What its store sees of a writer.
class StoreWriter : public BlobWriter {
 public:
  virtual Result<void> ready() const = 0;  // for its end
  virtual const std::shared_ptr<File>& file() const = 0;
  virtual const std::filesystem::path& temp() const = 0;
  virtual void placed() = 0;  // the temp file has its name and is no longer the writer's; else discard()
};

// `granted`: the space taken for it already.
std::unique_ptr<BlobWriter> make_file_writer(WriterHome& home, std::shared_ptr<File> file, std::filesystem::path temp,
                                             std::uint64_t granted);
Result<std::unique_ptr<BlobWriter>> make_passing_writer(WriterHome& home);

}  // namespace bodega::store
