#include "catalog/catalog.h"

#include <atomic>
#include <optional>
#include <shared_mutex>

#include "async/aside.h"
#include "catalog/cache_queries.h"
#include "catalog/main_transaction.h"
#include "catalog/open.h"
#include "catalog/readers.h"
#include "catalog/writer.h"

namespace bodega::catalog {
namespace {

using sqlite::Database;

void say_set_aside(Log* to, const std::string& why) {
  if (to == nullptr) return;
  Log& log = *to;
  log.error("catalog.cache_set_aside", {{"why", why}});
}

struct Parts {
  std::unique_ptr<Database> main;
  std::unique_ptr<Database> cache;
  std::unique_ptr<Readers> main_readers;
  std::unique_ptr<Readers> cache_readers;
};

class SqliteCatalog final : public Catalog {
 public:
  SqliteCatalog(const CatalogOptions& options, Pool& pool, Parts parts, Serial serial, std::uint64_t renewals)
      : pool_(pool),
        log_(options.log),
        cache_file_(options.directory / kCacheSchema.file),
        reader_count_(options.readers),
        clock_(options.clock == nullptr ? system_clock_ : *options.clock),
        last_serial_(serial),
        main_writer_(
            std::move(parts.main), reopen(options.directory / kMainSchema.file, sqlite::Synchronous::full),
            [this](Database& database) { publish_serial(database); }, options.threads),
        cache_writer_(
            std::move(parts.cache), [this] { return open_cache_again(); }, {}, options.threads),
        main_readers_(std::move(parts.main_readers)),
        cache_readers_(std::move(parts.cache_readers)),
        cache_renewals_(renewals) {}

  Result<void> read_now(const std::function<Result<void>(Reader&)>& f) override {
    return main_readers_->with([&f](Database& database) {
      MainReader<Reader> reader(database);
      return f(reader);
    });
  }
  Result<void> read_cache_now(const std::function<Result<void>(CacheReader&)>& f) override {
    const auto question = [&f](Database& database) {
      CacheQueries<CacheReader> reader(database);
      return f(reader);
    };
    if (auto outcome = ask_cache(question)) return *std::move(outcome);
    BODEGA_TRY_VOID(renew_cache(Found::by_reading));
    if (auto outcome = ask_cache(question)) return *std::move(outcome);
    return fail(Code::io, "cache.db cannot be read");
  }
  Result<void> write_now(const std::function<Result<void>(Transaction&)>& f) override { return main_writer_.run(main_job(f)); }
  Result<void> write_cache_now(const std::function<Result<void>(CacheTransaction&)>& f) override {
    auto done = cache_writer_.run(cache_job(f));
    if (done || done.error().code != Code::corrupt) return done;
    BODEGA_TRY_VOID(renew_cache(Found::by_writing));
    return cache_writer_.run(cache_job(f));
  }

  Serial last_serial() const override { return last_serial_.load(std::memory_order_acquire); }
  std::size_t queued() const override { return main_writer_.queued() + cache_writer_.queued(); }
  std::uint64_t commits() const override { return main_writer_.commits(); }
  std::uint64_t cache_renewals() const override { return cache_renewals_.load(); }
  bool healthy() const override { return main_writer_.healthy() && cache_writer_.healthy() && !main_readers_->saw_damage(); }

 protected:
  Task<Result<void>> run_read(const std::function<void(Reader&)>& f) override {
    auto job = [this, &f] {
      return read_now([&f](Reader& reader) -> Result<void> {
        f(reader);
        return {};
      });
    };
    auto result = co_await offload(pool_, std::move(job));
    co_return result;
  }
  Task<Result<void>> run_read_cache(const std::function<void(CacheReader&)>& f) override {
    auto job = [this, &f] {
      return read_cache_now([&f](CacheReader& reader) -> Result<void> {
        f(reader);
        return {};
      });
    };
    auto result = co_await offload(pool_, std::move(job));
    co_return result;
  }
  Task<Result<void>> run_write(const std::function<Result<void>(Transaction&)>& f) override {
    auto job = main_job(f);
    auto result = co_await written(main_writer_, std::move(job));
    co_return result;
  }
  Task<Result<void>> run_write_cache(const std::function<Result<void>(CacheTransaction&)>& f) override {
    auto job = cache_job(f);
    auto result = co_await written(cache_writer_, std::move(job));
    if (result || result.error().code != Code::corrupt) co_return result;
    auto renew = [this] { return renew_cache(Found::by_writing); };
    auto renewed = co_await offload(pool_, renew);
    if (!renewed) co_return renewed;
    auto again = cache_job(f);
    co_return co_await written(cache_writer_, std::move(again));
  }

 private:
  static Writer::Open reopen(std::filesystem::path file, sqlite::Synchronous synchronous) {
    return [file = std::move(file), synchronous] { return open_writer(file, synchronous); };
  }

  // Nothing: there is no cache.db that could be asked, or it is damaged.
  std::optional<Result<void>> ask_cache(const std::function<Result<void>(Database&)>& question) {
    const std::shared_lock lock(cache_gate_);
    if (!cache_readers_) return std::nullopt;
    auto outcome = cache_readers_->with(question);
    if (cache_readers_->saw_damage()) return std::nullopt;
    return outcome;
  }

  enum class Found { by_reading, by_writing };

  // It can all be fetched again, so a damaged cache.db goes and an empty one takes its place, under the running server. Blocks until
  // nobody reads the old one. On a disk in trouble it may stop half of its way: nobody has it open for reading then, and the next who asks
  // goes on from there.
  Result<void> renew_cache(Found found) {
    const std::unique_lock lock(cache_gate_);
    if (found == Found::by_reading && cache_readers_ && !cache_readers_->saw_damage()) return {};  // somebody else was faster
    if (cache_readers_) renewal_.store(Renewal::set_aside);
    cache_readers_.reset();
    BODEGA_TRY_VOID(cache_writer_.renew());
    BODEGA_TRY(cache_readers_, Readers::open(cache_file_, reader_count_));
    return {};
  }

  // The writer's way to a new connection. What is not there, or empty, is made only while it is renewed: those who read have it open at all
  // other times, and would go on with the one that is gone.
  Result<std::unique_ptr<Database>> open_cache_again() {
    const auto say = [this](const std::string& why) { say_set_aside(log_, why); };
    if (renewal_.load() == Renewal::set_aside) {
      BODEGA_TRY_VOID(set_aside_database(cache_file_, clock_.wall()));
      say("cache.db was found damaged while in use");
      cache_renewals_.fetch_add(1);
      renewal_.store(Renewal::make);
    }
    if (renewal_.load() == Renewal::none) {
      std::error_code failed;
      if (std::filesystem::file_size(cache_file_, failed) > 0 && !failed) return open_writer(cache_file_, sqlite::Synchronous::normal);
      return fail(Code::corrupt, "cache.db is gone");
    }
    BODEGA_TRY(auto opened, open_cache(cache_file_, clock_.wall(), say));
    renewal_.store(Renewal::none);
    return opened;
  }

  // `f` outlives the job: whoever asked waits for it.
  Writer::Job main_job(const std::function<Result<void>(Transaction&)>& f) {
    return [this, &f](Database& database) -> Result<void> {
      MainTransaction transaction(database);
      BODEGA_TRY_VOID(f(transaction));
      return transaction.record(clock_.wall());
    };
  }
  static Writer::Job cache_job(const std::function<Result<void>(CacheTransaction&)>& f) {
    return [&f](Database& database) -> Result<void> {
      CacheChanges transaction(database);
      return f(transaction);
    };
  }

  static Task<Result<void>> written(Writer& writer, Writer::Job job) {
    Result<void> result;
    auto start = [&writer, &job, &result](Waker waker) {
      writer.post(std::move(job), [&result, waker = std::move(waker)](Result<void> outcome) {
        result = std::move(outcome);
        waker.wake();
      });
    };
    co_await suspend(std::move(start));
    co_return result;
  }

  void publish_serial(Database& database) {
    MainReader<Reader> reader(database);
    if (const auto serial = reader.serial()) last_serial_.store(*serial, std::memory_order_release);
  }

  Pool& pool_;
  Log* const log_;
  const std::filesystem::path cache_file_;
  const std::size_t reader_count_;
  enum class Renewal { none, set_aside, make };  // what is left to be done of it when cache.db is opened next
  std::atomic<Renewal> renewal_{Renewal::none};
  const SystemClock system_clock_;
  const Clock& clock_;
  std::atomic<Serial> last_serial_;
  // Writers before readers: readers close first, so that the last checkpoint finds nobody in its way.
  Writer main_writer_;
  Writer cache_writer_;
  std::unique_ptr<Readers> main_readers_;
  std::unique_ptr<Readers> cache_readers_;
  std::shared_mutex cache_gate_;  // shared by those who read cache.db, alone for replacing it
  std::atomic<std::uint64_t> cache_renewals_;
};

}  // namespace

Result<std::unique_ptr<Catalog>> open_catalog(CatalogOptions options, Pool& pool, HadData had_data) {
  const WallTime now = options.clock == nullptr ? SystemClock().wall() : options.clock->wall();
  const auto main_file = options.directory / kMainSchema.file;
  const auto cache_file = options.directory / kCacheSchema.file;
  Parts parts;
  // At a first start both are made at once. catalog.db gets its name first: a crash in between leaves no cache.db that would make the
  // missing catalog look like a loss.
  std::future<Result<void>> making;
  const bool first_start = had_data == HadData::no && is_unmade(main_file) && is_unmade(cache_file);
  if (first_start) making = run_aside(pool, [cache_file, now] { return make_cache_beforehand(cache_file, now); });
  auto main = open_main(main_file, had_data, now);
  const bool made = first_start && making.get();  // where it went wrong it will again, and be told
  BODEGA_TRY(parts.main, std::move(main));
  if (made) BODEGA_TRY_VOID(name_cache(cache_file));
  std::error_code ignored;
  std::uint64_t renewals = had_data == HadData::yes && !std::filesystem::exists(cache_file, ignored) ? 1 : 0;
  const auto set_aside = [&](const std::string& why) {
    ++renewals;
    say_set_aside(options.log, why);
  };
  BODEGA_TRY(parts.cache, open_cache(cache_file, now, set_aside));
  BODEGA_TRY(parts.main_readers, Readers::open(main_file, options.readers));
  BODEGA_TRY(parts.cache_readers, Readers::open(cache_file, options.readers));
  MainReader<Reader> reader(*parts.main);
  BODEGA_TRY(const Serial serial, reader.serial());
  return std::make_unique<SqliteCatalog>(options, pool, std::move(parts), serial, renewals);
}

}  // namespace bodega::catalog
