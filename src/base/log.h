// Structured events: a stable name and typed fields. The interface only; async/log_writer.h writes lines, tests collect events.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

#include "base/secret.h"
#include "base/url.h"

namespace bodega {

enum class LogLevel { debug, info, warning, error };

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

// Any thread; never blocks on the log's target.
class Log {
 public:
  virtual ~Log() = default;
  virtual void write(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) = 0;
  // A finished line without its newline, for the access events that front loops format themselves. `json()` says which form is wanted.
  virtual void write_line(std::string_view line) = 0;
  virtual bool json() const = 0;

  void debug(std::string_view event, std::initializer_list<LogField> fields = {}) { write(LogLevel::debug, event, fields); }
  void info(std::string_view event, std::initializer_list<LogField> fields = {}) { write(LogLevel::info, event, fields); }
  void warning(std::string_view event, std::initializer_list<LogField> fields = {}) { write(LogLevel::warning, event, fields); }
  void error(std::string_view event, std::initializer_list<LogField> fields = {}) { write(LogLevel::error, event, fields); }
};

}  // namespace bodega
