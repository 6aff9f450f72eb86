#include "web/manage.h"

#include <algorithm>

#include "base/text.h"
#include "http/cross_site.h"
#include "http/error_response.h"
#include "pypi/api/api.h"
#include "pypi/api/tokens.h"
#include "pypi/index/readers.h"
#include "pypi/upload/upload.h"
#include "web/error_page.h"
#include "web/layout.h"
#include "web/session.h"

namespace bodega::web {

using http::Method;
using http::Response;

namespace {

// The first word behind /+manage/.
std::string_view word_of(const PageRequest& asked) { return asked.route.rest.empty() ? std::string_view() : asked.route.rest[0]; }

Response no_page(const PageRequest& asked) { return error_page(asked, 404, ""); }

}  // namespace

Response done(const PageRequest& asked, std::string_view path, std::string_view message) {
  auto response = see_other(asked.request.mount + std::string(path));
  if (!message.empty()) response.headers.add("Set-Cookie", notice_cookie(asked.request, message));
  return response;
}

std::string safe_path(std::string_view path) {
  const bool plain = std::none_of(path.begin(), path.end(), [](char c) { return c <= ' ' || c == '\\' || c == '"' || c == 0x7f; });
  return path.starts_with('/') && !path.starts_with("//") && plain ? std::string(path) : "/";
}

bool Manage::may(const PageRequest& asked, access::Action action, const pypi::IndexConfig& index) const {
  return access::may(asked.who, action, pypi::facts_of_index(index, use_.restrict_modify)) == access::Decision::allow;
}

bool Manage::may(const PageRequest& asked, access::Action action, const std::string& owner) const {
  access::Facts facts;
  facts.owner = owner;
  if (use_.restrict_modify) facts.restrict_modify = &*use_.restrict_modify;
  return access::may(asked.who, action, facts) == access::Decision::allow;
}

bool Manage::is_ours(const PageRequest& asked, const FormValues& form) const {
  return asked.has_session() && constant_time_equal(asked.csrf, form.raw("csrf"));
}

Task<Outcome> Manage::call(const PageRequest& asked, Service service, Method method, pypi::Route route, pypi::Json body) {
  TextBody text(body.compact());
  auto request = program_request(asked, method, &text);
  Response response;
  switch (service) {
    case Service::api: response = co_await use_.api.handle(request, std::move(route)); break;
    case Service::tokens: response = co_await use_.tokens.own(request, std::move(route)); break;
    case Service::remove: response = co_await use_.uploads.remove(request, std::move(route)); break;
    case Service::yank: response = co_await use_.uploads.yank(request, std::move(route)); break;
  }
  co_return outcome_of(response);
}

Task<Response> Manage::handle(const PageRequest& asked) {
  auto& request = asked.request;
  if (request.method == Method::get || request.method == Method::head) co_return co_await show(asked);
  if (request.method != Method::post) co_return no_page(asked);
  if (http::from_another_site(request.headers, request.host)) {
    co_return error_page(asked, 403, "A page of another site may not change anything here.");
  }
  if (word_of(asked) == "upload") co_return co_await upload(asked);
  auto form = co_await read_form(request);
  if (!form) co_return error_page(asked, http::status_of(form.error().code), form.error().message);
  if (word_of(asked) == "login") co_return co_await login(asked, *form);
  if (!is_ours(asked, *form)) {
    co_return error_page(asked, 403, "The form does not belong to this login, which may have ended: log in, and load the page anew.");
  }
  co_return co_await act(asked, *form);
}

Task<Response> Manage::show(const PageRequest& asked) {
  const auto word = word_of(asked);
  const auto parts = asked.route.rest.size();
  if (word == "login" && parts == 1) {
    co_return login_page(asked, safe_path(query_value(asked.request, "back")), "", {});
  }
  const bool known = (parts == 1 && (word == "account" || word == "new-user")) || (parts == 2 && (word == "user" || word == "new-index")) ||
                     (parts == 3 && (word == "index" || word == "upload"));
  if (!known) co_return no_page(asked);
  if (!asked.has_session()) co_return see_other(login_address(asked.request));
  if (word == "account") co_return account_page(asked, {}, "");
  if (word == "new-user") co_return new_user_page(asked, {}, {});
  if (word == "user") co_return user_page(asked, {});
  if (word == "new-index") co_return new_index_page(asked, {}, {});
  if (word == "index") co_return index_page(asked, nullptr, {});
  co_return upload_page(asked, 200, {});
}

Task<Response> Manage::act(const PageRequest& asked, const FormValues& form) {
  const auto word = word_of(asked);
  const auto parts = asked.route.rest.size();
  if (parts == 1) {
    if (word == "logout") co_return co_await logout(asked);
    if (word == "password") co_return co_await change_password(asked, form);
    if (word == "token") co_return co_await make_token(asked, form);
    if (word == "revoke") co_return co_await revoke_token(asked, form);
    if (word == "new-user") co_return co_await create_user(asked, form);
  }
  if (parts == 2) {
    if (word == "user") co_return co_await change_user(asked, form);
    if (word == "delete-user") co_return co_await delete_user(asked, form);
    if (word == "new-index") co_return co_await create_index(asked, form);
  }
  if (parts == 3) {
    if (word == "index") co_return co_await change_index(asked, form);
    if (word == "delete-index") co_return co_await delete_index(asked, form);
    if (word == "refresh") co_return co_await refresh_list(asked);
    if (word == "yank") co_return co_await yank(asked, form);
    if (word == "delete") co_return co_await remove(asked, form);
  }
  co_return no_page(asked);
}

}  // namespace bodega::web
