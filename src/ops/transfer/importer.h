// Takes records into the store and the catalog. Bytes first, record last: files are hashed and placed by the pool while the reader goes on;
// a batch becomes durable with a handful of syncs, and only then one catalog transaction speaks of it. Whatever dies in between, a second
// run completes. One thread calls it; it blocks.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "async/offload.h"
#include "catalog/catalog.h"
#include "ops/transfer/import_report.h"
#include "ops/transfer/import_state.h"
#include "ops/transfer/records.h"
#include "pypi/format/archive.h"
#include "store/adopt.h"

namespace bodega::ops {

// A file on its way: what it is, and what became of it.
struct Arrival {
  FileRecord file;
  std::optional<store::Staged> staged;    // nullopt: it does not come, for a reason that was noted
  std::optional<pypi::Inspected> inside;  // of wheels and of files that come alone, when it could be read
  bool was_there = false;                 // an earlier run has recorded it
  bool refused = false;                   // it clashes with something in the catalog

  bool taken() const { return (staged || was_there) && !refused; }
};

// A record and its files, whose `files` and `file` are empty: they are the arrivals.
struct Parcel {
  std::variant<ReleaseRecord, LooseRecord, MirrorRecord> record;
  std::deque<Arrival> files;
};

struct Batch {
  std::deque<Parcel> parcels;
  std::size_t files = 0;
  std::uint64_t bytes = 0;   // of files
  std::uint64_t weight = 0;  // of what is held in memory
};

// When a batch is full.
struct BatchLimits {
  // A batch costs a sync of the whole file system, so it should be large; while it becomes durable the next one is read and hashed.
  std::size_t files = 1000;
  std::uint64_t bytes = 256ULL << 20U;
  // Metadata held in memory, of each of three batches.
  std::uint64_t weight = 4ULL << 20U;
};

class Importer final : public Sink {
 public:
  struct Dependencies {
    catalog::Catalog* catalog;  // null: a dry run, which reads and checks everything and writes nothing
    store::Adopter* adopter;    // null likewise
    store::FileSystem& file_system;
    Pool& pool;
    const Clock& clock;
    ImportProgress& progress;
    std::function<void(const Finding&)> on_finding;  // at once; any thread, one at a time
    std::function<Result<std::string>(const Secret&)>
        derive_devpi_token_key;  // for the setting of that name, from the secret logins are signed with; slow. May be empty
    BatchLimits limits{};
  };
  // `again`: an earlier run may have recorded some.
  Importer(Dependencies use, Begun begun);
  ~Importer() override;

  Result<void> take(Accounts accounts) override;
  Result<void> take(ReleaseRecord release) override;
  Result<void> take(LooseRecord file) override;
  Result<void> take(MirrorRecord mirror) override;
  void note(Finding finding) override;

  // After the last take(): everything is durable. Once.
  Result<ImportReport> finish();

 private:
  Result<void> add(Parcel parcel, std::uint64_t weight);
  void begin_placing(const Parcel& parcel, Arrival& arrival);
  void place(const std::string& index, Arrival& arrival);
  Result<void> stage(const std::string& index, Arrival& arrival);
  void look_inside(const std::string& index, Arrival& arrival);
  bool was_there(const std::string& index, const FileRecord& file);
  Result<void> flush();
  Result<void> commit(std::unique_ptr<Batch> batch);
  Result<void> record_named();
  void count(const Batch& batch);
  Result<void> wait_for_commit();
  std::optional<Error> trouble();

  Dependencies use_;
  const Begun begun_;
  std::unique_ptr<Batch> batch_ = std::make_unique<Batch>();
  std::future<Result<void>> committing_;  // the batch before; one at a time
  std::unique_ptr<Batch> named_;          // the one before that: its blobs have their names, which the next sync makes durable. Of commit()
  std::string last_project_;

  std::mutex mutex_;  // guards what follows, which the pool's threads touch
  std::condition_variable placed_;
  std::size_t placing_ = 0;
  std::optional<Error> trouble_;  // the first that is final
  ImportReport report_;
};

}  // namespace bodega::ops
