// For start-up and commands, which block: a job that runs in the pool while its starter goes on.
#pragma once

#include <future>
#include <memory>
#include <type_traits>
#include <utility>

#include "async/offload.h"

namespace bodega {

// What the job refers to must live until get(), which the starter must reach on every way.
template <class F, class R = std::invoke_result_t<F&>>
std::future<R> run_aside(Pool& pool, F job) {
  auto task = std::make_shared<std::packaged_task<R()>>(std::move(job));
  auto result = task->get_future();
  pool.post([task] { (*task)(); });
  return result;
}

}  // namespace bodega
