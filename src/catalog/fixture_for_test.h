// What the tests of this folder share: a directory that goes away, a clock that stands, rows with every field set.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

#include <gtest/gtest.h>
#include <unistd.h>

#include "catalog/catalog.h"

namespace bodega::catalog {

class TempDir {
 public:
  TempDir() {
    std::string pattern = (std::filesystem::temp_directory_path() / "bodega-catalog-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  std::filesystem::path operator/(std::string_view name) const { return path_ / name; }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

class FixedClock final : public Clock {
 public:
  WallTime wall() const override { return from_unix_micros(1'700'000'000'000'000); }
  MonoTime mono() const override { return {}; }
};

inline WallTime at(std::int64_t micros) { return from_unix_micros(micros); }

// The value of a result, or a failed test that tells the error.
template <class T>
T need(Result<T> result) {
  EXPECT_TRUE(result.has_value()) << (result ? "" : result.error().describe());
  if (!result) std::abort();  // the rest of the test has nothing to stand on
  return std::move(*result);
}
inline void need(Result<void> result) { EXPECT_TRUE(result.has_value()) << result.error().describe(); }

template <class T>
Code code_of(const Result<T>& result) {
  EXPECT_FALSE(result.has_value());
  return result ? Code::cancelled : result.error().code;  // cancelled: no function of the catalog gives it
}

inline void write_file(const std::filesystem::path& file, std::string_view bytes) { std::ofstream(file, std::ios::binary) << bytes; }
inline std::string read_file(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline UserRow some_user(std::string name) { return {std::move(name), "$argon2id$x", R"({"email":"a@b"})", at(1), std::nullopt}; }

inline FileRow some_file(std::string index, std::string project, std::string version, std::string filename, std::string_view content) {
  FileRow file;
  file.index = std::move(index);
  file.project = std::move(project);
  file.version = std::move(version);
  file.filename = std::move(filename);
  file.digest = Digest::of(content);
  file.size = content.size();
  file.uploaded_at = at(1'700'000'000'123'456);
  file.uploaded_by = "ann";
  file.log_json = R"([{"what":"upload"}])";
  return file;
}

// An open catalog whose writes run on the calling thread.
class CatalogTest : public ::testing::Test {
 protected:
  CatalogTest() { reopen(); }

  void reopen() {
    catalog_.reset();
    catalog_ = need(open_catalog({.directory = dir_.path(), .threads = Threads::inline_writer, .clock = &clock_}, *pool_, HadData::no));
  }

  template <class F>
  auto write(F f) {
    using R = std::invoke_result_t<F&, Transaction&>;
    std::optional<R> out;
    const auto committed = catalog_->write_now([&](Transaction& transaction) -> Result<void> {
      out.emplace(f(transaction));
      if (!*out) return fail(out->error());
      return {};
    });
    if (!committed && *out) out.emplace(fail(committed.error()));
    return std::move(*out);
  }
  template <class F>
  auto read(F f) {
    using R = std::invoke_result_t<F&, Reader&>;
    std::optional<R> out;
    need(catalog_->read_now([&](Reader& reader) -> Result<void> {
      out.emplace(f(reader));
      return {};
    }));
    return std::move(*out);
  }
  template <class F>
  auto write_cache(F f) {
    using R = std::invoke_result_t<F&, CacheTransaction&>;
    std::optional<R> out;
    const auto committed = catalog_->write_cache_now([&](CacheTransaction& transaction) -> Result<void> {
      out.emplace(f(transaction));
      if (!*out) return fail(out->error());
      return {};
    });
    if (!committed && *out) out.emplace(fail(committed.error()));
    return std::move(*out);
  }
  template <class F>
  auto read_cache(F f) {
    using R = std::invoke_result_t<F&, CacheReader&>;
    std::optional<R> out;
    need(catalog_->read_cache_now([&](CacheReader& reader) -> Result<void> {
      out.emplace(f(reader));
      return {};
    }));
    return std::move(*out);
  }

  void add_index(const std::string& user, const std::string& name) {
    write([&](Transaction& t) -> Result<void> {
      if (!t.user(user)) BODEGA_TRY_VOID(t.insert_user(some_user(user)));
      return t.insert_index({user, name, "{}"});
    });
  }
  Stored put(const FileRow& file, Overwrite overwrite = Overwrite::no) {
    return need(write([&](Transaction& t) { return t.put_file(file, overwrite); }));
  }

  TempDir dir_;
  FixedClock clock_;
  std::unique_ptr<Pool> pool_ = make_inline_pool();
  std::unique_ptr<Catalog> catalog_;
};

}  // namespace bodega::catalog
