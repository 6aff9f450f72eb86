// A directory tree of wheels and sdists (a download folder, `packages/` of a bandersnatch mirror) as a source of records.
#pragma once

#include <filesystem>
#include <string>

#include "ops/transfer/records.h"

namespace bodega::ops {

class Folder final : public Source {
 public:
  // not_found: no directory. `index`: "user/name", where the files shall go.
  static Result<std::unique_ptr<Folder>> open(std::filesystem::path directory, std::string index);

  Volume volume() override { return volume_of(directory_); }
  // In the order of the paths; files that are no distributions by their names are passed over.
  Result<void> read(Sink& sink) override;

 private:
  Folder(std::filesystem::path directory, std::string index) : directory_(std::move(directory)), index_(std::move(index)) {}
  Result<void> walk(const std::filesystem::path& directory, std::size_t depth, Sink& sink);

  const std::filesystem::path directory_;
  const std::string index_;
};

}  // namespace bodega::ops
