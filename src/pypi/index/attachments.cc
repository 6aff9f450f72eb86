#include "pypi/index/attachments.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace bodega::pypi {

std::string doczip_name(std::string_view project, std::string_view version) { return fmt::format("{}-{}.doc.zip", project, version); }

std::string toxresult_name(std::string_view file, WallTime when, std::size_t number) {
  return fmt::format("{}.toxresult-{:%Y%m%d%H%M%S}-{}", file, std::chrono::floor<std::chrono::seconds>(when), number);
}

std::string hosted_path(const Digest& directory, std::string_view filename) {
  const std::string hex = directory.hex();
  return fmt::format("+f/{}/{}/{}", hex.substr(0, 3), hex.substr(3, 13), filename);
}

Result<std::optional<catalog::AttachmentRow>> linked_attachment(catalog::Reader& reader, const std::string& index, const FileLink& link) {
  const auto* prefix = std::get_if<Sha256PrefixLink>(&link.target);
  if (!prefix || link.is_metadata) return std::nullopt;
  auto row = reader.attachment(index, link.filename);
  if (!row && row.error().code == Code::not_found) return std::nullopt;
  if (!row) return fail(std::move(row).error());
  Digest directory = row->digest;
  if (row->kind == catalog::AttachmentKind::toxresult) {
    BODEGA_TRY(const auto tested, reader.file(index, row->for_file));
    directory = tested.digest;
  }
  if (!directory.hex().starts_with(prefix->prefix)) return std::nullopt;
  return std::optional(std::move(*row));
}

}  // namespace bodega::pypi
