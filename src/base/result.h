// Expected failure as a value: Result<T> is what every operation returns whose failure a client, an upstream, a full disk or a bad
// configuration can cause. The set of codes is closed and small; a code exists because some caller branches on it.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <tl/expected.hpp>

namespace bodega {

enum class Code {
  invalid,           // the input is broken (400)
  unauthorized,      // no or wrong credentials where some are needed (401)
  forbidden,         // known caller without the right (403)
  not_found,         // does not exist (404)
  gone,              // existed, was deleted (410)
  conflict,          // clashes with what is there (409)
  too_large,         // over a limit (413)
  busy,              // shedding load; try later (503)
  upstream_failed,   // the upstream answered wrongly or not at all (502)
  upstream_busy,     // the upstream asked to wait, or its breaker is open (503)
  upstream_timeout,  // the upstream did not answer in time (504)
  no_space,          // disk full, or the space budget is used up (507)
  corrupt,           // bytes do not agree with their digest or format
  cancelled,         // the server is stopping, or the asker left
  io,                // the operating system refused (500)
};

std::string_view to_string(Code code);

// `message` is a sentence that may be shown to a client: no secrets, no local paths. `context` is for the log only; every layer that
// passes the error on may add one frame, innermost first.
struct Error {
  Code code = Code::io;
  std::string message;
  std::string context;
  std::optional<std::chrono::seconds> retry_after;

  Error with_context(std::string_view frame) &&;
  // "message (context)" for logs.
  std::string describe() const;
};

template <class T>
using Result = tl::expected<T, Error>;

inline tl::unexpected<Error> fail(Code code, std::string message, std::string context = {}) {
  return tl::make_unexpected(Error{code, std::move(message), std::move(context), std::nullopt});
}
inline tl::unexpected<Error> fail(Error error) { return tl::make_unexpected(std::move(error)); }

// The error of the last failed system call: no_space for ENOSPC/EDQUOT, not_found for ENOENT, else io. `what` names call and object.
tl::unexpected<Error> fail_errno(int errnum, std::string_view what);

}  // namespace bodega

#define BODEGA_CONCAT_INNER(a, b) a##b
#define BODEGA_CONCAT(a, b) BODEGA_CONCAT_INNER(a, b)

// BODEGA_TRY(auto x, f());  -- binds the value or returns the error. Statement form, because statement expressions do not work in
// coroutines. Use BODEGA_CO_TRY inside coroutines; for an awaited result bind it first: auto r = co_await f(); BODEGA_CO_TRY(auto x, r);
#define BODEGA_TRY_IMPL(tmp, ret, decl, ...)            \
  auto tmp = __VA_ARGS__;                               \
  if (!tmp) ret ::bodega::fail(std::move(tmp).error()); \
  decl = std::move(*tmp)
#define BODEGA_TRY(decl, ...) BODEGA_TRY_IMPL(BODEGA_CONCAT(try_, __COUNTER__), return, decl, __VA_ARGS__)
#define BODEGA_CO_TRY(decl, ...) BODEGA_TRY_IMPL(BODEGA_CONCAT(try_, __COUNTER__), co_return, decl, __VA_ARGS__)

// The same for Result<void>.
#define BODEGA_CHECK_OK_IMPL(tmp, ret, ...)     \
  if (auto tmp = __VA_ARGS__; !tmp) {           \
    ret ::bodega::fail(std::move(tmp).error()); \
  }
#define BODEGA_TRY_VOID(...) BODEGA_CHECK_OK_IMPL(BODEGA_CONCAT(try_, __COUNTER__), return, __VA_ARGS__)
#define BODEGA_CO_TRY_VOID(...) BODEGA_CHECK_OK_IMPL(BODEGA_CONCAT(try_, __COUNTER__), co_return, __VA_ARGS__)
