// Who may read an index: its pages, files, metadata and options (docs/protocols/devpi.md, "Reading rights"). Home loop only.
//
// An index is read wholly or not at all: whoever reads it may read every index it inherits from. A page without its closed bases would be
// filled from the mirrors behind them, under the very names that those bases keep private, and would tell by what it lacks which names
// these are.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "access/authenticator.h"
#include "access/decision.h"
#include "http/message.h"
#include "pypi/index/registry.h"
#include "pypi/route.h"

namespace bodega::pypi {

// What the decision function needs of an index.
access::Facts facts_of_index(const IndexConfig& index, const std::optional<std::vector<std::string>>& restrict_modify);

enum class Audience {
  everybody,  // front loops and shared caches may keep the answer
  some,       // it was given to who asked
};
// Makes an answer fit its audience: no hot entry and no shared cache for what only some may see. Pure.
void confine(http::Response& response, Audience audience);

enum class Entry {
  open,          // to everybody
  granted,       // to who asks
  absent,        // no such index, and no index of this server is closed: nothing has to be hidden
  hidden,        // from a user who is known: closed to him, or there is none
  login_needed,  // the same, for who sent no credentials
  wrong_login,   // the same, for who sent wrong ones
  limited,       // the same; too many failed logins
};

struct Visit {
  Entry entry = Entry::absent;
  IndexRef index;                      // of open and granted
  std::chrono::seconds retry_after{};  // of limited
};

struct Admission {
  IndexRef index;                         // null with a refusal
  Audience audience = Audience::some;     // of what is answered from now on
  std::optional<http::Response> refusal;  // set: answer that instead
};

class Readers {
 public:
  Readers(const Registry& registry, access::Authenticator& authenticator, std::optional<std::vector<std::string>> restrict_modify)
      : registry_(registry), authenticator_(authenticator), restrict_modify_(std::move(restrict_modify)) {}

  // null is read by nobody.
  bool may_read(const access::Principal& who, const IndexRef& index) const;
  // Whether the index exists for somebody: its options and what is sent to it. Who may change it sees it also when one of its bases has
  // been closed to him.
  bool sees(const access::Principal& who, const IndexRef& index) const;

  // Who asks for pages or files of an index. Nobody is asked for an open index, so credentials cost nothing there. Everywhere else the
  // entry, and the work behind it, is the same whether the index is closed to the asker or does not exist. busy: too many passwords are
  // being verified.
  Task<Result<Visit>> visit(const http::Request& request, std::string key);
  // The same as an answer: 404 to a known user, 401 to others, because installers send credentials from keyrings only then. Where no index
  // of the server is closed that would only confuse, and it is 404 for everybody.
  Task<Admission> admit(http::Request& request, const Route& route);

 private:
  bool any_closed() const;

  const Registry& registry_;
  access::Authenticator& authenticator_;
  std::optional<std::vector<std::string>> restrict_modify_;
};

}  // namespace bodega::pypi
