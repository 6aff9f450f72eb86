#include "ops/transfer/export.h"

#include <fstream>
#include <optional>
#include <set>
#include <sstream>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ops/transfer/export_directory.h"
#include "ops/transfer/export_entries.h"
#include "pypi/format/json_value.h"
#include "pypi/format/page.h"

namespace bodega::ops {
namespace {

namespace fs = std::filesystem;
using pypi::Json;

std::string read_file(const fs::path& path) {
  std::ostringstream bytes;
  bytes << std::ifstream(path, std::ios::binary).rdbuf();
  return std::move(bytes).str();
}

WallTime at(std::int64_t seconds) { return from_unix_micros(seconds * 1'000'000 + 5); }

class Export : public ::testing::Test {
 protected:
  Export() {
    std::string pattern = (fs::temp_directory_path() / "bodega-export-XXXXXX").string();
    root_ = ::mkdtemp(pattern.data());
    data_ = root_ / "data";
    fs::create_directory(data_);
    dump_ = root_ / "dump";
    store_ = *store::open_blob_store(*file_system_, data_, {});
    catalog::CatalogOptions options;
    options.directory = data_;
    options.threads = catalog::Threads::inline_writer;
    catalog_ = *catalog::open_catalog(std::move(options), *pool_, catalog::HadData::no);
  }
  ~Export() override {
    catalog_.reset();
    std::error_code ignored;
    fs::remove_all(root_, ignored);
  }

  Digest put_blob(std::string_view bytes) {
    const auto writer = *store_->create(bytes.size());
    EXPECT_TRUE(writer->append(bytes));
    const Digest digest = writer->finish_digest();
    EXPECT_TRUE(writer->commit());
    return digest;
  }
  fs::path blob_path(const Digest& digest) const {
    const auto hex = digest.hex();
    return data_ / "blobs" / "sha256" / hex.substr(0, 2) / hex.substr(2, 2) / hex;
  }

  template <class F>
  void write(F f) {
    const auto done = catalog_->write_now(f);
    ASSERT_TRUE(done) << done.error().describe();
  }
  void add_index(const std::string& user, const std::string& name, const std::string& options = R"({"type":"stage"})") {
    write([&](catalog::Transaction& t) -> Result<void> {
      if (!t.user(user)) {
        BODEGA_TRY_VOID(t.insert_user({user, "$argon2id$" + user, R"({"email":"a@b"})", at(1'700'000'000), at(1'700'000'060)}));
      }
      return t.insert_index({user, name, options});
    });
  }
  Digest add_file(const std::string& index, const std::string& project, const std::string& version, const std::string& filename,
                  std::string_view bytes) {
    catalog::FileRow file;
    file.index = index;
    file.project = project;
    file.version = version;
    file.filename = filename;
    file.digest = put_blob(bytes);
    file.size = bytes.size();
    file.uploaded_at = at(1'700'000'100);
    file.uploaded_by = "alice";
    file.log_json = R"([{"what":"upload","who":"alice","when":[2023,11,14,22,15,0],"dst":"alice/dev"}])";
    write([&](catalog::Transaction& t) -> Result<void> {
      BODEGA_TRY_VOID(
          t.put_release({index, project, version, R"({"name":"Hello","version":")" + version + R"(","odd_key":[1]})"}, "Hello"));
      BODEGA_TRY([[maybe_unused]] const auto stored, t.put_file(file, catalog::Overwrite::no));
      return {};
    });
    return file.digest;
  }
  void attach(catalog::AttachmentKind kind, const std::string& filename, const std::string& for_file, std::string_view bytes) {
    catalog::AttachmentRow row;
    row.index = "alice/dev";
    row.project = "hello";
    row.version = "1.0";
    row.kind = kind;
    row.filename = filename;
    row.for_file = for_file;
    row.digest = put_blob(bytes);
    row.size = bytes.size();
    row.stored_at = at(1'700'000'200);
    write([&](catalog::Transaction& t) -> Result<void> {
      BODEGA_TRY([[maybe_unused]] const auto stored, t.put_attachment(row, catalog::Overwrite::no));
      return {};
    });
  }

  Result<ExportReport> run(MirroredFiles mirrored = MirroredFiles::leave_out, Placing placing = Placing::copy) {
    const ExportOptions options{dump_, mirrored, placing, "bodega test"};
    progress_.emplace();
    return export_devpi(*catalog_, *store_, options, *progress_, [this](const std::string& line) { said_ += line + "\n"; });
  }
  ExportReport must_run(MirroredFiles mirrored = MirroredFiles::leave_out, Placing placing = Placing::copy) {
    const auto report = run(mirrored, placing);
    EXPECT_TRUE(report) << report.error().describe();
    return report ? *report : ExportReport{};
  }
  Json dataindex() const {
    auto index = Json::parse(read_file(dump_ / "dataindex.json"));
    EXPECT_TRUE(index);
    return index ? *index : Json();
  }
  // The value below the keys.
  Json at_keys(std::initializer_list<std::string_view> keys) const {
    Json value = dataindex();
    for (const auto key : keys) {
      const Json* below = value.find(key);
      if (below == nullptr) {
        ADD_FAILURE() << "no key " << key;
        return {};
      }
      value = Json(*below);
    }
    return value;
  }
  std::set<std::string> everything() const {
    std::set<std::string> out;
    for (const auto& entry : fs::recursive_directory_iterator(dump_)) {
      if (entry.is_regular_file()) out.insert(fs::relative(entry.path(), dump_).string());
    }
    return out;
  }

  fs::path root_, data_, dump_;
  std::unique_ptr<store::FileSystem> file_system_ = store::make_posix_file_system();
  std::unique_ptr<store::BlobStore> store_;
  std::unique_ptr<Pool> pool_ = make_inline_pool();
  std::unique_ptr<catalog::Catalog> catalog_;
  std::optional<ExportProgress> progress_;
  std::string said_;
};

TEST_F(Export, UsersKeepTheirHashesProfilesAndTimes) {
  add_index("alice", "dev");
  must_run();
  EXPECT_EQ(
      at_keys({"users", "alice"}).compact(),
      R"({"email":"a@b","created":"2023-11-14T22:13:20Z","modified":"2023-11-14T22:14:20Z","pwhash":"$argon2id$alice","username":"alice"})");
  EXPECT_EQ(at_keys({"dumpversion"}), Json("2"));
}

TEST_F(Export, IndexOptionsGoAlongAsTheyAre) {
  const std::string options = R"({"type":"stage","bases":["x/gone"],"some_plugin":{"deep":[1,null]}})";
  add_index("alice", "dev", options);
  must_run();
  EXPECT_EQ(at_keys({"indexes", "alice/dev", "indexconfig"}), *Json::parse(options));
}

TEST_F(Export, FilesLieWhereDevpiPutsThem) {
  add_index("alice", "dev");
  const auto digest = add_file("alice/dev", "hello", "1.0", "hello-1.0.tar.gz", "sdist bytes");
  attach(catalog::AttachmentKind::doczip, "hello-1.0.doc.zip", "", "doc bytes");
  attach(catalog::AttachmentKind::toxresult, "hello-1.0.tar.gz.toxresult-20231114221640-0", "hello-1.0.tar.gz", "{}");
  const auto report = must_run();
  EXPECT_TRUE(report.complete());
  EXPECT_EQ(report.files, 3U);
  EXPECT_EQ(report.projects, 1U);
  const auto volume = export_volume(*catalog_, MirroredFiles::leave_out);
  ASSERT_TRUE(volume);
  EXPECT_EQ(volume->files, 3U);
  EXPECT_EQ(volume->bytes, report.bytes);
  EXPECT_EQ(progress_->files, 3U);
  EXPECT_EQ(progress_->bytes, report.bytes);
  const std::string tested = "alice/dev/hello/sha256=" + digest.hex() + "/hello-1.0.tar.gz.toxresult-20231114221640-0";
  EXPECT_EQ(everything(),
            (std::set<std::string>{"dataindex.json", "alice/dev/hello/1.0/hello-1.0.tar.gz", "alice/dev/hello-1.0.doc.zip", tested}));
  EXPECT_EQ(read_file(dump_ / "alice/dev/hello/1.0/hello-1.0.tar.gz"), "sdist bytes");
  EXPECT_EQ(read_file(dump_ / tested), "{}");
}

TEST_F(Export, EntriesHaveDevpisKeys) {
  add_index("alice", "dev");
  const auto digest = add_file("alice/dev", "hello", "1.0", "hello-1.0.tar.gz", "sdist bytes");
  attach(catalog::AttachmentKind::toxresult, "hello-1.0.tar.gz.toxresult-20231114221640-0", "hello-1.0.tar.gz", "{}");
  must_run();
  const auto files = at_keys({"indexes", "alice/dev", "files"});
  ASSERT_EQ(files.items().size(), 2U);
  const std::string hex = digest.hex();
  EXPECT_EQ(files.items()[0], *Json::parse(R"({"version":"1.0","entrymapping":{"last_modified":"Tue, 14 Nov 2023 22:15:00 GMT",
      "hash_spec":"sha256=)" + hex + R"(","hashes":{"sha256":")" +
                                           hex + R"("},"project":"hello","version":"1.0"},
      "log":[{"what":"upload","who":"alice","when":[2023,11,14,22,15,0],"dst":"alice/dev"}],
      "type":"releasefile","projectname":"hello","relpath":"alice/dev/hello/1.0/hello-1.0.tar.gz"})"));
  EXPECT_EQ(files.items()[1].text("type"), "toxresult");
  EXPECT_EQ(files.items()[1].text("for_entrypath"), "alice/dev/+f/" + hex.substr(0, 3) + "/" + hex.substr(3, 13) + "/hello-1.0.tar.gz");
  EXPECT_EQ(at_keys({"indexes", "alice/dev", "projects", "hello", "1.0"}),
            *Json::parse(R"({"name":"Hello","version":"1.0","odd_key":[1]})"));
}

TEST_F(Export, MetadataAgreesWithWhereTheReleaseStands) {
  const auto entry = release_entry({"alice/dev", "hello", "1.0", R"({"name":"other","+elinks":[],"version":"1"})"}, "Hello");
  ASSERT_TRUE(entry);
  EXPECT_EQ(entry->compact(), R"({"name":"Hello","version":"1.0"})");
  EXPECT_EQ(release_entry({"alice/dev", "hello", "1.0", "[]"}, "Hello").error().code, Code::corrupt);
}

TEST_F(Export, ADamagedFileIsLeftOutAndToldAndTheRestGoesOn) {
  add_index("alice", "dev");
  const auto bad = add_file("alice/dev", "hello", "1.0", "hello-1.0.tar.gz", "will rot");
  attach(catalog::AttachmentKind::toxresult, "hello-1.0.tar.gz.toxresult-20231114221640-0", "hello-1.0.tar.gz", "{}");
  const auto gone = add_file("alice/dev", "hello", "1.0", "hello-1.0-py3-none-any.whl", "will go");
  add_file("alice/dev", "hello", "1.1", "hello-1.1.tar.gz", "stays");
  fs::permissions(blob_path(bad), fs::perms::owner_all);
  std::ofstream(blob_path(bad), std::ios::binary) << "rotten!!";
  fs::remove(blob_path(gone));
  const auto report = must_run();
  EXPECT_FALSE(report.complete());
  EXPECT_EQ(report.damaged, 3U);  // with the test result of a file that is not there
  EXPECT_EQ(everything(), (std::set<std::string>{"dataindex.json", "alice/dev/hello/1.1/hello-1.1.tar.gz"}));
  EXPECT_NE(said_.find("left out: alice/dev hello-1.0.tar.gz - damaged: " + bad.hex()), std::string::npos) << said_;
  EXPECT_NE(said_.find("left out: alice/dev hello-1.0-py3-none-any.whl - missing: " + gone.hex()), std::string::npos) << said_;
}

TEST_F(Export, HardLinksShareTheBytes) {
  add_index("alice", "dev");
  const auto digest = add_file("alice/dev", "hello", "1.0", "hello-1.0.tar.gz", "bytes");
  add_index("alice", "prod");
  add_file("alice/prod", "hello", "1.0", "hello-1.0.tar.gz", "bytes");  // one blob under two indexes
  const auto report = must_run(MirroredFiles::leave_out, Placing::hard_link);
  EXPECT_EQ(report.linked, 2U);
  EXPECT_TRUE(fs::equivalent(blob_path(digest), dump_ / "alice/dev/hello/1.0/hello-1.0.tar.gz"));
  EXPECT_EQ(fs::hard_link_count(blob_path(digest)), 3U);
  EXPECT_TRUE(store_->open(digest));
}

TEST_F(Export, CopiesDoNot) {
  add_index("alice", "dev");
  const auto digest = add_file("alice/dev", "hello", "1.0", "hello-1.0.tar.gz", std::string(3'000'000, 'x'));
  EXPECT_EQ(must_run().linked, 0U);
  EXPECT_EQ(fs::hard_link_count(blob_path(digest)), 1U);
  EXPECT_EQ(fs::file_size(dump_ / "alice/dev/hello/1.0/hello-1.0.tar.gz"), 3'000'000U);
}

TEST_F(Export, TakesAnEmptyDirectoryAndNoOther) {
  fs::create_directory(dump_);
  EXPECT_TRUE(run());
  const auto again = run();
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, Code::conflict);
  EXPECT_NE(again.error().message.find("finished export"), std::string::npos);
  dump_ = root_ / "other";
  fs::create_directory(dump_);
  std::ofstream(dump_ / "mine.txt") << "x";
  EXPECT_NE(run().error().message.find("is not empty"), std::string::npos);
  dump_ /= "mine.txt";
  EXPECT_NE(run().error().message.find("is no directory"), std::string::npos);
}

TEST_F(Export, AnUnfinishedOneIsKnownAsSuch) {
  fs::create_directory(dump_);
  std::ofstream(dump_ / "dataindex.json.unfinished") << "{";
  const auto report = run();
  ASSERT_FALSE(report);
  EXPECT_NE(report.error().message.find("not finished"), std::string::npos);
  EXPECT_NE(report.error().message.find("Remove " + dump_.string()), std::string::npos);
}

TEST_F(Export, TheIndexIsPrivateAndSoIsTheDirectory) {
  must_run();
  struct stat status {};
  ASSERT_EQ(::stat(dump_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0700U);
  ASSERT_EQ(::stat((dump_ / "dataindex.json").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
}

TEST_F(Export, NamesThatWouldLeaveTheDumpOrMeetItsIndexStayInTheirFolders) {
  add_index("..", "dev");
  add_file("../dev", "hello", "1.0", "hello-1.0.tar.gz", "one");
  add_index("dataindex.json", "x");
  add_file("dataindex.json/x", "hello", "1.0", "hello-1.0.tar.gz", "two");
  must_run();
  EXPECT_EQ(everything(), (std::set<std::string>{"dataindex.json", "%../dev/hello/1.0/hello-1.0.tar.gz",
                                                 "%dataindex.json/x/hello/1.0/hello-1.0.tar.gz"}));
}

TEST_F(Export, ATakenPlaceSendsTheFileIntoAFolderBelow) {
  const auto directory = ExportDirectory::create(dump_);
  ASSERT_TRUE(directory);
  const auto one = *store_->open(put_blob("one"));
  const auto two = *store_->open(put_blob("two"));
  for (const auto placing : {Placing::copy, Placing::hard_link}) {
    const std::string folder = placing == Placing::copy ? "c" : "l";
    EXPECT_EQ((*directory)->place(*one, folder, "x.zip", placing)->path, folder + "/x.zip");
    EXPECT_EQ((*directory)->place(*two, folder, "x.zip", placing)->path, folder + "/+2/x.zip");
    EXPECT_EQ(read_file(dump_ / folder / "x.zip") + read_file(dump_ / folder / "+2/x.zip"), "onetwo");
  }
}

TEST_F(Export, MirrorsHaveTheirOptionsAndOnDemandTheirCachedFiles) {
  add_index("root", "pypi", R"({"type":"mirror","mirror_url":"https://example.org/simple/"})");
  const auto cached = put_blob("cached");
  pypi::ProjectPage page;
  page.name = "six";
  pypi::PageFile file;
  file.filename = "six-1.17.0-py2.py3-none-any.whl";
  file.url = "https://files.example.org/packages/six-1.17.0-py2.py3-none-any.whl";
  file.hashes = {{"sha256", cached.hex()}};
  file.requires_python = ">=3";
  file.yanked = "why";
  file.upload_time = "2024-01-02T03:04:05.000000Z";
  page.files.push_back(file);
  file.filename = "six-1.16.0.tar.gz";
  file.hashes = {{"sha256", Digest::of("never fetched").hex()}};
  page.files.push_back(file);
  ASSERT_TRUE(catalog_->write_cache_now([&](catalog::CacheTransaction& t) -> Result<void> {
    catalog::DocumentRow row;
    row.index = "root/pypi";
    row.name = "six";
    row.body = pypi::encode_page(page);
    BODEGA_TRY_VOID(t.put_document(row));
    return t.put_cached({cached, 6, at(1)});
  }));
  must_run();
  EXPECT_EQ(at_keys({"indexes", "root/pypi"}).members().size(), 1U);
  fs::remove_all(dump_);
  EXPECT_EQ(must_run(MirroredFiles::include).files, 1U);
  EXPECT_EQ(at_keys({"indexes", "root/pypi", "projects"}).compact(),
            R"({"six":{"1.17.0":{"name":"six","version":"1.17.0","requires_python":">=3","yanked":"why"}}})");
  const auto entry = at_keys({"indexes", "root/pypi", "files"}).items().at(0);
  EXPECT_EQ(entry.text("relpath"), "root/pypi/six/1.17.0/six-1.17.0-py2.py3-none-any.whl");
  EXPECT_EQ(entry.find("entrymapping")->text("url"), "https://files.example.org/packages/six-1.17.0-py2.py3-none-any.whl");
  EXPECT_EQ(entry.find("entrymapping")->text("last_modified"), "Tue, 02 Jan 2024 03:04:05 GMT");
  EXPECT_EQ(entry.find("log"), nullptr);
}

TEST_F(Export, AnEmptyBodegaIsAWholeDump) {
  must_run();
  EXPECT_EQ(dataindex().find("users")->members().size(), 0U);
  EXPECT_EQ(everything(), (std::set<std::string>{"dataindex.json"}));
}

TEST_F(Export, AFullDiskIsToldAsSuch) {
  add_index("alice", "dev");
  dump_ = "/dev/full/dump";
  const auto report = run();
  ASSERT_FALSE(report);
  EXPECT_NE(report.error().message.find("/dev/full/dump"), std::string::npos) << report.error().message;
}

}  // namespace
}  // namespace bodega::ops
