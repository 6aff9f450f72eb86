// Who may do what: the one function that decides, pure, with devpi's rules (docs/protocols/devpi.md, "Permissions").
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "access/principal.h"

namespace bodega::access {

enum class Action {
  read,  // pages, files, metadata of an index
  create_user,
  modify_user,
  change_password,
  delete_user,
  create_index,  // below a user
  modify_index,
  delete_index,
  upload,          // files, registrations, docs; push into
  delete_content,  // a file, a version, a project; yank
  upload_toxresult,
};

// What the decision stands on. The pointers may be null: the list does not exist.
struct Facts {
  std::string_view owner;                                          // the user whose account or index it is; for create_user the new name
  const std::vector<std::string>* acl_upload = nullptr;            // null on mirrors: nobody uploads
  const std::vector<std::string>* acl_toxresult_upload = nullptr;  // null: everybody
  const std::vector<std::string>* acl_read = nullptr;              // null: everybody
  const std::vector<std::string>* restrict_modify = nullptr;       // option of the server; null: devpi's ordinary rules
  std::string_view index{};                                        // the index it is about, without its owner; empty: none
};

enum class Decision {
  allow,
  authenticate,  // nobody is known; with credentials it might be allowed (401)
  forbid,        // a known user without the right (403)
};

// Whether an access list names the principal: its user name, :AUTHENTICATED: or :ANONYMOUS: (which means everybody).
bool names(const std::vector<std::string>& list, const Principal& who);

// A token's bound is looked at first. `read` is reading only; `upload` is also uploading, test results included; neither is ever more.
// Beyond its indexes a token reads as anybody may, so that it is never worse than none, and does nothing else.
Decision may(const Principal& who, Action action, const Facts& facts);

}  // namespace bodega::access
