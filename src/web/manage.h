// /+manage/...: logging in, and everything that people change through pages. A form becomes the call that a program would make
// (pypi/api, pypi/upload), so that rules and messages are the same; what comes of it is told on the next page. Home loop only.
//
// A POST counts only with the word of its session (csrf_of) and from our own pages; the login form, which has no session yet, only with the
// second.
#pragma once

#include <string>

#include "access/decision.h"
#include "http/message.h"
#include "web/forms.h"
#include "web/page_request.h"
#include "web/services.h"
#include "web/sessions.h"

namespace bodega::pypi {
struct IndexConfig;
}

namespace bodega::web {

class Manage {
 public:
  Manage(const Services& use, Sessions& sessions) : use_(use), sessions_(sessions) {}

  Task<http::Response> handle(const PageRequest& asked);

 private:
  enum class Service { api, tokens, remove, yank };
  Task<Outcome> call(const PageRequest& asked, Service service, http::Method method, pypi::Route route, pypi::Json body);

  Task<http::Response> show(const PageRequest& asked);
  Task<http::Response> act(const PageRequest& asked, const FormValues& form);

  Task<http::Response> login(const PageRequest& asked, const FormValues& form);
  http::Response login_page(const PageRequest& asked, const std::string& back, const std::string& user, const Outcome& problem) const;
  Task<http::Response> logout(const PageRequest& asked);

  http::Response account_page(const PageRequest& asked, const Outcome& problem, const std::string& new_token) const;
  Task<http::Response> change_password(const PageRequest& asked, const FormValues& form);
  Task<http::Response> make_token(const PageRequest& asked, const FormValues& form);
  Task<http::Response> revoke_token(const PageRequest& asked, const FormValues& form);

  http::Response user_page(const PageRequest& asked, const Outcome& problem) const;
  http::Response new_user_page(const PageRequest& asked, const FormValues& form, const Outcome& problem) const;
  Task<http::Response> create_user(const PageRequest& asked, const FormValues& form);
  Task<http::Response> change_user(const PageRequest& asked, const FormValues& form);
  Task<http::Response> delete_user(const PageRequest& asked, const FormValues& form);

  http::Response new_index_page(const PageRequest& asked, const FormValues& form, const Outcome& problem) const;
  http::Response index_page(const PageRequest& asked, const FormValues* form, const Outcome& problem) const;
  Task<http::Response> create_index(const PageRequest& asked, const FormValues& form);
  Task<http::Response> change_index(const PageRequest& asked, const FormValues& form);
  Task<http::Response> delete_index(const PageRequest& asked, const FormValues& form);

  http::Response upload_page(const PageRequest& asked, int status, const std::vector<std::string>& problems) const;
  Task<http::Response> upload(const PageRequest& asked);
  Task<http::Response> yank(const PageRequest& asked, const FormValues& form);
  Task<http::Response> refresh_list(const PageRequest& asked);
  Task<http::Response> remove(const PageRequest& asked, const FormValues& form);

  // Whether the session's user may change the index, or upload to it, or the account; what he may not is shown as what is not there.
  bool may(const PageRequest& asked, access::Action action, const pypi::IndexConfig& index) const;
  bool may(const PageRequest& asked, access::Action action, const std::string& owner) const;
  bool is_ours(const PageRequest& asked, const FormValues& form) const;

  const Services& use_;
  Sessions& sessions_;
};

// After a form: to a page below the mount, which tells `message` once.
http::Response done(const PageRequest& asked, std::string_view path, std::string_view message);
// A path of ours out of a form or a query; "/" for anything that could lead elsewhere.
std::string safe_path(std::string_view path);

}  // namespace bodega::web
