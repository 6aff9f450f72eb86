// A sink that keeps what it gets.
#pragma once

#include <string>
#include <vector>

#include "ops/transfer/import_report.h"
#include "ops/transfer/records.h"

namespace bodega::ops {

struct Collected final : Sink {
  Accounts accounts;
  std::vector<ReleaseRecord> releases;
  std::vector<LooseRecord> loose;
  std::vector<MirrorRecord> mirrors;
  std::vector<Finding> findings;

  Result<void> take(Accounts taken) override {
    accounts = std::move(taken);
    return {};
  }
  Result<void> take(ReleaseRecord release) override {
    releases.push_back(std::move(release));
    return {};
  }
  Result<void> take(LooseRecord file) override {
    loose.push_back(std::move(file));
    return {};
  }
  Result<void> take(MirrorRecord mirror) override {
    mirrors.push_back(std::move(mirror));
    return {};
  }
  void note(Finding finding) override { findings.push_back(std::move(finding)); }

  // "kind: what" of each, one a line.
  std::string found() const {
    std::string out;
    for (const auto& finding : findings) out += std::string(to_string(finding.kind)) + ": " + finding.what + "\n";
    return out;
  }
  // "index/project version: file file", one a line.
  std::string listed() const {
    std::string out;
    for (const auto& release : releases) {
      out += release.index + "/" + release.project + " " + release.version + ":";
      for (const auto& file : release.files) out += " " + file.filename;
      out += "\n";
    }
    return out;
  }
};

}  // namespace bodega::ops
