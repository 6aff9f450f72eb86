// Coroutines of this project. A Task runs on the loop it was started on and resumes there, whatever it awaited. The rules are in
// docs/coroutines.md: named functions only, no capturing lambda is a coroutine, build first and then await, values as parameters.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace bodega {

namespace asio = boost::asio;

using Executor = asio::io_context::executor_type;

template <class T = void>
using Task = asio::awaitable<T, Executor>;

inline constexpr asio::use_awaitable_t<Executor> use_task{};

}  // namespace bodega
