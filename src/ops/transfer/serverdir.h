// A server directory of devpi-server 6 (storage "sqlite", files on disk) as a source of records. Only reads. Not thread-safe.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ops/transfer/devpi_values.h"
#include "ops/transfer/keyfs.h"
#include "ops/transfer/records.h"

namespace bodega::ops {

struct ServerDirOptions {
  std::filesystem::path directory;
  std::optional<std::filesystem::path> secret_file;  // else `.secret` in the directory, if there is one
  std::vector<std::string> skipped_types;
};

class ServerDir final : public Source {
 public:
  // Errors say what to do instead: another storage, another format, devpi running; or name what cannot be taken.
  static Result<std::unique_ptr<ServerDir>> open(ServerDirOptions options, const Clock& clock);

  Volume volume() override { return volume_of(options_.directory / "+files"); }
  Result<void> read(Sink& sink) override;

 private:
  ServerDir(ServerDirOptions options, const Clock& clock, std::unique_ptr<KeyFs> keys);

  Result<void> read_node();
  Result<void> read_renames();
  Result<void> read_accounts();
  Result<void> read_stage(const std::string& index, Sink& sink);
  Result<void> read_release(const std::string& index, const std::string& project, const std::string& version, Sink& sink);
  Result<void> read_mirror(const std::string& index, Sink& sink);
  Result<void> read_page(const std::string& index, const std::string& project, Sink& sink);
  std::optional<pypi::PageFile> read_link(const std::string& key_of_page, const pypi::Json& link, MirrorRecord& into, Sink& sink);
  std::optional<FileRecord> linked_file(const pypi::Json& link, Sink& sink);
  // The value, or nullopt: none, or a damaged one, which is noted.
  std::optional<pypi::Json> value(const std::string& key, Sink& sink);
  std::vector<std::string> names(const std::string& key, Sink& sink);
  std::filesystem::path bytes_of(const std::string& relpath) const;

  const ServerDirOptions options_;
  const Clock& clock_;
  std::unique_ptr<KeyFs> keys_;
  Accounts accounts_;
  std::vector<Finding> findings_;                  // about the accounts
  std::map<std::string, std::string> unfinished_;  // path below +files -> where its bytes still lie, relative to the directory
};

}  // namespace bodega::ops
