// A Log that keeps what it is told, for assertions.
#pragma once

#include <algorithm>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/log.h"

namespace bodega::testing {

class MemoryLog final : public Log {
 public:
  struct Event {
    LogLevel level;
    std::string name;
    std::vector<std::pair<std::string, std::string>> fields;
    // The field's text; "" when there is none of that name.
    std::string operator[](std::string_view field) const {
      for (const auto& [key, value] : fields) {
        if (key == field) return value;
      }
      return {};
    }
  };

  void write(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) override {
    Event kept{level, std::string(event), {}};
    for (const auto& field : fields) kept.fields.emplace_back(field.name, to_string(field.value));
    const std::lock_guard lock(mutex_);
    events_.push_back(std::move(kept));
  }
  void write_line(std::string_view line) override {
    const std::lock_guard lock(mutex_);
    lines_.emplace_back(line);
  }
  bool json() const override { return true; }

  std::vector<Event> events() const {
    const std::lock_guard lock(mutex_);
    return events_;
  }
  std::vector<Event> events(std::string_view name) const {
    auto found = events();
    std::erase_if(found, [name](const Event& event) { return event.name != name; });
    return found;
  }
  std::vector<std::string> lines() const {
    const std::lock_guard lock(mutex_);
    return lines_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<Event> events_;
  std::vector<std::string> lines_;
};

}  // namespace bodega::testing
