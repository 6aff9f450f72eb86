// Whether an import into this data directory has begun and not ended: kept in the catalog, so that a second run goes on where the first one
// died and a server does not start on half of somebody's data.
#pragma once

#include <string>

#include "base/result.h"
#include "catalog/catalog.h"

namespace bodega::ops {

enum class Begun { anew, again };

// Before anything else is written. `source` says what is imported, as the operator would type it: "devpi-serverdir /srv/devpi".
// conflict: the catalog has data that is not of this import.
Result<Begun> begin_import(catalog::Catalog& catalog, const std::string& source);
Result<void> end_import(catalog::Catalog& catalog);
// conflict, with the next step, while an import is unfinished.
Result<void> refuse_half_import(catalog::Catalog& catalog);

// Whether single files may go into that index of a catalog in use. not_found, invalid: it is a mirror.
Result<void> check_takes_files(catalog::Catalog& catalog, const std::string& index);

}  // namespace bodega::ops
