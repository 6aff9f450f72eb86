// sqlite.org/backup.html, in one step.
#pragma once

#include <filesystem>

#include "base/result.h"

namespace bodega::catalog::sqlite {

// As copy_database() of catalog/copy.h.
Result<void> online_backup(const std::filesystem::path& from, const std::filesystem::path& to);

}  // namespace bodega::catalog::sqlite
