// The URL of a file as a page gives it, made absolute. Shared by the page parsers.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/url.h"

namespace bodega::pypi {

// Absolute http(s) without fragment and user information; nullopt for another scheme or what is no URL. Characters that URLs do not
// allow (spaces, quotes, bytes above 0x7F) are percent-encoded, as browsers do.
std::optional<std::string> absolute_file_url(const Url& base, std::string_view reference);

}  // namespace bodega::pypi
