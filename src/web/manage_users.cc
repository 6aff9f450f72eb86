// Users: made, changed, deleted.
#include "base/text.h"
#include "pypi/index/registry.h"
#include "web/error_page.h"
#include "web/layout.h"
#include "web/manage.h"

namespace bodega::web {

using http::Method;
using http::Response;
using pypi::Json;
using pypi::Place;

namespace {

pypi::Route route_of(const std::string& user) {
  pypi::Route route;
  route.place = Place::user;
  route.user = user;
  return route;
}

int status_of(const Outcome& outcome) { return outcome.status == 0 ? 200 : outcome.status; }

void write_profile(Html& html, std::string_view title, std::string_view email, std::string_view description) {
  write_field(html, {.name = "title", .label = "Name", .value = std::string(title), .hint = "As it is shown beside the user name."});
  write_field(html, {.name = "email", .label = "E-mail", .value = std::string(email), .type = "email", .autocomplete = "email"});
  write_field(html, {.name = "description", .label = "About", .value = std::string(description), .type = "textarea"});
}

void set_profile(Json& body, const FormValues& form) {
  for (const auto* key : {"title", "email", "description"}) body.set(key, form.get(key));
}

}  // namespace

Response Manage::new_user_page(const PageRequest& asked, const FormValues& form, const Outcome& problem) const {
  if (!may(asked, access::Action::create_user, std::string("someone"))) return error_page(asked, 403, "You may not make users here.");
  Html html;
  html.open("div", {{"class", "narrow card"}}).element("h1", "New user");
  write_problem(html, problem.message);
  begin_form(html, asked, "/+manage/new-user");
  write_field(html, {.name = "user",
                     .label = "User name",
                     .value = std::string(form.get("user")),
                     .hint = "Letters, digits and - . @ _",
                     .required = true});
  write_field(html, {.name = "password", .label = "Password", .type = "password", .autocomplete = "new-password", .required = true});
  write_profile(html, form.get("title"), form.get("email"), form.get("description"));
  end_form(html, "Make the user");
  html.close("div");
  return page({.asked = asked, .title = "New user", .status = status_of(problem)}, std::move(html).markup());
}

Task<Response> Manage::create_user(const PageRequest& asked, const FormValues& form) {
  const std::string user(form.get("user"));
  if (user.empty()) co_return new_user_page(asked, form, {400, "A user needs a name.", {}});
  Json body = Json::object();
  body.set("password", form.raw("password"));
  set_profile(body, form);
  auto outcome = co_await call(asked, Service::api, Method::put, route_of(user), std::move(body));
  if (!outcome.ok()) co_return new_user_page(asked, form, outcome);
  co_return done(asked, "/" + percent_encode(user, "@"), "The user " + user + " is made.");
}

Response Manage::user_page(const PageRequest& asked, const Outcome& problem) const {
  const std::string& name = asked.route.rest[1];
  const auto user = use_.registry.find_user(name);
  if (!user || !may(asked, access::Action::modify_user, name)) return error_page(asked, user ? 403 : 404, "");
  const bool own = asked.who.user == name;
  Html html;
  html.open("div", {{"class", "narrow"}}).element("h1", "Profile of " + name);
  write_problem(html, problem.message);
  begin_form(html, asked, "/+manage/user/" + percent_encode(name, "@"));
  write_profile(html, user->profile.text("title"), user->profile.text("email"), user->profile.text("description"));
  if (!own) {
    write_field(html, {.name = "password",
                       .label = "New password",
                       .hint = "Empty: it stays as it is.",
                       .type = "password",
                       .autocomplete = "new-password"});
  }
  end_form(html, "Keep the changes");
  if (may(asked, access::Action::delete_user, name)) {
    html.element("h2", "Delete")
        .element("p", "The user goes, with every index below it and all that was uploaded there.", {{"class", "soft"}});
    begin_form(html, asked, "/+manage/delete-user/" + percent_encode(name, "@"));
    write_field(html, {.name = "sure", .label = "To be sure, write the user name", .required = true});
    html.open("div", {{"class", "actions"}}).element("button", "Delete " + name, {{"class", "danger"}}).close("div").close("form");
  }
  html.close("div");
  auto crumbs = crumbs_of(asked.request, name);
  crumbs.push_back({"Settings", ""});
  return page({.asked = asked, .title = "Profile of " + name, .crumbs = std::move(crumbs), .status = status_of(problem)},
              std::move(html).markup());
}

Task<Response> Manage::change_user(const PageRequest& asked, const FormValues& form) {
  const std::string name = asked.route.rest[1];
  Json body = Json::object();
  set_profile(body, form);
  // The own password is changed on the account page, which asks for the present one.
  if (!form.raw("password").empty() && asked.who.user != name) body.set("password", form.raw("password"));
  auto outcome = co_await call(asked, Service::api, Method::patch, route_of(name), std::move(body));
  if (!outcome.ok()) co_return user_page(asked, outcome);
  co_return done(asked, "/" + percent_encode(name, "@"), "The changes are kept.");
}

Task<Response> Manage::delete_user(const PageRequest& asked, const FormValues& form) {
  const std::string name = asked.route.rest[1];
  if (form.get("sure") != name) co_return user_page(asked, {400, "Nothing was deleted: the name was written differently.", {}});
  auto outcome = co_await call(asked, Service::api, Method::del, route_of(name), Json::object());
  if (!outcome.ok()) co_return user_page(asked, outcome);
  co_return done(asked, "/", "The user " + name + " is deleted.");
}

}  // namespace bodega::web
