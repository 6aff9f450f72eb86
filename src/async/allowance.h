// Memory that many jobs share: each takes a share before it needs it, and waits for its turn when there is none left. A job that wants more
// than all there is runs alone. From any thread; a waiting coroutine resumes on its own loop.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "async/timers.h"
#include "base/result.h"

namespace bodega {

class Allowance {
  struct State;

 public:
  // Given back when it goes, by whoever holds it last.
  class Share {
   public:
    Share() = default;
    Share(Share&& other) noexcept;
    Share& operator=(Share&& other) noexcept;
    ~Share();
    std::uint64_t bytes() const { return bytes_; }
    // Gives back what is over `bytes`.
    void shrink(std::uint64_t bytes);

   private:
    friend class Allowance;
    std::shared_ptr<State> state_;  // shared_ptr: a page that carries a share may outlive the allowance
    std::uint64_t id_ = 0;          // rising with age: 1 is older than 2
    std::uint64_t bytes_ = 0;
  };

  Allowance(std::uint64_t bytes, Timers& timers, const Clock& clock);

  // Waits in the order of asking; who wants little passes those who wait for much. busy: it did not come in time.
  Task<Result<Share>> take(std::uint64_t bytes);
  // The same share with `bytes` in all. The oldest share always gets what it wants: somebody gets on, however much the others hold.
  Task<Result<Share>> grow(Share share, std::uint64_t bytes);
  // Called when somebody begins to wait: who holds a share only because it may be useful later may let go of it. Set before the first
  // take().
  void on_want(std::function<void()> wanted);
  std::uint64_t taken() const;

 private:
  std::shared_ptr<State> state_;
  Timers& timers_;
  const Clock& clock_;
};

}  // namespace bodega
