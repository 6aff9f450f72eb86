// Projects, releases and hosted files.
#include "catalog/fixture_for_test.h"

namespace bodega::catalog {
namespace {

class FilesTest : public CatalogTest {
 protected:
  FilesTest() { add_index("ann", "dev"); }

  FileRow file(const std::string& filename) {
    return need(read([&](Reader& r) { return r.file("ann/dev", filename); }));
  }
  std::vector<FileRow> files(const std::string& project) {
    return need(read([&](Reader& r) { return r.files("ann/dev", project); }));
  }
  bool was_deleted(const std::string& filename) {
    return need(read([&](Reader& r) { return r.was_deleted("ann/dev", filename); }));
  }
  bool is_hosted(std::string_view content) {
    return need(read([&](Reader& r) { return r.is_hosted(Digest::of(content)); }));
  }
};

FileRow sdist(const std::string& version, std::string_view content) {
  return some_file("ann/dev", "pkg", version, "pkg-" + version + ".tar.gz", content);
}

TEST_F(FilesTest, AFileComesBackAsItWasWritten) {
  FileRow row = some_file("ann/dev", "pkg", "1.0", "pkg-1.0-py3-none-any.whl", "wheel");
  row.requires_python = ">=3.8";
  row.metadata = std::string("Name: pkg\0\xff", 11);
  row.metadata_digest = Digest::of(*row.metadata);
  row.yanked = "";
  EXPECT_EQ(put(row), Stored::created);
  reopen();
  const FileRow back = file(row.filename);
  EXPECT_EQ(back.index, "ann/dev");
  EXPECT_EQ(back.project, "pkg");
  EXPECT_EQ(back.version, "1.0");
  EXPECT_EQ(back.digest, row.digest);
  EXPECT_EQ(back.size, 5U);
  EXPECT_EQ(back.uploaded_at, row.uploaded_at);
  EXPECT_EQ(back.uploaded_by, "ann");
  EXPECT_EQ(back.requires_python, ">=3.8");
  EXPECT_EQ(back.metadata, row.metadata);
  EXPECT_EQ(back.metadata_digest, row.metadata_digest);
  ASSERT_TRUE(back.yanked.has_value());
  EXPECT_EQ(*back.yanked, "");
  EXPECT_EQ(back.log_json, row.log_json);
  const auto listed = files("pkg");
  ASSERT_EQ(listed.size(), 1U);
  EXPECT_FALSE(listed[0].metadata.has_value());
  EXPECT_EQ(listed[0].metadata_digest, row.metadata_digest);
}

TEST_F(FilesTest, AnOutlineCountsTheFilesOfARelease) {
  const auto outlines = [this] { return need(read([](Reader& r) { return r.release_outlines("ann/dev", "pkg"); })); };
  EXPECT_TRUE(outlines().empty());
  auto wheel = some_file("ann/dev", "pkg", "1.0", "pkg-1.0-py3-none-any.whl", "wheel");
  wheel.yanked = "";
  wheel.requires_python = ">=3.8";
  put(sdist("1.0", "abc"));
  put(wheel);
  put(sdist("2.0", "d"));
  put(some_file("ann/dev", "other", "1.0", "other-1.0.tar.gz", "other"));
  const auto found = outlines();
  ASSERT_EQ(found.size(), 2U);
  const auto& one = found[0].version == "1.0" ? found[0] : found[1];
  EXPECT_EQ(one.version, "1.0");
  EXPECT_EQ(one.files, 2U);
  EXPECT_EQ(one.yanked, 1U);
  EXPECT_EQ(one.bytes, 8U);
  EXPECT_EQ(one.since, wheel.uploaded_at);
  EXPECT_EQ(one.requires_python, ">=3.8");
  EXPECT_FALSE(one.has_docs);
  const auto files = need(read([](Reader& r) { return r.release_files("ann/dev", "pkg", "1.0"); }));
  ASSERT_EQ(files.size(), 2U);
  EXPECT_EQ(files[0].filename, "pkg-1.0.tar.gz");
  EXPECT_EQ(files[1].filename, wheel.filename);
}

TEST_F(FilesTest, AFileMakesItsProjectAndRelease) {
  put(sdist("1.0", "a"));
  EXPECT_EQ(need(read([](Reader& r) { return r.project("ann/dev", "pkg"); })).display, "pkg");
  const auto releases = need(read([](Reader& r) { return r.releases("ann/dev", "pkg"); }));
  ASSERT_EQ(releases.size(), 1U);
  EXPECT_EQ(releases[0].version, "1.0");
  EXPECT_EQ(releases[0].metadata_json, "{}");
}

TEST_F(FilesTest, NeedAnIndex) {
  const auto lost = write([](Transaction& t) { return t.put_file(some_file("ann/no", "pkg", "1", "pkg-1.tar.gz", "a"), Overwrite::no); });
  EXPECT_EQ(code_of(lost), Code::not_found);
  EXPECT_EQ(code_of(write([](Transaction& t) { return t.put_release({"ann/no", "pkg", "1", "{}"}, "pkg"); })), Code::not_found);
}

TEST_F(FilesTest, TheSameBytesAgainChangeNothing) {
  put(sdist("1.0", "a"));
  const auto serial = catalog_->last_serial();
  auto again = sdist("1.0", "a");
  again.uploaded_by = "bob";
  EXPECT_EQ(put(again, Overwrite::no), Stored::identical);
  EXPECT_EQ(put(again, Overwrite::yes), Stored::identical);
  EXPECT_EQ(catalog_->last_serial(), serial);
  EXPECT_EQ(file("pkg-1.0.tar.gz").uploaded_by, "ann");
}

TEST_F(FilesTest, OtherBytesUnderTheNameConflict) {
  put(sdist("1.0", "a"));
  const auto refused = write([](Transaction& t) { return t.put_file(sdist("1.0", "b"), Overwrite::no); });
  EXPECT_EQ(code_of(refused), Code::conflict);
  EXPECT_NE(refused.error().message.find("pkg-1.0.tar.gz"), std::string::npos);
  EXPECT_EQ(file("pkg-1.0.tar.gz").digest, Digest::of("a"));
}

TEST_F(FilesTest, OtherBytesReplaceWhenAllowed) {
  auto first = sdist("1.0", "a");
  first.metadata = "old";
  first.yanked = "bad";
  put(first);
  put(sdist("1.1", "x"));
  EXPECT_EQ(put(sdist("1.0", "b"), Overwrite::yes), Stored::replaced);
  const auto listed = files("pkg");
  ASSERT_EQ(listed.size(), 2U);
  EXPECT_EQ(listed[1].digest, Digest::of("b"));  // it goes to the end of the upload order
  EXPECT_FALSE(file("pkg-1.0.tar.gz").metadata.has_value());
  EXPECT_FALSE(listed[1].yanked.has_value());
  EXPECT_FALSE(is_hosted("a"));
  EXPECT_FALSE(was_deleted("pkg-1.0.tar.gz"));
}

TEST_F(FilesTest, AreListedInUploadOrderAcrossReleases) {
  put(sdist("2.0", "a"));
  put(sdist("1.0", "b"));
  auto wheel = some_file("ann/dev", "pkg", "2.0", "pkg-2.0-py3-none-any.whl", "c");
  put(wheel);
  std::string order;
  for (const auto& row : files("pkg")) order += row.filename + " ";
  EXPECT_EQ(order, "pkg-2.0.tar.gz pkg-1.0.tar.gz pkg-2.0-py3-none-any.whl ");
  EXPECT_TRUE(files("other").empty());
}

TEST_F(FilesTest, TheSameNameOnTwoIndexesAreTwoFiles) {
  add_index("ann", "prod");
  put(sdist("1.0", "a"));
  EXPECT_EQ(put(some_file("ann/prod", "pkg", "1.0", "pkg-1.0.tar.gz", "a")), Stored::created);
  need(write([](Transaction& t) { return t.delete_file("ann/dev", "pkg-1.0.tar.gz"); }));
  EXPECT_TRUE(is_hosted("a"));
  need(write([](Transaction& t) { return t.delete_file("ann/prod", "pkg-1.0.tar.gz"); }));
  EXPECT_FALSE(is_hosted("a"));
}

TEST_F(FilesTest, ReleasesKeepTheirMetadataAndTheFirstSpelling) {
  need(write([](Transaction& t) { return t.put_release({"ann/dev", "my-pkg", "1.0", R"({"summary":"a"})"}, "My.Pkg"); }));
  need(write([](Transaction& t) { return t.put_release({"ann/dev", "my-pkg", "1.0", R"({"summary":"b"})"}, "my_pkg"); }));
  need(write([](Transaction& t) { return t.put_release({"ann/dev", "my-pkg", "0.9", "{}"}, "my-pkg"); }));
  const auto serial = catalog_->last_serial();
  need(write([](Transaction& t) { return t.put_release({"ann/dev", "my-pkg", "0.9", "{}"}, "my-pkg"); }));
  EXPECT_EQ(catalog_->last_serial(), serial);
  EXPECT_EQ(need(read([](Reader& r) { return r.project("ann/dev", "my-pkg"); })).display, "My.Pkg");
  const auto releases = need(read([](Reader& r) { return r.releases("ann/dev", "my-pkg"); }));
  ASSERT_EQ(releases.size(), 2U);
  EXPECT_EQ(releases[0].metadata_json, R"({"summary":"b"})");
  EXPECT_EQ(releases[1].version, "0.9");
  EXPECT_EQ(need(read([](Reader& r) { return r.release("ann/dev", "my-pkg", "0.9"); })).metadata_json, "{}");
  EXPECT_EQ(read([](Reader& r) { return r.release("ann/dev", "my-pkg", "1.1"); }).error().code, Code::not_found);
  // Files do not touch the metadata that came before them.
  put(some_file("ann/dev", "my-pkg", "1.0", "my_pkg-1.0.tar.gz", "x"));
  EXPECT_EQ(need(read([](Reader& r) { return r.releases("ann/dev", "my-pkg"); }))[0].metadata_json, R"({"summary":"b"})");
}

TEST_F(FilesTest, ProjectsAreListedByName) {
  for (const char* name : {"zebra", "ape"}) need(write([&](Transaction& t) { return t.put_release({"ann/dev", name, "1", "{}"}, name); }));
  const auto projects = need(read([](Reader& r) { return r.projects("ann/dev"); }));
  ASSERT_EQ(projects.size(), 2U);
  EXPECT_EQ(projects[0].name, "ape");
  EXPECT_EQ(projects[0].index, "ann/dev");
  EXPECT_EQ(code_of(read([](Reader& r) { return r.project("ann/dev", "cow"); })), Code::not_found);
  EXPECT_EQ(code_of(read([](Reader& r) { return r.project("ann/no", "ape"); })), Code::not_found);
}

TEST_F(FilesTest, YankingIsSetTakenBackAndCountsOnce) {
  put(sdist("1.0", "a"));
  const auto yank = [this](const std::optional<std::string>& reason) {
    return write([&](Transaction& t) { return t.set_yanked("ann/dev", "pkg-1.0.tar.gz", reason); });
  };
  need(yank("broken"));
  EXPECT_EQ(file("pkg-1.0.tar.gz").yanked, "broken");
  const auto serial = catalog_->last_serial();
  need(yank("broken"));
  EXPECT_EQ(catalog_->last_serial(), serial);
  need(yank(""));
  EXPECT_EQ(file("pkg-1.0.tar.gz").yanked, "");
  need(yank(std::nullopt));
  EXPECT_FALSE(file("pkg-1.0.tar.gz").yanked.has_value());
  EXPECT_EQ(catalog_->last_serial(), serial + 2);
  EXPECT_EQ(code_of(write([](Transaction& t) { return t.set_yanked("ann/dev", "no.tar.gz", ""); })), Code::not_found);
}

TEST_F(FilesTest, ADeletedFileIsRememberedUntilItComesBack) {
  put(sdist("1.0", "a"));
  EXPECT_FALSE(was_deleted("pkg-1.0.tar.gz"));
  need(write([](Transaction& t) { return t.delete_file("ann/dev", "pkg-1.0.tar.gz"); }));
  EXPECT_TRUE(was_deleted("pkg-1.0.tar.gz"));
  EXPECT_FALSE(was_deleted("pkg-2.0.tar.gz"));
  EXPECT_EQ(code_of(read([](Reader& r) { return r.file("ann/dev", "pkg-1.0.tar.gz"); })), Code::not_found);
  EXPECT_EQ(code_of(write([](Transaction& t) { return t.delete_file("ann/dev", "pkg-1.0.tar.gz"); })), Code::not_found);
  EXPECT_EQ(need(read([](Reader& r) { return r.releases("ann/dev", "pkg"); })).size(), 1U);  // the release stays
  EXPECT_EQ(put(sdist("1.0", "b")), Stored::created);
  EXPECT_FALSE(was_deleted("pkg-1.0.tar.gz"));
}

TEST_F(FilesTest, DeletingAReleaseGivesTheDigestsOnce) {
  put(sdist("1.0", "a"));
  put(some_file("ann/dev", "pkg", "1.0", "pkg-1.0.zip", "a"));
  put(some_file("ann/dev", "pkg", "1.0", "pkg-1.0-py3-none-any.whl", "w"));
  put(sdist("2.0", "b"));
  const auto lost = need(write([](Transaction& t) { return t.delete_release("ann/dev", "pkg", "1.0"); }));
  EXPECT_EQ(lost.size(), 2U);
  EXPECT_TRUE(was_deleted("pkg-1.0.zip"));
  EXPECT_EQ(files("pkg").size(), 1U);
  EXPECT_TRUE(read([](Reader& r) { return r.project("ann/dev", "pkg"); }));
  need(write([](Transaction& t) { return t.delete_release("ann/dev", "pkg", "2.0"); }));
  EXPECT_EQ(code_of(read([](Reader& r) { return r.project("ann/dev", "pkg"); })), Code::not_found);
  EXPECT_EQ(code_of(write([](Transaction& t) { return t.delete_release("ann/dev", "pkg", "2.0"); })), Code::not_found);
}

TEST_F(FilesTest, DeletingAProjectTakesItsReleasesAndFiles) {
  put(sdist("1.0", "a"));
  put(sdist("2.0", "b"));
  put(some_file("ann/dev", "other", "1", "other-1.tar.gz", "a"));
  EXPECT_EQ(code_of(write([](Transaction& t) { return t.delete_release("ann/dev", "pkg", "3.0"); })), Code::not_found);
  const auto lost = need(write([](Transaction& t) { return t.delete_project("ann/dev", "pkg"); }));
  EXPECT_EQ(lost.size(), 2U);
  EXPECT_TRUE(was_deleted("pkg-1.0.tar.gz"));
  EXPECT_TRUE(was_deleted("pkg-2.0.tar.gz"));
  EXPECT_TRUE(is_hosted("a"));  // by the other project
  EXPECT_FALSE(is_hosted("b"));
  EXPECT_EQ(code_of(write([](Transaction& t) { return t.delete_project("ann/dev", "pkg"); })), Code::not_found);
}

TEST_F(FilesTest, EveryHostedDigestIsVisitedOnce) {
  put(sdist("1.0", "a"));
  put(some_file("ann/dev", "pkg", "1.0", "pkg-1.0.zip", "a"));
  put(sdist("2.0", "long content"));
  std::vector<std::pair<Digest, std::uint64_t>> seen;
  need(read([&](Reader& r) { return r.each_hosted([&](const Digest& digest, std::uint64_t size) { seen.emplace_back(digest, size); }); }));
  ASSERT_EQ(seen.size(), 2U);
  for (const auto& [digest, size] : seen) EXPECT_EQ(size, digest == Digest::of("a") ? 1U : 12U);
}

TEST_F(FilesTest, ALyingSizeIsRefused) {
  auto row = sdist("1.0", "a");
  row.size = ~0ULL;
  EXPECT_EQ(code_of(write([&](Transaction& t) { return t.put_file(row, Overwrite::no); })), Code::invalid);
  EXPECT_EQ(code_of(read([](Reader& r) { return r.project("ann/dev", "pkg"); })), Code::not_found);
}

TEST_F(FilesTest, HostileNamesAreOnlyNames) {
  const std::string name("x'; DROP TABLE files; --\0\xff\n", 26);
  put(some_file("ann/dev", name, name, name, "a"));
  EXPECT_EQ(file(name).project, name);
  EXPECT_EQ(code_of(read([](Reader& r) { return r.file("ann/dev", "x'; DROP TABLE files; --"); })), Code::not_found);
}

TEST_F(FilesTest, ASliceTellsWhatItIsAPartOf) {
  put(some_file("ann/dev", "ape", "1.0", "ape-1.0.tar.gz", "a"));
  put(some_file("ann/dev", "ape-man", "1.0", "ape_man-1.0.tar.gz", "b"));
  put(some_file("ann/dev", "ape-man", "2.0", "ape_man-2.0.tar.gz", "c"));
  put(some_file("ann/dev", "zebra", "1.0", "zebra-1.0.tar.gz", "d"));
  const auto slice = [this](Slice wish) { return need(read([&](Reader& r) { return r.project_slice("ann/dev", wish); })); };
  const auto apes = slice({"ape", 1, 5});
  EXPECT_EQ(apes.total, 2U);
  ASSERT_EQ(apes.projects.size(), 1U);
  EXPECT_EQ(apes.projects[0].row.name, "ape-man");
  EXPECT_EQ(apes.projects[0].releases, 2U);
  EXPECT_EQ(apes.projects[0].last_upload, some_file("", "", "", "", "").uploaded_at);
  EXPECT_EQ(slice({"", 0, 2}).projects.size(), 2U);
  EXPECT_EQ(slice({"", 0, 2}).total, 3U);
  EXPECT_EQ(slice({"%", 0, 2}).total, 0U);
  EXPECT_EQ(slice({"", 9, 2}).projects.size(), 0U);
}

TEST_F(FilesTest, CountsNameEveryIndex) {
  add_index("ann", "empty");
  put(sdist("1.0", "a"));
  using Counts = std::vector<std::pair<std::string, std::uint64_t>>;
  const auto counts = [this] { return need(read([](Reader& r) { return r.project_counts(); })); };
  EXPECT_EQ(counts(), (Counts{{"ann/dev", 1}, {"ann/empty", 0}}));
  put(sdist("2.0", "b"));
  put(some_file("ann/empty", "ape", "1.0", "ape-1.0.tar.gz", "c"));
  put(some_file("ann/empty", "zebra", "1.0", "zebra-1.0.tar.gz", "d"));
  EXPECT_EQ(counts(), (Counts{{"ann/dev", 1}, {"ann/empty", 2}})) << "another release is no project";
  need(write([](Transaction& t) { return t.delete_project("ann/empty", "ape"); }));
  EXPECT_EQ(counts(), (Counts{{"ann/dev", 1}, {"ann/empty", 1}}));
  need(write([](Transaction& t) { return t.delete_index("ann/empty"); }));
  add_index("ann", "empty");
  EXPECT_EQ(counts(), (Counts{{"ann/dev", 1}, {"ann/empty", 0}})) << "one made anew may have the id of one that went";
}

TEST_F(FilesTest, TheLatestFilesAreThoseOfThisIndexNewestFirst) {
  add_index("ann", "other");
  put(sdist("1.0", "a"));
  put(sdist("2.0", "b"));
  put(some_file("ann/other", "pkg", "9.0", "pkg-9.0.tar.gz", "x"));
  put(sdist("0.5", "c"));
  const auto latest = need(read([](Reader& r) { return r.latest_files("ann/dev", 2); }));
  ASSERT_EQ(latest.size(), 2U);
  EXPECT_EQ(latest[0].version, "0.5");
  EXPECT_EQ(latest[1].version, "2.0");
  EXPECT_TRUE(need(read([](Reader& r) { return r.latest_files("no/such", 2); })).empty());
}

}  // namespace
}  // namespace bodega::catalog
