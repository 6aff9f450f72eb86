#include "base/result.h"

#include <cerrno>
#include <system_error>

namespace bodega {

std::string_view to_string(Code code) {
  switch (code) {
    case Code::invalid: return "invalid";
    case Code::unauthorized: return "unauthorized";
    case Code::forbidden: return "forbidden";
    case Code::not_found: return "not_found";
    case Code::gone: return "gone";
    case Code::conflict: return "conflict";
    case Code::too_large: return "too_large";
    case Code::busy: return "busy";
    case Code::upstream_failed: return "upstream_failed";
    case Code::upstream_busy: return "upstream_busy";
    case Code::upstream_timeout: return "upstream_timeout";
    case Code::no_space: return "no_space";
    case Code::corrupt: return "corrupt";
    case Code::cancelled: return "cancelled";
    case Code::io: return "io";
  }
  return "io";
}

Error Error::with_context(std::string_view frame) && {
  if (!context.empty()) context += "; ";
  context += frame;
  return std::move(*this);
}

std::string Error::describe() const { return context.empty() ? message : message + " (" + context + ")"; }

tl::unexpected<Error> fail_errno(int errnum, std::string_view what) {
  const std::string reason = std::generic_category().message(errnum);
  const std::string frame = std::string(what) + ": " + reason;
  switch (errnum) {
    case ENOSPC:
    case EDQUOT: return fail(Code::no_space, "the disk is full", frame);
    case ENOENT: return fail(Code::not_found, "no such file", frame);
    default: return fail(Code::io, "an operation on the disk or network failed: " + reason, frame);
  }
}

}  // namespace bodega
