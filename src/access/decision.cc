#include "access/decision.h"

#include <algorithm>

namespace bodega::access {
namespace {

// The administrators: root, or whom the operator named with restrict-modify (then root only if named).
bool administers(const Principal& who, const Facts& facts) {
  if (who.anonymous()) return false;
  if (who.proof == Proof::local) return true;  // could change the option itself
  if (facts.restrict_modify) return names(*facts.restrict_modify, who);
  return who.user == "root";
}

bool owns(const Principal& who, const Facts& facts) { return !who.anonymous() && who.user == facts.owner; }

bool may_delete_user(const Principal& who, const Facts& facts) {
  if (facts.owner == "root") return false;
  // With restrict-modify an administrator cannot remove itself: somebody has to be left.
  if (facts.restrict_modify) return administers(who, facts) && !owns(who, facts);
  return administers(who, facts) || owns(who, facts);
}

bool allowed(const Principal& who, Action action, const Facts& facts) {
  const bool owner_counts = facts.restrict_modify == nullptr;
  switch (action) {
    case Action::read: return !facts.acl_read || names(*facts.acl_read, who) || owns(who, facts) || administers(who, facts);
    case Action::create_user: return !facts.restrict_modify || administers(who, facts);
    case Action::change_password: return owns(who, facts) || administers(who, facts);
    case Action::delete_user: return may_delete_user(who, facts);
    case Action::modify_user:
    case Action::create_index:
    case Action::modify_index:
    case Action::delete_index: return administers(who, facts) || (owner_counts && owns(who, facts));
    case Action::upload: return facts.acl_upload && names(*facts.acl_upload, who);
    case Action::delete_content:
      return (facts.acl_upload && names(*facts.acl_upload, who)) || administers(who, facts) || (owner_counts && owns(who, facts));
    case Action::upload_toxresult: return !facts.acl_toxresult_upload || names(*facts.acl_toxresult_upload, who);
  }
  return false;
}

bool is_index(const std::string& key, const Facts& facts) {
  return !facts.index.empty() && key.size() == facts.owner.size() + 1 + facts.index.size() && key.starts_with(facts.owner) &&
         key[facts.owner.size()] == '/' && key.ends_with(facts.index);
}

// What is left of a principal for an action.
enum class Reach { whole, as_anybody, nothing };

Reach reach_of(const Bound& bound, Action action, const Facts& facts) {
  if (bound.scope == Scope::all) return Reach::whole;
  const auto& indexes = bound.indexes;
  switch (action) {
    case Action::read: {
      const bool inside = std::any_of(indexes.begin(), indexes.end(), [&](const std::string& key) { return is_index(key, facts); });
      return indexes.empty() || inside ? Reach::whole : Reach::as_anybody;
    }
    case Action::upload:
    case Action::upload_toxresult:
      return bound.scope == Scope::upload && (indexes.empty() || is_index(indexes.front(), facts)) ? Reach::whole : Reach::nothing;
    default: return Reach::nothing;
  }
}

}  // namespace

bool names(const std::vector<std::string>& list, const Principal& who) {
  return std::any_of(list.begin(), list.end(), [&](const std::string& entry) {
    if (entry == ":ANONYMOUS:") return true;
    return !who.anonymous() && (entry == ":AUTHENTICATED:" || entry == who.user);
  });
}

Decision may(const Principal& who, Action action, const Facts& facts) {
  switch (reach_of(who.bound, action, facts)) {
    case Reach::nothing: return Decision::forbid;
    case Reach::as_anybody: return allowed(Principal{}, action, facts) ? Decision::allow : Decision::forbid;
    case Reach::whole: break;
  }
  if (allowed(who, action, facts)) return Decision::allow;
  return who.anonymous() ? Decision::authenticate : Decision::forbid;
}

}  // namespace bodega::access
