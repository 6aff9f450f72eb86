// What /+authcheck says to a proxy that asks before it serves something by itself (nginx: auth_request). Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "http/message.h"
#include "pypi/index/readers.h"
#include "pypi/route.h"

namespace bodega::pypi {

// Where a request went that had this target, given as a path or as a whole URL. `base` is the path of the public URL, "" or "/sub"; proxies
// strip it or do not. Place::unknown for what could not have been asked here.
Route original_route(std::string_view uri, std::string_view base);

// Whether a place shows what its index's readers only may see.
bool needs_reading(Place place);

// The status for a place that does not need a reader, or else for who came so far.
int authcheck_status(Place place);
int authcheck_status(Entry entry, const http::Headers& headers);

}  // namespace bodega::pypi
