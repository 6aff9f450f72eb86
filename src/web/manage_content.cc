// What indexes hold: uploads, yanking, deleting.
#include "base/text.h"
#include "cache/dependencies.h"
#include "catalog/catalog.h"
#include "pypi/index/mirror.h"
#include "pypi/index/project_lists.h"
#include "pypi/index/readers.h"
#include "pypi/index/registry.h"
#include "pypi/index/simple.h"
#include "pypi/upload/upload.h"
#include "web/error_page.h"
#include "web/icons.h"
#include "web/layout.h"
#include "web/manage.h"
#include "web/upload_relay.h"

namespace bodega::web {

using http::Method;
using http::Response;
using pypi::Json;
using pypi::Place;

namespace {

// user/index of /+manage/upload/{user}/{index}.
std::string key_of(const PageRequest& asked) { return asked.route.rest[1] + "/" + asked.route.rest[2]; }

pypi::Route route_of(const PageRequest& asked, Place place) {
  pypi::Route route;
  route.place = place;
  route.user = asked.route.rest[1];
  route.index = asked.route.rest[2];
  return route;
}

std::string with_commas(const std::vector<std::string>& names) { return join(names, ", "); }

}  // namespace

Response Manage::upload_page(const PageRequest& asked, int status, const std::vector<std::string>& problems) const {
  const std::string key = key_of(asked);
  const auto index = use_.registry.find_index(key);
  if (!use_.readers.sees(asked.who, index)) return error_page(asked, 404, "The stage " + key + " could not be found.");
  if (index->is_mirror()) return error_page(asked, 404, "Nothing can be uploaded to a mirror.");
  if (!may(asked, access::Action::upload, *index)) return error_page(asked, 403, "You may not upload to " + key + ".");
  Html html;
  html.open("div", {{"class", "narrow"}}).element("h1", "Upload to " + key);
  for (const auto& problem : problems) write_problem(html, problem);
  const std::string path = "/+manage/upload/" + percent_encode(key, "/@");
  html.open("form",
            {{"class", "fields"}, {"method", "post"}, {"enctype", "multipart/form-data"}, {"action", address(asked.request, path)}});
  write_hidden(html, "csrf", asked.csrf);  // before the files, which are read as they come
  html.open("label", {{"class", "drop"}, {"data-drop", ""}}).raw(icon(Icon::stage));
  html.element("strong", "Wheels and sdists");
  html.element("span", "Drop them here, or choose them.", {{"class", "soft"}});
  html.leaf("input", {{"type", "file"}, {"name", "content"}, flag("multiple", true), flag("required", true)});
  html.element("span", "", {{"data-drop-names", ""}, {"class", "small"}});
  html.close("label");
  html.element("p", "Name and version are read out of the files. Documentation goes as name-version.doc.zip.", {{"class", "hint"}});
  end_form(html, "Upload");
  html.close("div");
  auto crumbs = crumbs_of(asked.request, key);
  crumbs.push_back({"Upload", ""});
  return page({.asked = asked, .title = "Upload to " + key, .crumbs = std::move(crumbs), .status = status}, std::move(html).markup());
}

Task<Response> Manage::upload(const PageRequest& asked) {
  if (asked.route.rest.size() != 3) co_return error_page(asked, 404, "");
  auto relay = UploadRelay::make(asked.request);
  if (!relay) co_return error_page(asked, 400, relay.error().message);
  std::vector<std::string> stored;
  std::vector<std::string> problems;
  int worst = 200;
  for (bool first = true;; first = false) {
    auto filename = co_await relay->next_file();
    if (first && (!asked.has_session() || !constant_time_equal(asked.csrf, relay->csrf()))) {
      co_return error_page(asked, 403, "The form does not belong to this login, which may have ended: log in, and load the page anew.");
    }
    if (!filename) {
      worst = 400;
      problems.push_back(filename.error().message);
      break;
    }
    if (filename->empty()) break;
    const auto name = upload_name_of(*filename);
    if (!name) {
      worst = std::max(worst, 400);
      problems.push_back(*filename + " is neither a wheel nor an sdist, by its name.");
      continue;
    }
    RelayedUpload body(*relay, *filename, *name);
    auto request = program_request(asked, Method::post, &body);
    request.headers.add("Content-Type", body.content_type());
    auto response = co_await use_.uploads.upload(request, route_of(asked, Place::index));
    const auto outcome = outcome_of(response);
    if (outcome.ok()) {
      stored.push_back(*filename);
    } else {
      worst = std::max(worst, outcome.status);
      problems.push_back(*filename + ": " + (response.reason.empty() ? outcome.message : response.reason));
    }
  }
  if (stored.empty() && problems.empty()) co_return upload_page(asked, 400, {"No file was chosen."});
  if (problems.empty()) co_return done(asked, "/" + percent_encode(key_of(asked), "/@"), "Uploaded: " + with_commas(stored));
  if (!stored.empty()) problems.push_back("These are uploaded: " + with_commas(stored));
  co_return upload_page(asked, worst, problems);
}

// Fields: file ("+f/..." below the index), yanked ("yes": with its reason; else no longer), reason, back.
Task<Response> Manage::yank(const PageRequest& asked, const FormValues& form) {
  auto route = route_of(asked, Place::file);
  for (const auto part : split(form.get("file"), '/')) route.rest.emplace_back(part);
  const bool on = form.get("yanked") == "yes";
  Json body = Json::object();
  if (on && !form.get("reason").empty()) {
    body.set("yanked", form.get("reason"));
  } else {
    body.set("yanked", Json(on));
  }
  auto outcome = co_await call(asked, Service::yank, Method::patch, std::move(route), std::move(body));
  if (!outcome.ok()) co_return error_page(asked, outcome.status, outcome.message);
  const auto file = form.get("file");
  const std::string name(file.substr(file.rfind('/') + 1));
  co_return done(asked, safe_path(form.get("back")),
                 name + (on ? " is yanked: installers pass it over unless they are told its version." : " is no longer yanked."));
}

// What is known of the list counts as old, so that it costs the upstream a 304 if nothing has changed. For who is logged in and may read.
Task<Response> Manage::refresh_list(const PageRequest& asked) {
  const std::string key = key_of(asked);
  const auto index = use_.registry.find_index(key);
  if (!use_.readers.may_read(asked.who, index)) co_return error_page(asked, 404, "The stage " + key + " could not be found.");
  if (!index->is_mirror() || index->mirror_no_project_list)
    co_return error_page(asked, 404, "Only a mirror has a list that can be refreshed.");
  const auto now = use_.clock.wall();
  auto make_old = [&key, now](catalog::CacheTransaction& transaction) -> Result<void> {
    BODEGA_TRY(const auto row, transaction.document(key, ""));
    return transaction.refresh_document(key, "", row.fetched_at, std::min(row.expires_at, now));
  };
  auto done_so = co_await use_.catalog.write_cache(make_old);
  if (!done_so && done_so.error().code != Code::not_found) co_return error_page(asked, 500, done_so.error().message);
  use_.facts.revoke(pypi::list_fact(key));
  auto list = co_await use_.lists.get(pypi::mirror_source(*index), pypi::PageFormat::json, pypi::ContentEncoding::identity);
  const std::string page = "/" + percent_encode(key, "/@");
  if (!list) co_return done(asked, page, "The upstream could not be asked: " + list.error().message);
  co_return done(asked, page, "The upstream is asked for its list of names.");
}

// Fields: file, or project with or without version; back; force for an index that is not volatile.
Task<Response> Manage::remove(const PageRequest& asked, const FormValues& form) {
  const bool file = form.has("file");
  auto route = route_of(asked, file ? Place::file : form.get("version").empty() ? Place::project : Place::version);
  route.project = form.get("project");
  route.version = form.get("version");
  if (file) {
    for (const auto part : split(form.get("file"), '/')) route.rest.emplace_back(part);
  }
  auto outcome = co_await call(asked, Service::remove, Method::del, std::move(route), Json::object());
  if (!outcome.ok()) co_return error_page(asked, outcome.status, outcome.message);
  co_return done(asked, safe_path(form.get("back")), outcome.message);
}

}  // namespace bodega::web
