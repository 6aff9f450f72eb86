#include "web/cached_names.h"

#include <cstring>
#include <optional>

#include "async/offload.h"
#include "catalog/catalog.h"

namespace bodega::web {
namespace {

// Of a longer list the database is asked each time: 200,000 names take some 4 MB.
constexpr std::uint64_t kMostNames = 200'000;

}  // namespace

catalog::NameSlice names_holding(std::string_view names, const catalog::Slice& slice) {
  catalog::NameSlice out;
  if (slice.part.empty() || slice.part.find('\n') != std::string::npos) return out;
  const char* const end = names.data() + names.size();
  const char* line = names.data();
  while (line < end) {
    const auto* hit = static_cast<const char*>(memmem(line, static_cast<std::size_t>(end - line), slice.part.data(), slice.part.size()));
    if (hit == nullptr) break;
    const auto* stop = static_cast<const char*>(std::memchr(hit, '\n', static_cast<std::size_t>(end - hit)));
    if (out.total >= slice.offset && out.names.size() < slice.limit) {
      const auto* before = static_cast<const char*>(memrchr(line, '\n', static_cast<std::size_t>(hit - line)));
      out.names.emplace_back(before == nullptr ? line : before + 1, stop);
    }
    ++out.total;
    line = stop + 1;
  }
  return out;
}

Task<Result<catalog::NameSlice>> CachedNames::find(std::string index, catalog::Slice slice) {
  auto list = last_;
  std::optional<catalog::NameSlice> asked;
  // One moment of the database: what was counted is what is read.
  auto question = [&](catalog::CacheReader& reader) -> Result<void> {
    BODEGA_TRY(const auto count, reader.document_count(index));
    if (list && list->index == index && list->changes == count.changes) return {};
    if (count.documents > kMostNames) {
      BODEGA_TRY(asked, reader.document_slice(index, slice));
      return {};
    }
    List read{index, count.changes, {}};
    BODEGA_TRY(const auto names, reader.document_names(index));
    for (const auto& name : names) read.names.append(name).push_back('\n');
    list = std::make_shared<const List>(std::move(read));
    return {};
  };
  auto found = co_await catalog_.read_cache(question);
  if (!found) co_return fail(std::move(found).error());
  if (asked) co_return std::move(*asked);
  last_ = list;
  auto scan = [&list, &slice] { return names_holding(list->names, slice); };
  co_return co_await offload(pool_, scan);
}

}  // namespace bodega::web
