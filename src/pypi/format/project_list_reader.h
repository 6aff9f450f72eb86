// What the two forms of the project list have in common. Only for project_list*.cc.
#pragma once

#include "pypi/format/project_list.h"

namespace bodega::pypi {

class ProjectListScanner::Reader {
 public:
  virtual ~Reader() = default;
  virtual Result<void> feed(std::string_view bytes, const OnName& on_name) = 0;
  virtual Result<void> finish() = 0;

  std::uint64_t last_serial = 0;
  std::uint64_t names = 0;
};

std::unique_ptr<ProjectListScanner::Reader> make_json_list_reader();
std::unique_ptr<ProjectListScanner::Reader> make_html_list_reader();

}  // namespace bodega::pypi
