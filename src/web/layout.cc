#include "web/layout.h"

#include "base/digest.h"
#include "base/text.h"
#include "web/icons.h"

namespace bodega::web {
namespace {

void write_head(Html& html, const PageFrame& frame) {
  const auto& asked = frame.asked;
  const std::string assets = address(asked.request, asked.site.static_folder);
  html.raw(Markup("<!DOCTYPE html>\n")).open("html", {{"lang", "en"}}).open("head");
  html.leaf("meta", {{"charset", "utf-8"}});
  html.leaf("meta", {{"name", "viewport"}, {"content", "width=device-width, initial-scale=1"}});
  html.leaf("meta", {{"name", "color-scheme"}, {"content", "light dark"}});
  html.element("title", frame.title.empty() ? "Bodega" : frame.title + " \xc2\xb7 Bodega");
  html.leaf("link", {{"rel", "icon"}, {"type", "image/svg+xml"}, {"href", assets + "bodega.svg"}});
  html.leaf("link", {{"rel", "stylesheet"}, {"href", assets + "bodega.css"}});
  html.leaf("link", {{"rel", "search"},
                     {"type", "application/opensearchdescription+xml"},
                     {"title", "Bodega"},
                     {"href", address(asked.request, "/+opensearch.xml")}});
  for (const auto& feed : frame.feeds) {
    html.leaf("link", {{"rel", "alternate"}, {"type", "application/atom+xml"}, {"title", feed.title}, {"href", feed.href}});
  }
  // Before the first paint: it puts on the theme that was chosen.
  html.open("script", {{"src", assets + "theme.js"}}).close("script");
  html.open("script", {{"src", assets + "bodega.js"}, flag("defer", true)}).close("script");
  html.close("head");
}

void write_account(Html& html, const PageRequest& asked) {
  const auto& request = asked.request;
  if (asked.who.anonymous()) {
    html.open("a", {{"class", "account"}, {"href", login_address(request)}});
    html.raw(icon(Icon::person)).element("span", "Log in").close("a");
    return;
  }
  const std::string where = asked.has_session() ? address(request, "/+manage/account") : user_address(request, asked.who.user);
  html.open("a", {{"class", "account"}, {"href", where}, {"title", "Logged in as " + asked.who.user}});
  html.raw(icon(Icon::person)).element("span", asked.who.user).close("a");
  if (!asked.has_session()) return;
  html.open("form", {{"class", "logout"}, {"method", "post"}, {"action", address(request, "/+manage/logout")}});
  html.leaf("input", {{"type", "hidden"}, {"name", "csrf"}, {"value", asked.csrf}});
  html.element("button", "Log out", {{"class", "quiet"}}).close("form");
}

void write_header(Html& html, const PageFrame& frame) {
  const auto& asked = frame.asked;
  html.element("a", "Skip to the content", {{"class", "skip"}, {"href", "#content"}});
  html.open("header", {{"class", "top"}}).open("div", {{"class", "bar"}});
  html.open("a", {{"class", "brand"}, {"href", address(asked.request, "/")}}).raw(icon(Icon::logo)).element("span", "Bodega").close("a");
  if (!frame.own_search) write_search_box(html, asked.request, frame.search, SearchBox::small);
  html.open("nav", {{"class", "tools"}, {"aria-label", "Account"}});
  html.open("button", {{"class", "quiet theme"}, {"type", "button"}, {"data-theme-switch", ""}, flag("hidden", true)});
  html.raw(icon(Icon::theme)).element("span", "Change colours", {{"class", "unseen"}}).close("button");
  write_account(html, asked);
  html.close("nav").close("div").close("header");
}

void write_crumbs(Html& html, const std::vector<Crumb>& crumbs) {
  if (crumbs.empty()) return;
  html.open("nav", {{"class", "crumbs"}, {"aria-label", "Breadcrumb"}}).open("ol");
  for (const auto& crumb : crumbs) {
    const bool here = &crumb == &crumbs.back();
    html.open("li").element("a", crumb.text, {{"href", crumb.href}, {"aria-current", "page", here}}).close("li");
  }
  html.close("ol").close("nav");
}

void write_footer(Html& html, const PageRequest& asked) {
  html.open("footer", {{"class", "bottom"}}).open("div", {{"class", "bar"}});
  html.element("span", "Bodega " + asked.site.version);
  html.open("nav", {{"aria-label", "Server"}});
  html.link(address(asked.request, "/+searchhelp"), "Search help").text(" ");
  html.link(address(asked.request, "/+status"), "Server status");
  html.close("nav").close("div").close("footer");
}

constexpr std::string_view kPolicy =
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; "
    "frame-ancestors "
    "'self'; base-uri 'none'";

std::string etag_of(std::string_view body) { return "W/\"" + Digest::of(body).hex().substr(0, 32) + "\""; }

}  // namespace

void write_search_box(Html& html, const http::Request& request, std::string_view value, SearchBox size) {
  const bool big = size == SearchBox::big;
  const std::string action = address(request, "/+search");
  html.open("form", {{"class", big ? "search big" : "search"}, {"role", "search"}, {"method", "get"}, {"action", action}});
  html.raw(icon(Icon::search));
  html.leaf("input", {{"type", "search"},
                      {"name", "query"},
                      {"value", value},
                      {"placeholder", "Search projects"},
                      {"aria-label", "Search projects"},
                      {"autocomplete", "off"},
                      {"data-suggest", action + "?prefix="}});
  if (big) html.element("button", "Search");
  html.close("form");
}

std::vector<Crumb> crumbs_of(const http::Request& request, std::string_view key, std::string_view project, std::string_view version) {
  std::vector<Crumb> crumbs{{"Home", address(request, "/")}};
  const auto slash = key.find('/');
  const auto user = key.substr(0, slash);
  if (!user.empty()) crumbs.push_back({std::string(user), user_address(request, user)});
  if (slash != std::string_view::npos) crumbs.push_back({std::string(key.substr(slash + 1)), index_address(request, key)});
  if (!project.empty()) crumbs.push_back({std::string(project), project_address(request, key, project)});
  if (!version.empty()) crumbs.push_back({std::string(version), version_address(request, key, project, version)});
  return crumbs;
}

void add_security_headers(http::Response& response, std::string_view also) {
  response.headers.set("Content-Security-Policy", std::string(kPolicy) + std::string(also));
  response.headers.set("X-Content-Type-Options", "nosniff");
  response.headers.set("Referrer-Policy", "same-origin");
}

bool is_page(const http::Response& response) { return response.headers.get("Content-Security-Policy").starts_with(kPolicy); }

http::Response page(const PageFrame& frame, Markup body) {
  const auto& asked = frame.asked;
  Html html;
  write_head(html, frame);
  html.open("body");
  write_header(html, frame);
  write_crumbs(html, frame.crumbs);
  html.open("main", {{"id", "content"}, {"tabindex", "-1"}});
  if (!asked.notice.empty()) html.element("p", asked.notice, {{"class", "notice"}, {"role", "status"}});
  html.raw(body).close("main");
  write_footer(html, asked);
  html.close("body").close("html");

  http::Response response;
  response.status = frame.status;
  response.headers.add("Content-Type", "text/html; charset=utf-8");
  add_security_headers(response);
  std::string bytes = std::move(html).markup().take();
  const bool keep = frame.status == 200 && asked.notice.empty();
  if (keep) response.headers.add("ETag", etag_of(bytes));
  response.headers.add("Cache-Control", !keep ? "no-store" : asked.who.anonymous() ? "no-cache" : "private, no-cache");
  response.headers.add("Vary", "Accept, Accept-Encoding, Authorization, Cookie, User-Agent, X-Devpi-Auth");
  response.body = std::move(bytes);
  return response;
}

http::Response see_other(std::string location) {
  http::Response response;
  response.status = 303;
  response.headers.add("Location", std::move(location));
  response.headers.add("Cache-Control", "no-store");
  return response;
}

http::Response found_at(std::string location) {
  auto response = see_other(std::move(location));
  response.status = 302;
  return response;
}

}  // namespace bodega::web
