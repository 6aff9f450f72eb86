// Indexes: made, changed, deleted.
#include "base/text.h"
#include "pypi/index/index_config.h"
#include "pypi/index/readers.h"
#include "pypi/index/registry.h"
#include "web/error_page.h"
#include "web/layout.h"
#include "web/manage.h"

namespace bodega::web {

using http::Method;
using http::Response;
using pypi::IndexConfig;
using pypi::Json;
using pypi::Place;

namespace {

pypi::Route route_of(const std::string& user, const std::string& index) {
  pypi::Route route;
  route.place = Place::index;
  route.user = user;
  route.index = index;
  return route;
}

int status_of(const Outcome& outcome) { return outcome.status == 0 ? 200 : outcome.status; }

struct OptionField {
  std::string_view key;
  std::string_view label;
  std::string_view hint;
};

constexpr OptionField kOfAll[] = {
    {"title", "Title", ""},
    {"description", "Description", ""},
    {"acl_pkg_read", "Who may read", "User names with commas, or :AUTHENTICATED:. Empty: everybody."},
};
constexpr OptionField kOfStages[] = {
    {"bases", "Also looks in",
     "Other indexes as user/index, with commas, in the order in which they are asked: root/pypi for the public index."},
    {"acl_upload", "Who may upload", "User names with commas, :AUTHENTICATED: or :ANONYMOUS:."},
    {"acl_toxresult_upload", "Who may post test results", "Likewise."},
    {"mirror_whitelist", "Names that mirrors may fill up",
     "Of names that this index holds too; with commas, or * for all. Empty is safest."},
};
constexpr OptionField kOfMirrors[] = {
    {"mirror_url", "Address of the upstream", "Its simple API, such as https://pypi.org/simple/"},
    {"mirror_web_url_fmt", "Where people read about a project", "An address with {name} in it; may be empty."},
};

std::string text_of(const Json& options, std::string_view key) {
  const Json* value = options.find(key);
  if (value == nullptr) return {};
  if (value->string()) return key == "mirror_url" ? pypi::without_userinfo(*value->string()) : *value->string();
  std::string out;
  for (const auto& item : value->items()) out += (out.empty() ? "" : ", ") + (item.string() ? *item.string() : std::string());
  return out;
}

// As sent, or else as it is.
void write_option(Html& html, const OptionField& field, const FormValues* form, const Json& options) {
  auto value = form != nullptr && form->has(field.key) ? std::string(form->get(field.key)) : text_of(options, field.key);
  const std::string_view type = field.key == "description" ? "textarea" : "text";
  write_field(html, {.name = field.key, .label = field.label, .value = std::move(value), .hint = field.hint, .type = type});
}

void write_volatile(Html& html, bool on) {
  write_check(html, "volatile", "Volatile", on, "Files may be replaced and deleted. Leave it off for releases that others rely on.");
}

template <class Each>
void each_option(bool mirror, Each each) {
  for (const auto& field : kOfAll) each(field);
  if (mirror) {
    for (const auto& field : kOfMirrors) each(field);
  } else {
    for (const auto& field : kOfStages) each(field);
  }
}

// As `devpi index key=value` sends them: texts, which the API reads by what each option is.
Json changes_of(const IndexConfig& index, const FormValues& form) {
  Json changes = Json::array();
  each_option(index.is_mirror(), [&](const OptionField& field) {
    if (!form.has(field.key)) return;
    const std::string key(field.key);
    const auto value = form.get(field.key);
    const bool present = index.options.find(field.key) != nullptr;
    const bool goes = value.empty() && (key == "acl_pkg_read" || key == "title" || key == "description" || key == "mirror_web_url_fmt");
    if (goes && present) changes.push_back(Json(key + "-="));
    if (!goes && (present || !value.empty())) changes.push_back(Json(key + "=" + std::string(value)));
  });
  changes.push_back(Json(std::string("volatile=") + (form.has("volatile") ? "True" : "False")));
  return changes;
}

Json options_of(const FormValues& form) {
  Json options = Json::object();
  const bool mirror = form.get("type") == "mirror";
  options.set("type", mirror ? "mirror" : "stage");
  options.set("volatile", Json(form.has("volatile")));
  each_option(mirror, [&](const OptionField& field) {
    if (!form.get(field.key).empty()) options.set(field.key, form.get(field.key));
  });
  return options;
}

}  // namespace

Response Manage::new_index_page(const PageRequest& asked, const FormValues& form, const Outcome& problem) const {
  const std::string& owner = asked.route.rest[1];
  if (!use_.registry.find_user(owner)) return error_page(asked, 404, "");
  if (!may(asked, access::Action::create_index, owner)) return error_page(asked, 403, "");
  const bool mirror = (form.has("type") ? form.get("type") : std::string_view(query_value(asked.request, "type"))) == "mirror";
  const std::string action = "/+manage/new-index/" + percent_encode(owner, "@");
  Html html;
  html.open("div", {{"class", "narrow"}}).element("h1", mirror ? "New mirror" : "New index");
  html.open("p", {{"class", "soft"}});
  if (mirror) {
    html.text("A mirror shows what another index has, and keeps what was read. ")
        .link(address(asked.request, action), "An index for uploads instead");
  } else {
    html.text("An index for uploads, which looks in others for what it does not have. ");
    html.link(address(asked.request, action + "?type=mirror"), "A mirror instead");
  }
  html.close("p");
  write_problem(html, problem.message);
  begin_form(html, asked, action);
  write_hidden(html, "type", mirror ? "mirror" : "stage");
  write_field(
      html,
      {.name = "name", .label = "Name", .value = std::string(form.get("name")), .hint = "Letters, digits and - . @ _", .required = true});
  Json defaults = Json::object();
  defaults.set("acl_upload", owner);
  if (!mirror && use_.registry.find_index("root/pypi") && problem.status == 0) defaults.set("bases", "root/pypi");
  const auto* sent = problem.status == 0 ? nullptr : &form;
  each_option(mirror, [&](const OptionField& field) {
    if (field.key != "acl_toxresult_upload") write_option(html, field, sent, defaults);
  });
  write_volatile(html, sent == nullptr || sent->has("volatile"));
  end_form(html, mirror ? "Make the mirror" : "Make the index");
  html.close("div");
  auto crumbs = crumbs_of(asked.request, owner);
  crumbs.push_back({"New index", ""});
  return page({.asked = asked, .title = "New index", .crumbs = std::move(crumbs), .status = status_of(problem)}, std::move(html).markup());
}

Task<Response> Manage::create_index(const PageRequest& asked, const FormValues& form) {
  const std::string owner = asked.route.rest[1];
  const std::string name(form.get("name"));
  if (name.empty()) co_return new_index_page(asked, form, {400, "An index needs a name.", {}});
  auto outcome = co_await call(asked, Service::api, Method::put, route_of(owner, name), options_of(form));
  if (!outcome.ok()) co_return new_index_page(asked, form, outcome);
  co_return done(asked, "/" + percent_encode(owner + "/" + name, "/@"), "The index " + owner + "/" + name + " is made.");
}

Response Manage::index_page(const PageRequest& asked, const FormValues* form, const Outcome& problem) const {
  const auto& rest = asked.route.rest;
  const std::string key = rest[1] + "/" + rest[2];
  const auto index = use_.registry.find_index(key);
  if (!index || !may(asked, access::Action::modify_index, *index))
    return error_page(asked, 404, "The stage " + key + " could not be found.");
  const std::string path = percent_encode(key, "/@");
  Html html;
  html.open("div", {{"class", "narrow"}}).element("h1", "Settings of " + key);
  write_problem(html, problem.message);
  begin_form(html, asked, "/+manage/index/" + path);
  each_option(index->is_mirror(), [&](const OptionField& field) { write_option(html, field, form, index->options); });
  write_volatile(html, form == nullptr ? index->is_volatile : form->has("volatile"));
  end_form(html, "Keep the changes");
  html.element("h2", "Delete");
  if (index->is_volatile) {
    html.element("p", "The index goes, with all that was uploaded to it.", {{"class", "soft"}});
    begin_form(html, asked, "/+manage/delete-index/" + path);
    write_field(html, {.name = "sure", .label = "To be sure, write the name of the index", .hint = key, .required = true});
    html.open("div", {{"class", "actions"}}).element("button", "Delete " + key, {{"class", "danger"}}).close("div").close("form");
  } else {
    html.element("p", "An index that is not volatile cannot be deleted: make it volatile first.", {{"class", "soft"}});
  }
  html.close("div");
  auto crumbs = crumbs_of(asked.request, key);
  crumbs.push_back({"Settings", ""});
  return page({.asked = asked, .title = "Settings of " + key, .crumbs = std::move(crumbs), .status = status_of(problem)},
              std::move(html).markup());
}

Task<Response> Manage::change_index(const PageRequest& asked, const FormValues& form) {
  const auto& rest = asked.route.rest;
  const auto index = use_.registry.find_index(rest[1] + "/" + rest[2]);
  if (!index || !may(asked, access::Action::modify_index, *index)) co_return index_page(asked, &form, {});
  auto outcome = co_await call(asked, Service::api, Method::patch, route_of(rest[1], rest[2]), changes_of(*index, form));
  if (!outcome.ok()) co_return index_page(asked, &form, outcome);
  co_return done(asked, "/" + percent_encode(rest[1] + "/" + rest[2], "/@"), "The changes are kept.");
}

Task<Response> Manage::delete_index(const PageRequest& asked, const FormValues& form) {
  const auto& rest = asked.route.rest;
  const std::string key = rest[1] + "/" + rest[2];
  if (form.get("sure") != key) co_return index_page(asked, nullptr, {400, "Nothing was deleted: the name was written differently.", {}});
  auto outcome = co_await call(asked, Service::api, Method::del, route_of(rest[1], rest[2]), Json::object());
  if (!outcome.ok()) co_return index_page(asked, nullptr, outcome);
  co_return done(asked, "/" + percent_encode(rest[1], "@"), "The index " + key + " is deleted.");
}

}  // namespace bodega::web
