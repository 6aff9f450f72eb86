#include "app/offline_data.h"

#include <string>
#include <system_error>

namespace bodega::app {

Result<OfflineData> OfflineData::open(const std::filesystem::path& path) {
  const auto nothing = [&path] {
    return fail(Code::not_found, path.string() + " holds no data of a Bodega. Name the right directory with --data.");
  };
  std::error_code error;
  if (!std::filesystem::is_directory(path, error)) return nothing();
  OfflineData out;
  BODEGA_TRY(out.directory, DataDirectory::open(path));
  if (out.directory->had_data() == catalog::HadData::no) return nothing();
  out.file_system = store::make_posix_file_system();
  BODEGA_TRY(out.store, store::open_blob_store(*out.file_system, path, {}));
  out.pool = make_inline_pool();
  catalog::CatalogOptions options;
  options.directory = path;
  options.threads = catalog::Threads::inline_writer;
  BODEGA_TRY(out.catalog, catalog::open_catalog(std::move(options), *out.pool, catalog::HadData::yes));
  return out;
}

}  // namespace bodega::app
