#include "access/attempts.h"

namespace bodega::access {

std::optional<std::chrono::seconds> Attempts::wait(const std::string& subject, MonoTime now) const {
  const auto found = by_subject_.find(subject);
  if (found == by_subject_.end()) return std::nullopt;
  const auto& failures = found->second.failures;
  if (failures.size() < options_.max_failures) return std::nullopt;
  const MonoTime until = failures.front() + options_.window;
  if (now >= until) return std::nullopt;
  return std::chrono::ceil<std::chrono::seconds>(until - now);
}

void Attempts::failed(const std::string& subject, MonoTime now) {
  const auto [it, fresh] = by_subject_.try_emplace(subject);
  Record& record = it->second;
  if (!fresh) order_.erase(record.place);
  record.place = order_.insert(order_.end(), subject);
  record.failures.push_back(now);
  if (record.failures.size() > options_.max_failures) record.failures.pop_front();
  if (by_subject_.size() > options_.max_subjects) {
    by_subject_.erase(order_.front());
    order_.pop_front();
  }
}

void Attempts::forget(const std::string& subject) {
  const auto found = by_subject_.find(subject);
  if (found == by_subject_.end()) return;
  order_.erase(found->second.place);
  by_subject_.erase(found);
}

}  // namespace bodega::access
