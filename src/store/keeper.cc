#include "store/keeper.h"

#include <algorithm>
#include <span>
#include <utility>

namespace bodega::store {
namespace {

// Large enough for every upload that a small machine has under way at once; a larger group would only keep its first ones waiting.
constexpr std::size_t kMostOfGroup = 64;
// A large file takes its time to reach the disk and shares little: it goes alone, so that small ones need not wait for it.
constexpr std::uint64_t kLarge = 1 << 20;

}  // namespace

Task<Result<std::shared_ptr<const Blob>>> Keeper::commit(BlobWriter& writer) {
  if (writer.size() >= kLarge) {
    auto place = [&writer] { return writer.commit(); };
    auto alone = co_await offload(pool_, place);
    co_return alone;
  }
  Waiting mine;
  mine.keep.blob = &writer;
  co_await take_part(mine);
  co_return std::move(mine.keep.outcome);
}

Task<Result<void>> Keeper::set_notes(Digest digest, const std::map<std::string, std::string>& notes) {
  Waiting mine;
  mine.keep.digest = digest;
  mine.keep.notes = &notes;
  co_await take_part(mine);
  if (!mine.keep.outcome) co_return fail(std::move(mine.keep.outcome).error());
  co_return Result<void>();
}

// Whoever finds nobody leading leads the next group, with himself in it or, after many others, ahead of it.
Task<void> Keeper::take_part(Waiting& mine) {
  waiting_.push_back(&mine);
  auto waits = [this, &mine] { return !mine.done && busy_; };
  while (!mine.done) {
    if (busy_) {
      co_await ended_.wait(waits);
    } else {
      co_await lead();
    }
  }
}

Task<void> Keeper::lead() {
  busy_ = true;
  const auto count = static_cast<std::ptrdiff_t>(std::min(waiting_.size(), kMostOfGroup));
  const std::vector<Waiting*> group(waiting_.begin(), waiting_.begin() + count);
  waiting_.erase(waiting_.begin(), waiting_.begin() + count);
  std::vector<Keep> keeps;
  keeps.reserve(group.size());
  for (auto* const one : group) keeps.push_back(std::move(one->keep));
  auto keep = [this, &keeps] { store_.keep(keeps); };
  co_await offload(pool_, keep);
  for (std::size_t i = 0; i < group.size(); ++i) {
    group[i]->keep = std::move(keeps[i]);
    group[i]->done = true;
  }
  busy_ = false;
  ended_.notify_all();
}

}  // namespace bodega::store
