// Users, indexes, tokens and settings as one JSON text: what no note beside a file can tell when the catalog is lost. The server writes it
// into the data directory (accounts.json, mode 0600: password hashes and keys lie inside) within a minute of a change.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "catalog/catalog.h"
#include "store/file_system.h"

namespace bodega::ops {

inline constexpr std::string_view kAccountsFile = "accounts.json";

// Replaces `name` in `directory` in one step, durably; mode 0600. Blocks.
Result<void> write_whole(store::FileSystem& file_system, const std::filesystem::path& directory, std::string_view name,
                         std::string_view text);

Result<std::string> accounts_text(catalog::Reader& reader);

struct RestoredAccounts {
  std::uint64_t users = 0;
  std::uint64_t indexes = 0;
  std::uint64_t tokens = 0;
};
// Into an empty catalog. invalid: not such a text.
Result<RestoredAccounts> restore_accounts(catalog::Transaction& transaction, std::string_view text);

}  // namespace bodega::ops
