// Logging in and out; the own password and tokens.
#include <algorithm>

#include "access/token_book.h"
#include "base/text.h"
#include "pypi/index/registry.h"
#include "web/index_view.h"
#include "web/layout.h"
#include "web/manage.h"
#include "web/session.h"
#include "web/words.h"

namespace bodega::web {

using http::Method;
using http::Response;
using pypi::Json;
using pypi::Place;

namespace {

constexpr std::size_t kTokensOnAPage = 30;  // of some 1,200 bytes: pages stay under 60 KB

void write_password_form(Html& html, const PageRequest& asked) {
  html.element("h2", "Password");
  begin_form(html, asked, "/+manage/password");
  write_field(html, {.name = "old", .label = "Present password", .type = "password", .autocomplete = "current-password"});
  write_field(html, {.name = "password", .label = "New password", .type = "password", .autocomplete = "new-password", .required = true});
  write_field(html,
              {.name = "again", .label = "New password, once more", .type = "password", .autocomplete = "new-password", .required = true});
  end_form(html, "Change the password");
}

void write_token(Html& html, const PageRequest& asked, const catalog::TokenRow& token) {
  html.open("tr").open("th", {{"scope", "row"}, {"class", "nowrap"}}).element("code", token.id).close("th");
  html.element("td", token.comment).element("td", token.scope, {{"class", "nowrap"}, {"data-label", "May"}});
  html.element("td", token.index.empty() ? "all" : token.index, {{"data-label", "Index"}});
  html.open("td", {{"class", "nowrap"}, {"data-label", "Ends"}});
  if (token.expires) {
    write_time(html, *token.expires);
  } else {
    html.text("never");
  }
  html.close("td").open("td", {{"class", "nowrap"}, {"data-label", "Last used"}});
  if (token.last_used) {
    write_time(html, *token.last_used);
  } else {
    html.text("never");
  }
  html.close("td").open("td", {{"class", "nowrap"}});
  begin_form(html, asked, "/+manage/revoke", "inline");
  write_hidden(html, "id", token.id);
  html.element("button", "Revoke", {{"class", "danger small"}, {"aria-label", "Revoke " + token.id}}).close("form");
  html.close("td").close("tr");
}

// Those of the user.
void write_tokens(Html& html, const PageRequest& asked, std::vector<catalog::TokenRow> tokens) {
  html.open("div", {{"class", "scroll"}}).open("table");
  html.raw(
      Markup("<thead><tr><th scope=\"col\">Token</th><th scope=\"col\">For</th><th scope=\"col\">May</th><th scope=\"col\">Index</th>"
             "<th scope=\"col\">Ends</th><th scope=\"col\">Last used</th><td></td></tr></thead><tbody>"));
  // The newest first: they are what somebody looks for.
  std::erase_if(tokens, [&asked](const auto& token) { return token.user != asked.who.user; });
  std::reverse(tokens.begin(), tokens.end());
  const auto pages = std::max<std::size_t>(1, (tokens.size() + kTokensOnAPage - 1) / kTokensOnAPage);
  const auto page = std::min(page_number(asked.request), pages);
  const auto first = (page - 1) * kTokensOnAPage;
  for (auto i = first; i < tokens.size() && i < first + kTokensOnAPage; ++i) write_token(html, asked, tokens[i]);
  html.raw(Markup("</tbody></table></div>"));
  write_pager(html, address(asked.request, "/+manage/account?"), page, pages, count_of(tokens.size(), "token"));
}

void write_token_form(Html& html, const PageRequest& asked) {
  html.element("h2", "New token");
  begin_form(html, asked, "/+manage/token");
  write_field(html, {.name = "comment", .label = "What it is for", .hint = "So that you know later which one to revoke."});
  html.open("div", {{"class", "field"}}).element("label", "What it may do", {{"for", "field-scope"}});
  html.open("select", {{"id", "field-scope"}, {"name", "scope"}});
  html.element("option", "read: install", {{"value", "read"}}).element("option", "upload: install and upload", {{"value", "upload"}});
  html.close("select").close("div");
  write_field(html, {.name = "index", .label = "Only for the index", .hint = "As user/index. Empty: for all that you may use."});
  html.open("div", {{"class", "field"}}).element("label", "It ends", {{"for", "field-days"}});
  html.open("select", {{"id", "field-days"}, {"name", "days"}});
  html.element("option", "in 30 days", {{"value", "30"}}).element("option", "in 90 days", {{"value", "90"}});
  html.element("option", "in a year", {{"value", "365"}}).element("option", "never", {{"value", ""}});
  html.close("select").close("div");
  end_form(html, "Make the token");
}

void write_new_token(Html& html, const std::string& token) {
  if (token.empty()) return;
  html.open("div", {{"class", "card"}, {"role", "status"}}).element("h2", "The new token");
  html.element("p", "Copy it now: this is the only time it is shown. Programs send it as the password, with any user name.");
  html.element("pre", token, {{"data-copy", "the token"}, {"tabindex", "0"}}).close("div");
}

}  // namespace

Response Manage::login_page(const PageRequest& asked, const std::string& back, const std::string& user, const Outcome& problem) const {
  Html html;
  html.open("div", {{"class", "narrow card"}}).element("h1", "Log in");
  write_problem(html, problem.message);
  begin_form(html, asked, "/+manage/login");
  write_hidden(html, "back", back);
  write_field(html, {.name = "user", .label = "User name", .value = user, .autocomplete = "username", .required = true});
  write_field(html, {.name = "password", .label = "Password", .type = "password", .autocomplete = "current-password"});
  end_form(html, "Log in");
  html.element("p", "A login lasts ten hours. Programs use tokens instead, which you make once you are logged in.", {{"class", "hint"}});
  html.close("div");
  auto response = page({.asked = asked, .title = "Log in", .status = problem.status == 0 ? 200 : problem.status}, std::move(html).markup());
  response.route = "web.login";
  return response;
}

Task<Response> Manage::login(const PageRequest& asked, const FormValues& form) {
  const std::string user(form.get("user"));
  const std::string back = safe_path(form.get("back"));
  Json body = Json::object();
  body.set("user", user);
  body.set("password", form.raw("password"));
  pypi::Route route;
  route.place = Place::login;
  auto outcome = co_await call(asked, Service::api, Method::post, std::move(route), std::move(body));
  if (!outcome.ok()) {
    // As an answer to programs it would be a challenge; here the form itself is the question.
    if (outcome.status == 401) outcome.message = "User name and password do not go together.";
    co_return login_page(asked, back, user, outcome);
  }
  auto response = done(asked, back, "");
  response.headers.add("Set-Cookie", session_cookie(asked.request, sessions_.begin(user)));
  response.route = "web.login";
  co_return response;
}

Task<Response> Manage::logout(const PageRequest& asked) {
  std::string session(session_text_of(asked.request));
  co_await sessions_.end(std::move(session));
  auto response = done(asked, "/", "You are logged out.");
  response.headers.add("Set-Cookie", no_session_cookie(asked.request));
  co_return response;
}

Response Manage::account_page(const PageRequest& asked, const Outcome& problem, const std::string& new_token) const {
  const auto& user = asked.who.user;
  Html html;
  html.open("div", {{"class", "head"}}).element("h1", user).open("div", {{"class", "actions"}});
  html.link(user_address(asked.request, user), "Your indexes", "button quiet small");
  html.link(address(asked.request, "/+manage/user/" + percent_encode(user, "@")), "Profile", "button quiet small");
  if (may(asked, access::Action::create_user, std::string("someone"))) {
    html.link(address(asked.request, "/+manage/new-user"), "New user", "button quiet small");
  }
  // The bar at the top has no room for it on narrow screens.
  begin_form(html, asked, "/+manage/logout", "inline");
  html.element("button", "Log out", {{"class", "quiet small"}}).close("form");
  html.close("div").close("div");
  write_problem(html, problem.message);
  write_new_token(html, new_token);
  html.element("h2", "Tokens")
      .element("p", "What programs use instead of your password: bounded, and revoked one by one.", {{"class", "soft"}});
  write_tokens(html, asked, use_.token_book.list());
  html.open("div", {{"class", "halves"}}).open("section");
  write_token_form(html, asked);
  html.close("section").open("section");
  write_password_form(html, asked);
  html.close("section").close("div");
  const int status = problem.status == 0 ? 200 : problem.status;
  auto response =
      page({.asked = asked, .title = "Account", .crumbs = {{"Home", address(asked.request, "/")}, {"Account", ""}}, .status = status},
           std::move(html).markup());
  response.headers.set("Cache-Control", "no-store");
  response.route = "web.account";
  return response;
}

Task<Response> Manage::change_password(const PageRequest& asked, const FormValues& form) {
  if (form.raw("password") != form.raw("again")) {
    co_return account_page(asked, {400, "The two new passwords are not the same; nothing was changed.", {}}, "");
  }
  // Whoever finds an open browser must not take over the account.
  Json proof = Json::object();
  proof.set("user", asked.who.user);
  proof.set("password", form.raw("old"));
  pypi::Route login_route;
  login_route.place = Place::login;
  auto proved = co_await call(asked, Service::api, Method::post, std::move(login_route), std::move(proof));
  if (!proved.ok()) {
    const bool wrong = proved.status == 401;
    co_return account_page(asked, {wrong ? 403 : proved.status, wrong ? "The present password is another one." : proved.message, {}}, "");
  }
  Json body = Json::object();
  body.set("password", form.raw("password"));
  pypi::Route route;
  route.place = Place::user;
  route.user = asked.who.user;
  auto outcome = co_await call(asked, Service::api, Method::patch, std::move(route), std::move(body));
  if (!outcome.ok()) co_return account_page(asked, outcome, "");
  // All sessions have ended with the old password; this one goes on.
  auto response =
      done(asked, "/+manage/account", "The password is changed. Whoever was logged in elsewhere with the old one is not any more.");
  response.headers.add("Set-Cookie", session_cookie(asked.request, sessions_.begin(asked.who.user)));
  co_return response;
}

Task<Response> Manage::make_token(const PageRequest& asked, const FormValues& form) {
  Json body = Json::object();
  body.set("scope", form.get("scope"));
  body.set("comment", form.get("comment"));
  if (!form.get("index").empty()) body.set("index", form.get("index"));
  const auto days = parse_u64(form.get("days"));
  if (days) body.set("expires", Json(std::int64_t{86'400} * static_cast<std::int64_t>(std::min<std::uint64_t>(*days, 36'500))));
  pypi::Route route;
  route.place = Place::tokens;
  auto outcome = co_await call(asked, Service::tokens, Method::post, std::move(route), std::move(body));
  if (!outcome.ok()) co_return account_page(asked, outcome, "");
  // No redirect: the token must not go through anything that keeps it.
  co_return account_page(asked, {}, std::string(outcome.answer.text("token")));
}

Task<Response> Manage::revoke_token(const PageRequest& asked, const FormValues& form) {
  pypi::Route route;
  route.place = Place::tokens;
  route.rest = {std::string(form.get("id"))};
  auto outcome = co_await call(asked, Service::tokens, Method::del, std::move(route), Json::object());
  if (!outcome.ok()) co_return account_page(asked, outcome, "");
  co_return done(asked, "/+manage/account", "The token is revoked.");
}

}  // namespace bodega::web
