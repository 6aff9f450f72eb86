#include "pypi/index/readers.h"

#include <algorithm>

#include "http/error_response.h"

namespace bodega::pypi {

using access::Outcome;
using http::Request;
using http::Response;

namespace {

Response refusal_of(const Visit& visit, const std::string& key, const Request& request) {
  const std::string none = "The stage " + key + " could not be found";
  switch (visit.entry) {
    case Entry::open:
    case Entry::granted:
    case Entry::absent:
    case Entry::hidden: break;
    case Entry::login_needed: return http::error_response({Code::unauthorized, none + " without a login.", {}, std::nullopt}, request);
    case Entry::wrong_login: return http::error_response({Code::unauthorized, "wrong user name or password", {}, std::nullopt}, request);
    case Entry::limited:
      return http::error_response(429, {Code::busy, "too many failed logins; try again later", {}, visit.retry_after}, request);
  }
  return http::error_response({Code::not_found, none + ".", {}, std::nullopt}, request);
}

Entry entry_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::anonymous: return Entry::login_needed;
    case Outcome::ok: return Entry::hidden;
    case Outcome::wrong: return Entry::wrong_login;
    case Outcome::limited: return Entry::limited;
  }
  return Entry::hidden;
}

}  // namespace

access::Facts facts_of_index(const IndexConfig& index, const std::optional<std::vector<std::string>>& restrict_modify) {
  access::Facts facts;
  facts.owner = index.user;
  facts.index = index.name;
  if (!index.is_mirror()) {
    facts.acl_upload = &index.acl_upload;
    facts.acl_toxresult_upload = &index.acl_toxresult_upload;
  }
  if (index.acl_read) facts.acl_read = &*index.acl_read;
  if (restrict_modify) facts.restrict_modify = &*restrict_modify;
  return facts;
}

void confine(Response& response, Audience audience) {
  if (audience == Audience::everybody) return;
  response.hot.reset();
  std::string control(response.headers.get("Cache-Control"));
  constexpr std::string_view kPublic = "public";
  if (const auto at = control.find(kPublic); at != std::string::npos) control.replace(at, kPublic.size(), "private");
  response.headers.set("Cache-Control", control.empty() ? "private" : control);
}

bool Readers::may_read(const access::Principal& who, const IndexRef& index) const {
  if (!index) return false;
  const auto order = search_order(index, [this](const std::string& key) { return registry_.find_index(key); });
  const auto readable = [this, &who](const IndexRef& one) {
    return access::may(who, access::Action::read, facts_of_index(*one, restrict_modify_)) == access::Decision::allow;
  };
  return std::all_of(order.stages.begin(), order.stages.end(), readable) &&
         std::all_of(order.mirrors.begin(), order.mirrors.end(), readable);
}

bool Readers::sees(const access::Principal& who, const IndexRef& index) const {
  if (may_read(who, index)) return true;
  return index && access::may(who, access::Action::modify_index, facts_of_index(*index, restrict_modify_)) == access::Decision::allow;
}

Task<Result<Visit>> Readers::visit(const Request& request, std::string key) {
  const access::Principal anybody;
  if (const IndexRef index = registry_.find_index(key); may_read(anybody, index)) co_return Visit{Entry::open, index, {}};
  if (!any_closed()) co_return Visit{Entry::absent, nullptr, {}};
  auto login = co_await authenticator_.authenticate(request);
  if (!login) co_return fail(std::move(login).error());
  if (const IndexRef index = registry_.find_index(key); may_read(login->principal, index)) co_return Visit{Entry::granted, index, {}};
  co_return Visit{entry_of(login->outcome), nullptr, login->retry_after};
}

Task<Admission> Readers::admit(Request& request, const Route& route) {
  auto visited = co_await visit(request, route.key());
  if (!visited) co_return Admission{nullptr, Audience::some, http::error_response(visited.error(), request)};
  if (visited->entry == Entry::open) co_return Admission{visited->index, Audience::everybody, std::nullopt};
  if (visited->entry == Entry::granted) co_return Admission{visited->index, Audience::some, std::nullopt};
  co_return Admission{nullptr, Audience::some, refusal_of(*visited, route.key(), request)};
}

bool Readers::any_closed() const {
  const access::Principal anybody;
  for (const auto& user : registry_.users()) {
    for (const auto& name : user->indexes) {
      const auto index = registry_.find_index(user->row.name + "/" + name);
      if (index && index->acl_read && !access::names(*index->acl_read, anybody)) return true;
    }
  }
  return false;
}

}  // namespace bodega::pypi
