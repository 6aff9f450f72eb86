// The log that the server uses: lines go into a bounded buffer under a short lock, one thread writes them out. Callers never wait for the
// target; when it stands still (a stopped reader of a pipe, a full disk) lines are dropped and counted, and the log says so afterwards.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/log.h"
#include "base/time.h"

namespace bodega {

struct LogWriterOptions {
  int fd = 2;  // borrowed: stays open as long as the writer, never closed by it; blocking or not
  LogFormat format = LogFormat::text;
  LogLevel level = LogLevel::info;  // events below it are not kept; lines given finished always are
  // About 5,000 access lines, a tenth of a second of the heaviest load: longer hiccups of a terminal or of journald lose lines.
  std::size_t buffer_bytes = 1 << 20;
  // Lines of one moment leave in one write. Short enough for eyes; 50 writes a second cost nothing.
  Duration gather = std::chrono::milliseconds(20);
  // What the destructor gives a target that stands still.
  Duration last_wait = std::chrono::seconds(1);
};

class LogWriter : public Log {
 public:
  // Blocks until everything that was accepted is written, or last_wait is over.
  virtual void flush() = 0;
  // Events below it are not kept from now on. Any thread.
  virtual void set_level(LogLevel level) = 0;
  // Lines lost since the start. For metrics.
  virtual std::uint64_t dropped() const = 0;
};

// `clock` must outlive it. The destructor flushes; nobody may write by then.
std::unique_ptr<LogWriter> make_log_writer(LogWriterOptions options, const Clock& clock);

}  // namespace bodega
