// The bodies of requests to devpi's API. Home loop only.
#pragma once

#include "http/message.h"
#include "pypi/format/json_value.h"

namespace bodega::pypi {

// At most 1 MiB of JSON. invalid with devpi's message; too_large.
Task<Result<Json>> read_json(http::Request& request);

}  // namespace bodega::pypi
