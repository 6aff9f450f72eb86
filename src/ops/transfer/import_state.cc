#include "ops/transfer/import_state.h"

#include <algorithm>

#include "pypi/index/index_config.h"

namespace bodega::ops {
namespace {

constexpr std::string_view kKey = "import-state";  // what is being imported; "" = all done

Result<std::string> state_of(catalog::Reader& reader) {
  auto state = reader.setting(kKey);
  if (!state && state.error().code == Code::not_found) return std::string();
  return state;
}

std::string command(const std::string& source) { return "bodega import " + source; }

}  // namespace

Result<Begun> begin_import(catalog::Catalog& catalog, const std::string& source) {
  Begun begun = Begun::anew;
  const auto begin = [&](catalog::Transaction& transaction) -> Result<void> {
    BODEGA_TRY(const std::string state, state_of(transaction));
    if (state == source) {
      begun = Begun::again;
      return {};
    }
    if (!state.empty()) {
      return fail(Code::conflict, "the data directory holds half of another import. Finish it first: " + command(state));
    }
    BODEGA_TRY(const auto users, transaction.users());
    if (!users.empty())
      return fail(Code::conflict, "the data directory is in use already. Name a new one with --data: an import needs an empty one.");
    return transaction.set_setting(kKey, source);
  };
  BODEGA_TRY_VOID(catalog.write_now(begin));
  return begun;
}

Result<void> end_import(catalog::Catalog& catalog) {
  return catalog.write_now([](catalog::Transaction& transaction) { return transaction.set_setting(kKey, ""); });
}

Result<void> refuse_half_import(catalog::Catalog& catalog) {
  return catalog.read_now([](catalog::Reader& reader) -> Result<void> {
    BODEGA_TRY(const std::string state, state_of(reader));
    if (state.empty()) return {};
    return fail(Code::conflict, "the data directory holds half of an import. Run the import again, it goes on where it stopped: " +
                                    command(state) + " --data ...; or remove the data directory.");
  });
}

Result<void> check_takes_files(catalog::Catalog& catalog, const std::string& index) {
  return catalog.read_now([&index](catalog::Reader& reader) -> Result<void> {
    BODEGA_TRY(const auto indexes, reader.indexes());
    const auto found = std::find_if(indexes.begin(), indexes.end(), [&index](const auto& row) { return row.key() == index; });
    if (found == indexes.end()) return fail(Code::not_found, "there is no index " + index + " in this data directory. Create it first.");
    BODEGA_TRY(const auto config, pypi::load_index_config(found->user, found->name, found->options_json));
    if (config.is_mirror()) return fail(Code::invalid, index + " is a mirror: its files come from its upstream. Name a stage index.");
    return {};
  });
}

}  // namespace bodega::ops
