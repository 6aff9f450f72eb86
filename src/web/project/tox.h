// Results of `devpi test`, as pages show them. Pure; for the pool.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "web/project/parts.h"

namespace bodega::web {

struct ToxCommand {
  std::string command;
  std::string output;
  bool failed = false;
};

struct ToxEnvironment {
  std::string name;  // "py312"
  std::string host;
  std::string platform;
  std::string python;  // "3.12.1"; empty: not told
  std::vector<ToxCommand> setup;
  std::vector<ToxCommand> test;

  bool failed() const;
  std::string_view status() const;  // "passed", "failed", "unknown": no test was run
};

// One file of results. nullopt: it is none.
std::optional<std::vector<ToxEnvironment>> read_tox_result(std::string_view json);

struct ToxResult {
  std::string filename;
  std::optional<WallTime> when;
  std::string who;
  std::optional<std::vector<ToxEnvironment>> environments;  // nullopt: it cannot be read
};

struct ToxPlace {
  const ProjectPlace& place;
  std::string version;
  std::string file;  // that was tested
};

Markup tox_results_view(const ToxPlace& place, const std::vector<ToxResult>& results);
Markup tox_result_view(const ToxPlace& place, const ToxResult& result);

}  // namespace bodega::web
