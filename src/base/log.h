// Structured log events: a stable name and typed fields, one line an event, as JSON or as text. What must not be seen redacts itself by its
// type: a Secret prints as "***", a Url without user information and without the values of its query. No byte from outside can end a line
// or reach a terminal as a control sequence. docs/logging.md lists names and fields.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "base/time.h"

namespace bodega {

class Secret;
struct Url;

enum class LogLevel { debug, info, warning, error };
enum class LogFormat { text, json };

std::string_view to_string(LogLevel level);

// One field. Text and Url are only looked at: they must live until the call it is given to has returned.
class LogField {
 public:
  using Value = std::variant<std::string_view, std::int64_t, std::uint64_t, double, bool, const Url*>;

  LogField(std::string_view name, std::string_view value) : name_(name), value_(value) {}
  LogField(std::string_view name, const char* value) : name_(name), value_(std::string_view(value)) {}
  LogField(std::string_view name, const std::string& value) : name_(name), value_(std::string_view(value)) {}
  LogField(std::string_view name, bool value) : name_(name), value_(value) {}
  LogField(std::string_view name, double value) : name_(name), value_(value) {}
  LogField(std::string_view name, std::signed_integral auto value) : name_(name), value_(std::int64_t{value}) {}
  LogField(std::string_view name, std::unsigned_integral auto value) : name_(name), value_(std::uint64_t{value}) {}
  LogField(std::string_view name, const Url& value) : name_(name), value_(&value) {}
  LogField(std::string_view name, const Secret&) : name_(name), value_(std::string_view("***")) {}

  std::string_view name() const { return name_; }
  const Value& value() const { return value_; }

 private:
  std::string_view name_;
  Value value_;
};

// Appends one event without a line end. `name` and the field names are ours (lower case, dots and underscores) and stand as they are.
void format_event(std::string& out, LogFormat format, WallTime time, LogLevel level, std::string_view name,
                  std::span<const LogField> fields);

// The value of a field as text, unquoted and unescaped: for tests and for messages.
std::string field_text(const LogField::Value& value);

// Where events go; handed on by reference, never found through a global. Every function may be called from any thread and never blocks.
class Log {
 public:
  virtual ~Log() = default;
  // Whether an event of this level would be kept: worth asking before costly fields are made.
  virtual bool wants(LogLevel level) const = 0;
  virtual LogFormat format() const = 0;
  virtual void event(LogLevel level, std::string_view name, std::span<const LogField> fields) = 0;
  // A finished line, without its end, as format_event() makes it: for the access log, which formats on the loop that served the request.
  virtual void raw_line(std::string_view line) = 0;

  void debug(std::string_view name, std::initializer_list<LogField> fields = {}) { event_if_wanted(LogLevel::debug, name, fields); }
  void info(std::string_view name, std::initializer_list<LogField> fields = {}) { event_if_wanted(LogLevel::info, name, fields); }
  void warning(std::string_view name, std::initializer_list<LogField> fields = {}) { event_if_wanted(LogLevel::warning, name, fields); }
  void error(std::string_view name, std::initializer_list<LogField> fields = {}) { event_if_wanted(LogLevel::error, name, fields); }

 private:
  void event_if_wanted(LogLevel level, std::string_view name, std::initializer_list<LogField> fields) {
    if (wants(level)) event(level, name, std::span(fields.begin(), fields.size()));
  }
};

class NullLog final : public Log {
 public:
  bool wants(LogLevel) const override { return false; }
  LogFormat format() const override { return LogFormat::text; }
  void event(LogLevel, std::string_view, std::span<const LogField>) override {}
  void raw_line(std::string_view) override {}
};

}  // namespace bodega
