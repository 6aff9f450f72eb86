#include "pypi/index/holdings.h"

#include <algorithm>

namespace bodega::pypi {
namespace {

Result<std::vector<StageHolding>> read_stages(catalog::Reader& reader, const std::vector<IndexRef>& stages, const std::string& name,
                                              Detail detail) {
  std::vector<StageHolding> all;
  for (const auto& index : stages) {
    const std::string key = index->key();
    const auto row = reader.project(key, name);
    if (!row && row.error().code == Code::not_found) continue;
    if (!row) return fail(row.error());
    StageHolding holding{index, {}, {}, {}};
    if (detail == Detail::outlines) {
      BODEGA_TRY(holding.outlines, reader.release_outlines(key, name));
    } else {
      BODEGA_TRY(holding.files, reader.files(key, name));
      BODEGA_TRY(holding.releases, reader.releases(key, name));
    }
    if (detail == Detail::attachments) {
      BODEGA_TRY(holding.attachments, reader.attachments(key, name));
    }
    all.push_back(std::move(holding));
  }
  return all;
}

}  // namespace

Task<Result<Holdings>> find_holdings(HoldingSources use, SearchOrder order, std::string name, Detail detail, cache::ClientWish wish) {
  Holdings out;
  if (!order.stages.empty()) {
    auto question = [&](catalog::Reader& reader) { return read_stages(reader, order.stages, name, detail); };
    auto found = co_await use.catalog.read(question);
    if (!found) co_return fail(std::move(found).error());
    out.stages = std::move(*found);
  }
  const auto holds = [&out](const std::string& key) {
    return std::any_of(out.stages.begin(), out.stages.end(), [&key](const StageHolding& stage) { return stage.index->key() == key; });
  };
  if (walk_whitelist(order, name, holds).mirrors_blocked) co_return out;
  for (const auto& index : order.mirrors) {
    if (!index->mirror_url) continue;
    auto source = mirror_source(*index);
    auto page = co_await use.mirrors.page(std::move(source), name, wish);
    if (page) {
      out.mirrors.push_back({index, std::move(*page)});
    } else if (page.error().code != Code::not_found) {
      out.failures.push_back({index, std::move(page).error()});
    }
  }
  co_return out;
}

}  // namespace bodega::pypi
