// What the pages of a project and of its releases have in common. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "pypi/format/page.h"
#include "pypi/index/index_config.h"
#include "web/html.h"
#include "web/page_request.h"

namespace bodega::web {

// Where such a page stands.
struct ProjectPlace {
  const PageRequest& asked;
  const pypi::IndexConfig& index;
  std::string project;   // normalised
  std::string base_url;  // of absolute links, without a final slash
};

std::string address_of(const ProjectPlace& place);
std::string address_of(const ProjectPlace& place, std::string_view version);

// "pip install --index-url ... project" with a button to copy it. `pin` is empty or begins with "==".
void write_install_line(Html& html, const ProjectPlace& place, std::string_view pin);

// Archived, deprecated, quarantined: what the index it comes from says, and why.
void write_status(Html& html, const pypi::ProjectStatus& status, std::string_view from);

// Of an index, as a mark beside what comes from there.
void write_origin(Html& html, const http::Request& request, std::string_view index, std::string_view own);

// <time> that shows the day and tells the moment.
void write_day(Html& html, WallTime when);

}  // namespace bodega::web
