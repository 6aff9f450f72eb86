#include "ops/health.h"

#include "base/text.h"

namespace bodega::ops {

Health judge(const Vitals& vitals) {
  // Less than this and the next commit of the catalog may fail; a commit writes some pages of 4 KiB into the log.
  constexpr std::uint64_t kFewBytes = 16ULL << 20;
  constexpr std::uint64_t kFewInodes = 64;
  Health health;
  const auto worsen = [&health](Condition condition, std::string reason) {
    if (condition > health.condition) health.condition = condition;
    health.reasons.push_back(std::move(reason));
  };
  if (!vitals.catalog_healthy)
    worsen(Condition::degraded, "a commit to the database failed; see the log, and restart when the disk is well");
  if (!vitals.sync_trusted) worsen(Condition::degraded, "the disk refused to sync a file; see the log, and restart when the disk is well");
  if (!vitals.space_known) worsen(Condition::degraded, "the data directory's disk cannot be asked for its free space");
  if (vitals.space_known && vitals.free_bytes < kFewBytes) worsen(Condition::degraded, "the disk is full");
  if (vitals.space_known && vitals.free_inodes < kFewInodes) worsen(Condition::degraded, "the disk has no free inodes");
  if (vitals.draining) worsen(Condition::unavailable, "the server is stopping");
  return health;
}

std::string to_json(const Health& health) {
  std::string out = R"({"status": )";
  switch (health.condition) {
    case Condition::ready: out += "\"ready\""; break;
    case Condition::degraded: out += "\"degraded\""; break;
    case Condition::unavailable: out += "\"unavailable\""; break;
  }
  out += R"(, "reasons": [)";
  for (std::size_t i = 0; i < health.reasons.size(); ++i) {
    if (i > 0) out += ", ";
    json_string_to(out, health.reasons[i]);
  }
  return out + "]}\n";
}

}  // namespace bodega::ops
