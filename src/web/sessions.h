// Logins of people in browsers. The cookie proves itself, so a restart ends none of them: it is signed with this server's key and with the
// hash of the user's password, and so ends when the password changes, when the user is deleted and after ten hours. Those that were logged
// out before that are remembered, here and in the catalog. Home loop only.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "async/task.h"
#include "base/log.h"
#include "base/time.h"
#include "catalog/catalog.h"
#include "pypi/index/registry.h"

namespace bodega::web {

struct Session {
  std::string user;
  WallTime begun{};
};

class Sessions {
 public:
  Sessions(catalog::Catalog& catalog, const pypi::Registry& registry, const Clock& clock, Log& log)
      : catalog_(catalog), registry_(registry), clock_(clock), log_(log) {}

  // What was logged out before the start. Once, when users are there.
  Task<Result<void>> load();

  // A new one, as the text of its cookie. The user exists.
  std::string begin(const std::string& user) const;
  // nullopt: none of ours, or it has ended.
  std::optional<Session> of(std::string_view cookie) const;
  // From now on it is none; also after a restart, unless the catalog cannot be written, which goes to the log.
  Task<void> end(std::string cookie);

 private:
  // Past it the oldest are forgotten, and with them every session that began before these ended: somebody logs in and out without need.
  static constexpr std::size_t kMostEnded = 1000;

  std::string signature(std::string_view head, const std::string& password_hash) const;
  std::string ended_text() const;
  void drop_old();

  catalog::Catalog& catalog_;
  const pypi::Registry& registry_;
  const Clock& clock_;
  Log& log_;
  std::map<std::string, WallTime, std::less<>> ended_;  // by what names the session, when it ended
  WallTime ended_before_{};                             // all that began up to then have ended
};

}  // namespace bodega::web
