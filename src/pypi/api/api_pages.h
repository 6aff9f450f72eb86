// Plain pages for people who open an API address in a browser. Pure; they show what the JSON shows.
#pragma once

#include <string>

#include "http/message.h"
#include "pypi/format/json_value.h"

namespace bodega::pypi {

// `base`: scheme and host. `key`: "user/index"; `releases`: the result of GET /user/index/project.
http::Response project_page(const std::string& key, const std::string& name, const Json& releases, const std::string& base);
http::Response release_page(const std::string& key, const std::string& name, const std::string& version, const Json& release,
                            const std::string& base);

}  // namespace bodega::pypi
