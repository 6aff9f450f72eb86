// Answers to changes of a hosted index that need more than a code and a sentence. Pure.
#pragma once

#include <chrono>
#include <string>

#include "http/message.h"

namespace bodega::pypi {

http::Response upload_done();  // 200, empty, as devpi's
http::Response identical_upload(const http::Request& request);
http::Response already_exists(const std::string& filename, const http::Request& request);
http::Response login_needed(std::string why, const http::Request& request);
http::Response too_many_attempts(std::chrono::seconds wait, const http::Request& request);

}  // namespace bodega::pypi
