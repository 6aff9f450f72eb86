// Records into a real store and catalog: what arrives, what is refused, and what a run that died leaves to the next.
#include "ops/transfer/importer.h"

#include "ops/transfer/folder.h"
#include "pypi/upload/upload_test_archives.h"
#include "store/test_store.h"
#include "testing/manual_clock.h"

namespace bodega::ops {
namespace {

namespace fs = std::filesystem;
using pypi::Json;
using testing::FaultFileSystem;

struct ImporterTest : ::testing::Test {
  testing::ScratchDirectory scratch;
  const fs::path theirs = scratch.path() / "theirs";
  const fs::path ours = scratch.path() / "ours";
  const fs::path catalog_path = scratch.path() / "catalog";  // beside the disk that fails
  testing::ManualClock clock;
  std::unique_ptr<Pool> pool = make_inline_pool();
  std::unique_ptr<FaultFileSystem> disk;
  std::unique_ptr<store::BlobStore> store;
  std::unique_ptr<catalog::Catalog> catalog;
  ImportProgress progress;
  BatchLimits limits;

  void open() {
    disk = std::make_unique<FaultFileSystem>(scratch.path());
    fs::create_directories(ours);
    fs::create_directories(catalog_path);
    disk = std::make_unique<FaultFileSystem>(scratch.path());
    store = store::must_open_store(*disk, ours);
    ASSERT_TRUE(store->sweep());
    if (catalog) return;
    catalog::CatalogOptions options;
    options.directory = catalog_path;
    options.threads = catalog::Threads::inline_writer;
    auto opened = catalog::open_catalog(std::move(options), *pool, catalog::HadData::no);
    ASSERT_TRUE(opened) << opened.error().describe();
    catalog = std::move(*opened);
  }
  void SetUp() override { open(); }

  Result<ImportReport> run(const std::function<Result<void>(Sink&)>& source, Begun begun = Begun::anew, bool dry = false) {
    store::Adopter adopter(*disk, ours, store::Taking::copy, 0);
    Importer importer({dry ? nullptr : catalog.get(), dry ? nullptr : &adopter, *disk, *pool, clock, progress, {}, {}, limits}, begun);
    BODEGA_TRY_VOID(source(importer));
    return importer.finish();
  }

  FileRecord file(Role role, const std::string& name, const std::string& bytes) {
    FileRecord out;
    out.role = role;
    out.source = theirs / name;
    out.filename = name;
    out.hashes = {{"sha256", Digest::of(bytes).hex()}};
    store::write_file(out.source, bytes);
    return out;
  }
  ReleaseRecord release(std::vector<FileRecord> files) {
    return {"ann/dev",       "hello", "Hello", "1.0", *Json::parse(R"({"name": "Hello", "version": "1.0", "requires_python": ">=3.8"})"),
            std::move(files)};
  }
  static Accounts accounts() {
    Accounts out;
    catalog::UserRow ann;
    ann.name = "ann";
    out.users = {ann};
    out.indexes = {{"ann", "dev", R"({"type":"stage"})"}, {"ann", "mirror", R"({"type":"mirror"})"}};
    out.uuid = "u";
    return out;
  }
  template <class F>
  auto ask(F question) {
    std::optional<std::invoke_result_t<F, catalog::Reader&>> out;
    EXPECT_TRUE(catalog->read_now([&](catalog::Reader& reader) -> Result<void> {
      out.emplace(question(reader));
      return {};
    }));
    return std::move(*out);
  }
  template <class F>
  auto ask_cache(F question) {
    std::optional<std::invoke_result_t<F, catalog::CacheReader&>> out;
    EXPECT_TRUE(catalog->read_cache_now([&](catalog::CacheReader& reader) -> Result<void> {
      out.emplace(question(reader));
      return {};
    }));
    return std::move(*out);
  }
  void expect_blob(const std::string& bytes) {
    const auto blob = store->open(Digest::of(bytes));
    ASSERT_TRUE(blob) << blob.error().describe();
    EXPECT_EQ(store::content(**blob), bytes);
  }

  const std::string wheel = pypi::testing::make_wheel("hello", "1.0");
  const std::string sdist = pypi::testing::make_sdist("hello", "1.0");
  Result<void> whole(Sink& sink) {
    BODEGA_TRY_VOID(sink.take(accounts()));
    auto tox = file(Role::toxresult, "hello-1.0.tar.gz.toxresult-1", "{}");
    tox.for_file = "hello-1.0.tar.gz";
    auto source = file(Role::release, "hello-1.0.tar.gz", sdist);
    source.modified = from_unix_micros(1'000'000);
    source.log_json = R"([{"what":"upload","who":"bob","dst":"ann/dev"}])";
    BODEGA_TRY_VOID(sink.take(
        release({source, file(Role::release, "hello-1.0-py3-none-any.whl", wheel), tox, file(Role::doczip, "hello-1.0.doc.zip", "docs")})));
    auto cached = file(Role::cached, "six-1.whl", "six");
    cached.url = "https://h/six-1.whl";
    auto nohash = file(Role::cached, "six-2.zip", "six two");
    nohash.url = "https://h/six-2.zip";
    nohash.hashes.clear();
    MirrorRecord mirror;
    mirror.index = "ann/mirror";
    mirror.page.name = "six";
    mirror.page.last_serial = 5;
    mirror.files = {cached, nohash};
    for (const auto& each : mirror.files) {
      pypi::PageFile listed;
      listed.filename = each.filename;
      listed.url = each.url;
      listed.hashes = each.hashes;
      mirror.page.files.push_back(std::move(listed));
    }
    return sink.take(std::move(mirror));
  }
};

TEST_F(ImporterTest, EverythingArrives) {
  const auto report = run([this](Sink& sink) { return whole(sink); });
  ASSERT_TRUE(report) << report.error().describe();
  EXPECT_TRUE(report->complete());
  EXPECT_EQ(to_json(*report).substr(0, to_json(*report).find("\"findings")),
            "{\n  \"users\": 1,\n  \"indexes\": 2,\n  \"projects\": 1,\n  \"releases\": 1,\n  \"files\": 2,\n  \"attachments\": 2,\n"
            "  \"pages\": 1,\n  \"cached\": 2,\n  \"bytes\": " +
                std::to_string(sdist.size() + wheel.size() + 2 + 4 + 3 + 7) +
                ",\n  \"linked\": 0,\n  \"damaged\": 0,\n  \"missing\": 0,\n  \"skipped\": 0,\n  \"warnings\": 0,\n  ");
  const auto files = ask([](catalog::Reader& reader) { return reader.files("ann/dev", "hello"); });
  ASSERT_EQ(files->size(), 2U);
  EXPECT_EQ((*files)[0].filename, "hello-1.0.tar.gz");
  EXPECT_EQ((*files)[0].uploaded_by, "bob");
  EXPECT_EQ((*files)[0].uploaded_at, from_unix_micros(1'000'000));
  EXPECT_EQ((*files)[0].requires_python, ">=3.8");
  const auto with_metadata = ask([](catalog::Reader& reader) { return reader.file("ann/dev", "hello-1.0-py3-none-any.whl"); });
  EXPECT_TRUE(with_metadata->metadata->starts_with("Metadata-Version"));
  EXPECT_EQ(with_metadata->metadata_digest, Digest::of(*with_metadata->metadata));
  EXPECT_NE(with_metadata->log_json.find("<import>"), std::string::npos) << "the source knew no log";
  EXPECT_EQ(ask([](catalog::Reader& reader) { return reader.attachments("ann/dev", "hello"); })->size(), 2U);
  EXPECT_EQ(*ask([](catalog::Reader& reader) { return reader.setting("uuid"); }), "u");
  for (const auto& bytes : {sdist, wheel, std::string("{}"), std::string("docs"), std::string("six"), std::string("six two")})
    expect_blob(bytes);

  const auto page = ask_cache([](catalog::CacheReader& reader) { return reader.document("ann/mirror", "six"); });
  ASSERT_TRUE(page);
  EXPECT_LT(page->expires_at, clock.wall());
  EXPECT_EQ(page->fetched_at, clock.wall());
  EXPECT_EQ(page->etag, "") << "so that the next look brings all that the upstream tells";
  EXPECT_EQ(pypi::decode_page(page->body)->last_serial, 5U);
  EXPECT_EQ(ask_cache([](catalog::CacheReader& reader) { return reader.totals(); })->blobs, 2U);
  const auto located = ask_cache([](catalog::CacheReader& reader) { return reader.located("https://h/six-2.zip"); });
  ASSERT_TRUE(located && *located);
  EXPECT_FALSE((*located)->verified);
  EXPECT_FALSE(*ask_cache([](catalog::CacheReader& reader) { return reader.located("https://h/six-1.whl"); }));
}

TEST_F(ImporterTest, ADryRunChecksEverythingAndWritesNothing) {
  const auto before = store::count_entries(ours);
  const auto report = run(
      [this](Sink& sink) {
        auto record = release({file(Role::release, "hello-1.0.tar.gz", sdist), file(Role::release, "bad-1.tar.gz", "bad")});
        record.files[1].hashes[0].hex = std::string(64, '0');
        return sink.take(std::move(record));
      },
      Begun::anew, true);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->files, 1U);
  EXPECT_EQ(report->damaged, 1U);
  EXPECT_EQ(store::count_entries(ours), before);
  EXPECT_EQ(store::count_entries(ours / "tmp"), 0U);
  EXPECT_EQ(catalog->last_serial(), 0U);
}

TEST_F(ImporterTest, DamagedAndMissingFilesAreReportedAndTheRestGoesOn) {
  const auto report = run([this](Sink& sink) -> Result<void> {
    BODEGA_TRY_VOID(sink.take(accounts()));
    auto damaged = file(Role::release, "hello-1.0.zip", "bytes");
    store::write_file(damaged.source, "other bytes");
    auto missing = file(Role::release, "hello-1.0.tar", "bytes");
    fs::remove(missing.source);
    auto by_md5 = file(Role::release, "hello-1.0.tgz", "five");
    by_md5.hashes = {{"strange", "00"}, {"md5", "30056e1cab7a61d256fc8edd970d14f5"}};
    auto wrong_md5 = file(Role::release, "hello-1.0.tbz", "five");
    wrong_md5.hashes = {{"md5", std::string(32, '0')}};
    auto tox = file(Role::toxresult, "t", "{}");
    tox.for_file = "hello-1.0.zip";
    return sink.take(release({damaged, missing, by_md5, wrong_md5, tox, file(Role::release, "hello-1.0.tar.gz", sdist)}));
  });
  ASSERT_TRUE(report) << report.error().describe();
  EXPECT_EQ(report->damaged, 2U);
  EXPECT_EQ(report->missing, 1U);
  EXPECT_EQ(report->skipped, 1U) << "the result of a test of the damaged file";
  EXPECT_EQ(report->files, 2U);
  EXPECT_FALSE(report->complete());
  EXPECT_EQ(ask([](catalog::Reader& reader) { return reader.files("ann/dev", "hello"); })->size(), 2U);
  EXPECT_EQ(store::count_entries(ours / "tmp"), 0U);
}

TEST_F(ImporterTest, AWheelThatCannotBeReadComesWithoutItsMetadata) {
  const auto report = run([this](Sink& sink) -> Result<void> {
    BODEGA_TRY_VOID(sink.take(accounts()));
    return sink.take(release({file(Role::release, "hello-1.0-py3-none-any.whl", "no zip")}));
  });
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->complete());
  EXPECT_EQ(report->warnings, 1U);
  EXPECT_FALSE(ask([](catalog::Reader& reader) { return reader.file("ann/dev", "hello-1.0-py3-none-any.whl"); })->metadata);
}

TEST_F(ImporterTest, OfTwoFilesOfOneNameTheFirstStays) {
  const auto report = run([this](Sink& sink) -> Result<void> {
    BODEGA_TRY_VOID(sink.take(accounts()));
    BODEGA_TRY_VOID(sink.take(release({file(Role::release, "hello-1.0.tar.gz", sdist)})));
    auto other = release({file(Role::release, "other", "other")});
    other.version = "2.0";
    other.files[0].filename = "hello-1.0.tar.gz";
    return sink.take(std::move(other));
  });
  ASSERT_TRUE(report) << report.error().describe();
  EXPECT_EQ(report->skipped, 1U);
  EXPECT_EQ(ask([](catalog::Reader& reader) { return reader.file("ann/dev", "hello-1.0.tar.gz"); })->version, "1.0");
}

TEST_F(ImporterTest, ManyBatchesAllArrive) {
  constexpr int kMany = 95;
  limits.files = 10;
  pool = make_thread_pool(3);
  const auto report = run([this](Sink& sink) -> Result<void> {
    BODEGA_TRY_VOID(sink.take(accounts()));
    for (int i = 0; i < kMany; ++i) {
      const std::string version = std::to_string(i);
      auto record = release({file(Role::release, "hello-" + version + ".tar.gz", version)});
      record.version = version;
      BODEGA_TRY_VOID(sink.take(std::move(record)));
    }
    return {};
  });
  ASSERT_TRUE(report) << report.error().describe();
  EXPECT_EQ(report->files, static_cast<std::uint64_t>(kMany));
  EXPECT_EQ(report->projects, 1U);
  EXPECT_EQ(ask([](catalog::Reader& reader) { return reader.files("ann/dev", "hello"); })->size(), static_cast<std::size_t>(kMany));
  EXPECT_EQ(progress.files.load(), static_cast<std::uint64_t>(kMany));
}

TEST_F(ImporterTest, AfterDyingAnywhereASecondRunCompletes) {
  limits.files = 2;  // two batches
  const auto some = [this](Sink& sink) -> Result<void> {
    BODEGA_TRY_VOID(sink.take(accounts()));
    BODEGA_TRY_VOID(sink.take(release({file(Role::release, "hello-1.0.tar.gz", sdist), file(Role::doczip, "hello-1.0.doc.zip", "docs")})));
    auto cached = file(Role::cached, "six-1.whl", "six");
    cached.url = "https://h/six-1.whl";
    MirrorRecord mirror;
    mirror.index = "ann/mirror";
    mirror.page.name = "six";
    mirror.files = {cached};
    return sink.take(std::move(mirror));
  };
  ASSERT_TRUE(run(some));
  for (std::size_t n = 1;; ++n) {
    catalog.reset();
    for (const auto& path : {ours, catalog_path}) fs::remove_all(path);
    open();
    disk->restart();
    disk->crash_at(n);
    const auto first = run(some);
    disk->lose_unsynced();
    open();
    // Whatever the catalog speaks of is there and whole.
    ASSERT_TRUE(catalog->read_now([&](catalog::Reader& reader) {
      return reader.each_hosted([&](const Digest& digest, std::uint64_t) { EXPECT_EQ(*store->check(digest), store::Check::intact) << n; });
    }));
    const auto second = run(some, Begun::again);
    ASSERT_TRUE(second) << n << ": " << second.error().describe();
    EXPECT_TRUE(second->complete()) << n << ": " << to_text(*second);
    EXPECT_EQ(second->files + second->attachments + second->cached, 3U) << n;
    for (const auto& bytes : {sdist, std::string("docs"), std::string("six")}) expect_blob(bytes);
    if (first) break;
  }
}

TEST_F(ImporterTest, ASecondRunCopiesNothingThatIsThere) {
  ASSERT_TRUE(run([this](Sink& sink) { return whole(sink); }));
  disk->restart();
  ASSERT_TRUE(run([this](Sink& sink) { return whole(sink); }, Begun::again));
  std::size_t created = 0;
  for (const auto operation : disk->operations()) created += operation == testing::DiskOperation::create ? 1 : 0;
  EXPECT_EQ(created, 3U) << "docs, test results and files without a hash are few and small: they come again";
}

TEST_F(ImporterTest, AFullDiskEndsItWithASentence) {
  disk->set_free_bytes(1);
  const auto report = run([this](Sink& sink) { return whole(sink); });
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, Code::no_space);
}

TEST_F(ImporterTest, AFolderBecomesReleases) {
  store::write_file(theirs / "deep" / "er" / "hello-1.0.tar.gz", sdist);
  store::write_file(theirs / "hello-1.0-py3-none-any.whl", wheel);
  store::write_file(theirs / "broken-1.0.tar.gz", "no archive");
  store::write_file(theirs / "README", "text");
  fs::create_symlink(theirs, theirs / "deep" / "loop");
  auto folder = Folder::open(theirs, "ann/dev");
  ASSERT_TRUE(folder);
  EXPECT_EQ((*folder)->volume().files, 4U);
  const auto report = run([&](Sink& sink) -> Result<void> {
    BODEGA_TRY_VOID(sink.take(accounts()));
    return (*folder)->read(sink);
  });
  ASSERT_TRUE(report) << report.error().describe();
  EXPECT_EQ(report->files, 2U);
  EXPECT_EQ(report->skipped, 1U);
  const auto row = ask([](catalog::Reader& reader) { return reader.file("ann/dev", "hello-1.0-py3-none-any.whl"); });
  EXPECT_TRUE(row->metadata);
  const auto stored = ask([](catalog::Reader& reader) { return reader.release("ann/dev", "hello", "1.0"); });
  EXPECT_EQ(Json::parse(stored->metadata_json)->text("name"), "hello");
  EXPECT_EQ(Folder::open(theirs / "none", "ann/dev").error().code, Code::not_found);
  // Again: nothing changes.
  const auto serial = catalog->last_serial();
  const auto again = run([&](Sink& sink) { return (*folder)->read(sink); });
  EXPECT_EQ(again->files, 2U);
  EXPECT_EQ(catalog->last_serial(), serial);
}

TEST_F(ImporterTest, AHalfImportIsKnown) {
  ASSERT_TRUE(refuse_half_import(*catalog));
  EXPECT_EQ(*begin_import(*catalog, "devpi-export /a"), Begun::anew);
  EXPECT_EQ(*begin_import(*catalog, "devpi-export /a"), Begun::again);
  const auto other = begin_import(*catalog, "devpi-export /b");
  EXPECT_EQ(other.error().code, Code::conflict);
  EXPECT_NE(other.error().message.find("devpi-export /a"), std::string::npos);
  EXPECT_NE(refuse_half_import(*catalog).error().message.find("bodega import devpi-export /a"), std::string::npos);
  ASSERT_TRUE(run([this](Sink& sink) { return whole(sink); }));
  ASSERT_TRUE(end_import(*catalog));
  EXPECT_TRUE(refuse_half_import(*catalog));
  EXPECT_EQ(begin_import(*catalog, "devpi-export /a").error().code, Code::conflict) << "it is somebody's now";
}

TEST_F(ImporterTest, FilesGoIntoStagesOnly) {
  ASSERT_TRUE(run([](Sink& sink) { return sink.take(accounts()); }));
  EXPECT_TRUE(check_takes_files(*catalog, "ann/dev"));
  EXPECT_EQ(check_takes_files(*catalog, "ann/none").error().code, Code::not_found);
  EXPECT_EQ(check_takes_files(*catalog, "ann/mirror").error().code, Code::invalid);
}

}  // namespace
}  // namespace bodega::ops
