// The one writer of a database: takes all writes that wait, runs each in a savepoint of one shared transaction, commits, and only then
// tells anybody. It alone checkpoints.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "catalog/catalog.h"
#include "catalog/sqlite/database.h"

namespace bodega::catalog {

// What to do about a WAL of `pages` after a commit, `checkpointed` being its pages at the last checkpoint (0 = none since it began anew).
// passive every 1000 pages (4 MB, SQLite's own default); restart beyond 16000 (64 MB), which only overlapping readers can cause.
enum class WalAction { none, passive, restart };
WalAction plan_checkpoint(int pages, int checkpointed);

class Writer final {
 public:
  using Job = std::function<Result<void>(sqlite::Database&)>;
  using Done = std::function<void(Result<void>)>;
  using Open = std::function<Result<std::unique_ptr<sqlite::Database>>()>;
  // Called after a commit that changed something, before anybody hears of it; on the writer thread.
  using Committed = std::function<void(sqlite::Database&)>;

  // `open` makes the connection anew after one that failed in a commit.
  Writer(std::unique_ptr<sqlite::Database> database, Open open, Committed committed, Threads threads);
  // Finishes what waits, moves the WAL into the database and closes it. All readers are closed before.
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // From any thread. `done` is called once, on the writer thread (inline_writer: before post returns); it must be quick.
  void post(Job job, Done done);
  // Blocks until it is durable. Never on the writer thread.
  Result<void> run(Job job);

  // Closes the connection and opens a new one, which counts as healthy. Blocks, as run().
  Result<void> renew();

  std::size_t queued() const;
  std::uint64_t commits() const { return commits_.load(std::memory_order_relaxed); }
  bool healthy() const { return healthy_.load(std::memory_order_relaxed); }

 private:
  struct Pending {
    Job job;
    Done done;
    Result<void> result{};
  };

  void work();
  void run_batch(std::vector<Pending>& batch);
  std::size_t run_group(std::vector<Pending>& batch, std::size_t first);
  enum class Company { none, others };  // in the transaction
  Result<void> run_job(Pending& pending, Company company);
  Result<void> commit(bool changed);
  Result<void> ensure_open();
  void judge(const Error& error);
  void checkpoint_if_due();

  std::unique_ptr<sqlite::Database> database_;  // the writer thread's; null after a failure, until it is open again
  const Open open_;
  const Committed committed_;
  std::atomic<std::uint64_t> commits_{0};
  std::atomic<bool> healthy_{true};
  int checkpointed_ = 0;

  mutable std::mutex mutex_;
  std::condition_variable ready_;
  std::vector<Pending> waiting_;
  bool stopping_ = false;
  std::atomic<bool> renew_{false};
  std::mutex inline_mutex_;  // inline_writer: one at a time
  std::thread thread_;       // none with inline_writer
};

}  // namespace bodega::catalog
