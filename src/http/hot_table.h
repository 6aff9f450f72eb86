// The finished answers that one front loop may give alone. Belongs to its loop; only the budget is shared, and only by atomic counters.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "http/hot.h"

namespace bodega::http {

// What all loops' tables hold together. Bodies that several tables share are counted by each: the budget errs to the safe side.
struct HotBudget {
  std::uint64_t max_bytes = 0;
  std::size_t max_files = 0;
  std::atomic<std::uint64_t> bytes{0};
  std::atomic<std::size_t> files{0};
};

class HotTable {
 public:
  struct Item {
    std::shared_ptr<const HotEntry> entry;
    std::uint32_t route = 0;  // the loop's counter of entry->route
    std::uint64_t bytes = 0;  // as charged
    bool file = false;
  };

  HotTable(std::size_t max_entries, HotBudget& budget) : max_entries_(max_entries), budget_(budget) {}
  ~HotTable();
  HotTable(const HotTable&) = delete;
  HotTable& operator=(const HotTable&) = delete;

  // The entry for `path` and the class that `class_of()` gives (asked only when there is an entry for the path), if it may be used at
  // `now`. One fstat for a file. The pointer stands until the next call.
  template <class ClassOf>
  const Item* find(std::string_view path, MonoTime now, ClassOf class_of) {
    const auto found = by_path_.find(path);
    if (found == by_path_.end()) return nullptr;
    const int wanted = class_of();
    if (wanted == kNeverHot) return nullptr;
    auto& variants = found->second;
    auto at = variants.begin();
    if ((*at)->entry->accept_class != kAnyClass) {
      while (at != variants.end() && (*at)->entry->accept_class != wanted) ++at;
      if (at == variants.end()) return nullptr;
    }
    const Position item = *at;
    if (!usable(*item, now)) {
      erase(item);
      return nullptr;
    }
    if (item != items_.begin()) items_.splice(items_.begin(), items_, item);
    return &*item;
  }

  // Replaces the entry of the same path and class. Drops what was used least recently to make room; does nothing when that does not help.
  void insert(std::shared_ptr<const HotEntry> entry, std::uint32_t route);

  // Forgets revoked and expired entries among the `count` least recently used, so that they do not hold descriptors until pushed out.
  void sweep(MonoTime now, std::size_t count);

  std::size_t size() const { return items_.size(); }
  std::uint64_t bytes() const { return bytes_; }

 private:
  using Position = std::list<Item>::iterator;
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };

  static bool usable(const Item& item, MonoTime now);
  void erase(Position item);
  bool over_budget(std::uint64_t more_bytes, std::size_t more_files) const;

  std::size_t max_entries_;
  HotBudget& budget_;
  std::uint64_t bytes_ = 0;
  std::list<Item> items_;  // most recently used first
  // An entry of any class stands alone in its vector.
  std::unordered_map<std::string, std::vector<Position>, Hash, std::equal_to<>> by_path_;
};

}  // namespace bodega::http
