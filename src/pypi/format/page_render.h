// Pages as the clients get them: JSON of api-version 1.4 (PEP 691 and its successors) and HTML, frozen at 1.4 (PEP 833).
#pragma once

#include <functional>
#include <string>

#include "pypi/format/page.h"

namespace bodega::pypi {

// Appends the URL of the file, percent-encoded, without fragment; relative or absolute. links.h has append_link().
using LinkFunction = std::function<void(std::string& out, const PageFile& file)>;

// Keys a file does not have are left out, but for "yanked" and "hashes". A quarantined project shows no files. One listed file
// without a size makes the page api-version 1.0, since 1.1 promises sizes; the other keys stay.
std::string render_json(const ProjectPage& page, const LinkFunction& link);

std::string render_html(const ProjectPage& page, const LinkFunction& link);

}  // namespace bodega::pypi
