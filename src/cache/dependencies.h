// Which answers in the hot tables stand on which facts. Home loop only.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "http/hot.h"

namespace bodega::cache {

// Facts are named by text: "index:root/pypi", "project:alice/dev/foo".
class Dependencies {
 public:
  // A new permission that falls with any of these facts.
  std::shared_ptr<http::Validity> stand_on(const std::vector<std::string>& facts);
  // One more fact for a permission that stands already.
  void also(const std::string& fact, const std::shared_ptr<http::Validity>& validity);
  // The fact changed: every answer that stands on it is dropped before the next one is given.
  void revoke(const std::string& fact);
  void revoke_all();
  // Hears of every fact that is revoked, whether something stands on it or not; of revoke_all() nothing.
  void on_revoke(std::function<void(const std::string& fact)> listener) { revoked_ = std::move(listener); }
  std::size_t size() const { return by_fact_.size(); }

 private:
  void compact();
  // weak_ptr: hot entries own the permissions; this only finds them.
  std::map<std::string, std::vector<std::weak_ptr<http::Validity>>> by_fact_;
  std::function<void(const std::string&)> revoked_;
  std::size_t until_compact_ = 1024;  // insertions until dead ones are swept; doubled with what is alive
};

}  // namespace bodega::cache
