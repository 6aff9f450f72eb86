#include "catalog/writer.h"

#include <utility>

#include <pthread.h>

#include "base/check.h"

namespace bodega::catalog {

WalAction plan_checkpoint(int pages, int checkpointed) {
  constexpr int kEvery = 1000;
  constexpr int kTooMany = 16000;
  if (pages < checkpointed) checkpointed = 0;  // the WAL began anew
  if (pages - checkpointed < kEvery) return WalAction::none;
  return pages >= kTooMany ? WalAction::restart : WalAction::passive;
}

Writer::Writer(std::unique_ptr<sqlite::Database> database, Open open, Committed committed, Threads threads)
    : database_(std::move(database)), open_(std::move(open)), committed_(std::move(committed)) {
  if (threads == Threads::inline_writer) return;
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "catalog-writer");
    work();
  });
}

Writer::~Writer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  ready_.notify_all();
  if (thread_.joinable()) thread_.join();
  // Best effort: what stays in the WAL is as durable there.
  if (database_) static_cast<void>(database_->checkpoint(sqlite::Database::Checkpoint::truncate));
}

void Writer::post(Job job, Done done) {
  if (!thread_.joinable()) {
    std::vector<Pending> batch;
    batch.push_back({std::move(job), std::move(done)});
    const std::lock_guard lock(inline_mutex_);
    run_batch(batch);
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back({std::move(job), std::move(done)});
  }
  ready_.notify_one();
}

Result<void> Writer::run(Job job) {
  BODEGA_CHECK(std::this_thread::get_id() != thread_.get_id(), "a blocking write on the writer thread");
  std::mutex mutex;
  std::condition_variable finished;
  std::optional<Result<void>> result;
  post(std::move(job), [&](Result<void> outcome) {
    const std::lock_guard lock(mutex);
    result = std::move(outcome);
    finished.notify_one();  // under the lock: the waiter's frame goes as soon as it sees the result
  });
  std::unique_lock lock(mutex);
  finished.wait(lock, [&] { return result.has_value(); });
  return std::move(*result);
}

Result<void> Writer::renew() {
  renew_.store(true);
  return run([](sqlite::Database&) -> Result<void> { return {}; });
}

std::size_t Writer::queued() const {
  const std::lock_guard lock(mutex_);
  return waiting_.size();
}

void Writer::work() {
  for (;;) {
    std::vector<Pending> batch;
    {
      std::unique_lock lock(mutex_);
      ready_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
      if (waiting_.empty()) return;
      batch.swap(waiting_);
    }
    run_batch(batch);
  }
}

void Writer::run_batch(std::vector<Pending>& batch) {
  for (std::size_t next = 0; next < batch.size();) {
    const std::size_t end = run_group(batch, next);
    for (std::size_t i = next; i < end; ++i) batch[i].done(std::move(batch[i].result));
    next = end;
  }
  checkpoint_if_due();  // after everybody knows: a checkpoint is nobody's latency but the next writer's
}

// Runs jobs from `first` in one transaction and fills their results. Gives the end of what is decided; less than all when SQLite threw the
// transaction away in the middle: the jobs so far fail together, the rest gets a transaction of its own.
std::size_t Writer::run_group(std::vector<Pending>& batch, std::size_t first) {
  const auto fail_unfailed = [&batch, first](std::size_t end, const Error& error) {
    for (std::size_t i = first; i < end; ++i) {
      if (batch[i].result) batch[i].result = fail(error);
    }
    return end;
  };
  auto begun = ensure_open();
  if (begun) begun = database_->begin();
  if (!begun) {
    judge(begun.error());
    return fail_unfailed(batch.size(), begun.error());
  }
  // Alone a job needs no savepoint, which would keep a copy of each page that the job changes.
  const Company company = batch.size() - first == 1 ? Company::none : Company::others;
  bool changed = false;
  for (std::size_t i = first; i < batch.size(); ++i) {
    const std::int64_t changes_before = database_->total_changes();
    if (const auto whole = run_job(batch[i], company); !whole) {
      database_->rollback();
      judge(whole.error());
      return fail_unfailed(i + 1, whole.error());
    }
    changed = changed || (batch[i].result && database_->total_changes() != changes_before);
  }
  if (const auto done = commit(changed); !done) return fail_unfailed(batch.size(), done.error());
  return batch.size();
}

// The job's own outcome goes into `pending`; an error of this function is the transaction's.
Result<void> Writer::run_job(Pending& pending, Company company) {
  if (company == Company::others) BODEGA_TRY_VOID(database_->run("SAVEPOINT job"));
  pending.result = pending.job(*database_);
  if (database_->lost()) return fail(*database_->lost());
  if (company == Company::none) return {};  // commit() undoes all when nothing succeeded
  if (!pending.result) BODEGA_TRY_VOID(database_->run("ROLLBACK TO job"));
  BODEGA_TRY_VOID(database_->run("RELEASE job"));
  return {};
}

// Bytes first, record last, word of it after that: nobody hears of a write before COMMIT has synced the WAL.
Result<void> Writer::commit(bool changed) {
  if (!changed) {
    database_->rollback();  // undone savepoints leave pages that need not be written
    return {};
  }
  if (auto done = database_->commit(); !done) {
    judge(done.error());
    return done;
  }
  commits_.fetch_add(1, std::memory_order_relaxed);
  if (committed_) committed_(*database_);
  return {};
}

Result<void> Writer::ensure_open() {
  const bool renew = renew_.exchange(false);
  if (renew) database_.reset();
  if (database_) return {};
  BODEGA_TRY(database_, open_());
  if (renew) healthy_.store(true, std::memory_order_relaxed);
  checkpointed_ = 0;
  return {};
}

// Another program's lock passes. After anything else what SQLite believes to be in the file may not be there (a failed sync is never
// retried: the kernel forgets the pages), so the connection goes and its caches with it; the next write opens a new one. A full disk is no
// reason to call the server unhealthy: it passes, and reads go on.
void Writer::judge(const Error& error) {
  if (error.code == Code::busy) return;
  if (error.code != Code::no_space) healthy_.store(false, std::memory_order_relaxed);
  database_.reset();
}

void Writer::checkpoint_if_due() {
  if (!database_) return;
  const int pages = database_->wal_pages();
  const WalAction action = plan_checkpoint(pages, checkpointed_);
  if (pages < checkpointed_) checkpointed_ = 0;
  if (action == WalAction::none) return;
  using Checkpoint = sqlite::Database::Checkpoint;
  const auto done = database_->checkpoint(action == WalAction::passive ? Checkpoint::passive : Checkpoint::restart);
  checkpointed_ = pages;  // also after a failure: the next try comes with the next 1000 pages
  if (!done) judge(done.error());
}

}  // namespace bodega::catalog
