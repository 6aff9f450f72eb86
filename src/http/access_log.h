// The access event: one line a request, formatted on the loop that answered it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/log.h"
#include "base/time.h"
#include "http/message.h"

namespace bodega::http {

struct AccessEvent {
  std::string_view id;
  std::string_view peer;
  std::string_view method;
  std::string_view target;  // as received; the values of its query are not logged
  std::string_view route;
  std::string_view user_agent;
  std::string_view detail;  // may be empty
  int status = 0;
  CacheOutcome outcome = CacheOutcome::none;
  std::uint64_t bytes = 0;  // heads included
  double milliseconds = 0;
};

// Appends the event "http.request" without a line end, in the form of base/log.h.
void format_access(std::string& out, LogFormat format, WallTime time, const AccessEvent& event);

}  // namespace bodega::http
