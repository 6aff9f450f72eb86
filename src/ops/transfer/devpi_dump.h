// What devpi-export has written (dumpversion 1 or 2) as a source of records. Only reads; `dataindex.json` may have hundreds of megabytes
// and is never held. Not thread-safe.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ops/transfer/devpi_values.h"
#include "ops/transfer/json_file.h"
#include "ops/transfer/records.h"

namespace bodega::ops {

struct DevpiDumpOptions {
  std::filesystem::path directory;
  std::optional<std::filesystem::path> secret_file;  // else the `secret` of old dumps
  std::vector<std::string> skipped_types;
};

class DevpiDump final : public Source {
 public:
  // Errors say what is wrong with the dump, or name what cannot be taken.
  static Result<std::unique_ptr<DevpiDump>> open(DevpiDumpOptions options, const Clock& clock);

  Volume volume() override { return volume_of(options_.directory); }
  Result<void> read(Sink& sink) override;

 private:
  // The versions of a project under all its spellings, and its files.
  struct Project {
    std::string display;
    std::map<std::string, Extent> versions;
    std::vector<Extent> files;
  };
  using Projects = std::map<std::string, Project>;               // by normalised name
  using Files = std::map<std::string, std::vector<FileRecord>>;  // by version

  DevpiDump(DevpiDumpOptions options, const Clock& clock, JsonFile file)
      : options_(std::move(options)), clock_(clock), file_(std::move(file)) {}

  Result<void> read_top();
  Result<void> read_accounts(const Extent& users, const Extent& indexes);
  Result<Projects> find_projects(const Extent& index, Sink& sink);
  Result<Files> read_files(const std::string& name, const Project& project, const std::string& index, Sink& sink);
  Result<void> read_stage(const std::string& index, const Extent& extent, Sink& sink);
  Result<void> read_mirror(const std::string& index, const Extent& extent, Sink& sink);
  std::optional<std::pair<std::string, FileRecord>> file_of(const std::string& name, const Project& project, const pypi::Json& item,
                                                            const std::string& index, Sink& sink) const;

  const DevpiDumpOptions options_;
  const Clock& clock_;
  JsonFile file_;
  bool versions_by_name_ = false;  // dumpversion 1 tells no version of a file
  Accounts accounts_;
  std::vector<Finding> findings_;  // about the accounts
  std::map<std::string, Extent> indexes_;
};

}  // namespace bodega::ops
