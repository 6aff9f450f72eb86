// Structured events: a stable name and typed fields, one line an event, as JSON or as text. The interface and the form of a line;
// async/log_writer.h writes lines, testing/memory_log.h collects events. No byte from outside can end a line or reach a terminal as a
// control sequence. docs/logging.md lists names and fields.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

#include "base/secret.h"
#include "base/time.h"
#include "base/url.h"

namespace bodega {

enum class LogLevel { debug, info, warning, error };
enum class LogFormat { text, json };

std::string_view to_string(LogLevel level);

// A value of a field. Secrets and URLs redact by their type: a Secret is "***", a Url loses user information and query values.
class LogValue {
 public:
  LogValue(std::string_view text) : value_(std::string(text)) {}  // NOLINT(google-explicit-constructor): fields are written inline
  LogValue(const std::string& text) : value_(text) {}             // NOLINT
  LogValue(const char* text) : value_(std::string(text)) {}       // NOLINT
  LogValue(bool value) : value_(value) {}                         // NOLINT
  LogValue(double value) : value_(value) {}                       // NOLINT
  template <class I, std::enable_if_t<std::is_integral_v<I> && !std::is_same_v<I, bool>, int> = 0>
  LogValue(I value) : value_(static_cast<std::int64_t>(value)) {}  // NOLINT
  LogValue(const Secret&) : value_(std::string("***")) {}          // NOLINT
  LogValue(const Url& url);                                        // NOLINT
  const std::variant<std::string, bool, double, std::int64_t>& get() const { return value_; }

 private:
  std::variant<std::string, bool, double, std::int64_t> value_;
};

struct LogField {
  std::string_view name;
  LogValue value;
};

// Appends one event without a line end. `event` and the field names are ours (lower case, dots and underscores) and stand as they are.
void format_event(std::string& out, LogFormat format, WallTime time, LogLevel level, std::string_view event,
                  std::span<const LogField> fields);

// The value as text, unquoted and unescaped: for tests and messages.
std::string to_string(const LogValue& value);

// Handed on by reference, never found through a global. Any thread; never blocks on the log's target.
class Log {
 public:
  virtual ~Log() = default;
  // Whether an event of this level would be kept: worth asking before costly fields are made.
  virtual bool wants(LogLevel) const { return true; }
  virtual void write(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) = 0;
  // A finished line without its newline, for the access events that front loops format themselves. `json()` says which form is wanted.
  virtual void write_line(std::string_view line) = 0;
  virtual bool json() const = 0;

  void debug(std::string_view event, std::initializer_list<LogField> fields = {}) { write(LogLevel::debug, event, fields); }
  void info(std::string_view event, std::initializer_list<LogField> fields = {}) { write(LogLevel::info, event, fields); }
  void warning(std::string_view event, std::initializer_list<LogField> fields = {}) { write(LogLevel::warning, event, fields); }
  void error(std::string_view event, std::initializer_list<LogField> fields = {}) { write(LogLevel::error, event, fields); }
};

class NullLog final : public Log {
 public:
  bool wants(LogLevel) const override { return false; }
  void write(LogLevel, std::string_view, std::initializer_list<LogField>) override {}
  void write_line(std::string_view) override {}
  bool json() const override { return false; }
};

}  // namespace bodega
