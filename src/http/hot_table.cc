#include "http/hot_table.h"

#include <algorithm>

namespace bodega::http {

namespace {

// Nodes, pointers and the strings' own headers, roughly.
constexpr std::uint64_t kEntryOverhead = 512;

std::uint64_t charge(const HotEntry& entry) {
  std::uint64_t bytes = kEntryOverhead + 2 * entry.path.size() + entry.head.size() + entry.head_not_modified.size() + entry.etag.size();
  if (const auto* text = std::get_if<std::shared_ptr<const std::string>>(&entry.body)) bytes += *text ? (*text)->size() : 0;
  if (const auto* text = std::get_if<std::string>(&entry.body)) bytes += text->size();
  return bytes;
}

}  // namespace

HotTable::~HotTable() {
  while (!items_.empty()) erase(items_.begin());
}

bool HotTable::usable(const Item& item, MonoTime now) {
  const auto& entry = *item.entry;
  if (now >= entry.valid_until || (entry.validity && !entry.validity->stands())) return false;
  return !item.file || std::get<FileBody>(entry.body).source->intact();
}

bool HotTable::over_budget(std::uint64_t more_bytes, std::size_t more_files) const {
  return budget_.bytes.load(std::memory_order_relaxed) + more_bytes > budget_.max_bytes ||
         budget_.files.load(std::memory_order_relaxed) + more_files > budget_.max_files;
}

void HotTable::insert(std::shared_ptr<const HotEntry> entry, std::uint32_t route) {
  if (entry->accept_class == kNeverHot) return;
  const bool file = std::holds_alternative<FileBody>(entry->body);
  const auto bytes = charge(*entry);
  if (const auto found = by_path_.find(entry->path); found != by_path_.end()) {
    const auto old = found->second;
    const bool alone = entry->accept_class == kAnyClass;
    for (const auto item : old) {
      if (alone || item->entry->accept_class == kAnyClass || item->entry->accept_class == entry->accept_class) erase(item);
    }
  }
  while (!items_.empty() && (items_.size() >= max_entries_ || over_budget(bytes, file ? 1 : 0))) erase(std::prev(items_.end()));
  if (items_.size() >= max_entries_ || over_budget(bytes, file ? 1 : 0)) return;
  items_.push_front({entry, route, bytes, file});
  by_path_[entry->path].push_back(items_.begin());
  bytes_ += bytes;
  budget_.bytes.fetch_add(bytes, std::memory_order_relaxed);
  if (file) budget_.files.fetch_add(1, std::memory_order_relaxed);
}

void HotTable::erase(Position item) {
  const auto found = by_path_.find(item->entry->path);
  std::erase(found->second, item);
  if (found->second.empty()) by_path_.erase(found);
  bytes_ -= item->bytes;
  budget_.bytes.fetch_sub(item->bytes, std::memory_order_relaxed);
  if (item->file) budget_.files.fetch_sub(1, std::memory_order_relaxed);
  items_.erase(item);
}

void HotTable::sweep(MonoTime now, std::size_t count) {
  auto at = items_.end();
  while (count-- > 0 && at != items_.begin()) {
    const auto item = std::prev(at);
    const auto& entry = *item->entry;
    if (now >= entry.valid_until || (entry.validity && !entry.validity->stands())) {
      erase(item);
    } else {
      at = item;
    }
  }
}

}  // namespace bodega::http
