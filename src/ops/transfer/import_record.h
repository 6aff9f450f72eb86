// What a batch of an import leaves in the catalog. Its bytes are durable already.
#pragma once

#include <vector>

#include "catalog/catalog.h"
#include "ops/transfer/importer.h"

namespace bodega::ops {

// Also those that an earlier run has recorded.
Result<void> record_accounts(catalog::Transaction& transaction, const Accounts& accounts);
// Hosted releases and files. What clashes with something that is there becomes `refused` and a finding.
Result<void> record_hosted(catalog::Transaction& transaction, Batch& batch, WallTime now, std::vector<Finding>& findings);
// Pages and files of mirrors.
Result<void> record_cached(catalog::CacheTransaction& transaction, const Batch& batch, WallTime now);

}  // namespace bodega::ops
