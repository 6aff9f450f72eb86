// Which of the names that are cached of a mirror hold a text: its page filters 100,000 of them while somebody types. Home loop only.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "async/task.h"
#include "base/result.h"
#include "catalog/rows.h"

namespace bodega {
class Pool;
}
namespace bodega::catalog {
class Catalog;
}

namespace bodega::web {

// The part of `names`, each of which ends with a line feed, that `slice` means. Pure.
catalog::NameSlice names_holding(std::string_view names, const catalog::Slice& slice);

class CachedNames {
 public:
  CachedNames(catalog::Catalog& catalog, Pool& pool) : catalog_(catalog), pool_(pool) {}

  // `index` is a mirror's key; `slice.part` is not empty. Errors are the catalog's.
  Task<Result<catalog::NameSlice>> find(std::string index, catalog::Slice slice);

 private:
  struct List {
    std::string index;
    std::uint64_t changes = 0;  // as they were counted when the names were read
    std::string names;
  };

  catalog::Catalog& catalog_;
  Pool& pool_;
  std::shared_ptr<const List> last_;  // of one mirror; most servers have no other
};

}  // namespace bodega::web
