// A server directory of devpi, made by hand.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "catalog/sqlite/database.h"
#include "ops/transfer/dump_writer_for_test.h"
#include "pypi/format/json_value.h"
#include "store/test_store.h"

namespace bodega::ops {

class DevpiDirectory {
 public:
  explicit DevpiDirectory(std::filesystem::path path) : path_(std::move(path)) {
    store::write_file(path_ / ".nodeinfo", R"({"role": "standalone", "uuid": "0123456789abcdef0123456789abcdef"})");
    store::write_file(path_ / ".serverversion", "4");
    const auto database = open();
    EXPECT_TRUE(
        database->script("CREATE TABLE kv(key TEXT NOT NULL PRIMARY KEY, keyname TEXT, serial INTEGER);"
                         "CREATE TABLE changelog(serial INTEGER PRIMARY KEY, data BLOB NOT NULL);"));
  }
  const std::filesystem::path& path() const { return path_; }

  // `value` is a dump.
  void set(const std::string& key, const std::string& keyname, const std::string& value) {
    changes_.emplace_back(key, dumped::tuple({dumped::text(keyname), dumped::integer(-1), value}));
    keys_.emplace_back(key, keyname);
  }
  void set(const std::string& key, const std::string& keyname, const char* json) {
    const auto value = pypi::Json::parse(json);
    EXPECT_TRUE(value) << json;
    set(key, keyname, dumped::of(*value));
  }
  void commit(const std::vector<std::string>& renames = {}) {
    const auto database = open();
    const std::string bytes = dumped::entry(changes_, renames);
    EXPECT_TRUE(database->run("INSERT INTO changelog VALUES(?, ?)", serial_, catalog::sqlite::Blob{bytes}));
    for (const auto& [key, keyname] : keys_) {
      EXPECT_TRUE(database->run("INSERT OR REPLACE INTO kv VALUES(?, ?, ?)", key, keyname, serial_));
    }
    ++serial_;
    changes_.clear();
    keys_.clear();
  }
  void file(const std::string& relpath, const std::string& bytes) { store::write_file(path_ / "+files" / relpath, bytes); }
  void script(const std::string& sql) { EXPECT_TRUE(open()->script(sql)); }

  // A link of a release to a stored file, and the file: {"rel", "entrypath", ...} as JSON.
  std::string link(const std::string& rel, const std::string& relpath, const std::string& bytes, const std::string& more = "") {
    file(relpath, bytes);
    const std::string hash = "sha256=" + Digest::of(bytes).hex();
    set(relpath, "STAGEFILE", (R"({"hash_spec": ")" + hash + R"(", "last_modified": "Fri, 12 Sep 2014 13:18:55 GMT"})").c_str());
    return R"({"rel": ")" + rel + R"(", "entrypath": ")" + relpath + R"(", "hash_spec": ")" + hash + R"(", "_log": [)" +
           R"({"what": "upload", "who": "ann", "when": [2014, 9, 12, 13, 18, 55], "dst": "ann/dev"}])" + more + "}";
  }

 private:
  std::unique_ptr<catalog::sqlite::Database> open() {
    auto database = catalog::sqlite::Database::open({.file = path_ / ".sqlite", .access = catalog::sqlite::Access::writer});
    EXPECT_TRUE(database);
    EXPECT_TRUE((*database)->script("PRAGMA journal_mode=DELETE; PRAGMA synchronous=OFF"));
    return std::move(*database);
  }

  const std::filesystem::path path_;
  std::int64_t serial_ = 0;
  std::vector<std::pair<std::string, std::string>> changes_;
  std::vector<std::pair<std::string, std::string>> keys_;
};

}  // namespace bodega::ops
