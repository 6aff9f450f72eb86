#include "web/project/parts.h"

#include "base/text.h"
#include "web/icons.h"

namespace bodega::web {

std::string address_of(const ProjectPlace& place) { return project_address(place.asked.request, place.index.key(), place.project); }

std::string address_of(const ProjectPlace& place, std::string_view version) {
  return version_address(place.asked.request, place.index.key(), place.project, version);
}

void write_install_line(Html& html, const ProjectPlace& place, std::string_view pin) {
  const std::string url = place.base_url + "/" + percent_encode(place.index.key(), "/@") + "/+simple/";
  // Only a version may hold what a shell reads as something else.
  const std::string wanted = place.project + std::string(pin);
  const bool plain = wanted.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-=+") == std::string::npos;
  html.open("pre", {{"class", "install"}, {"data-copy", "the install line"}, {"tabindex", "0"}, {"aria-label", "Install line"}});
  html.open("code").text("pip install --index-url " + url + " " + (plain ? wanted : "'" + wanted + "'")).close("code").close("pre");
}

void write_status(Html& html, const pypi::ProjectStatus& status, std::string_view from) {
  const bool is_bad = status.status == "quarantined";
  html.open("p", {{"class", is_bad ? "banner bad" : "banner warn"}}).raw(icon(Icon::warning)).text(" ");
  if (status.status == "archived") {
    html.text("This project is archived: its maintainers expect no more releases.");
  } else if (status.status == "deprecated") {
    html.text("This project is deprecated: its maintainers advise against it.");
  } else if (is_bad) {
    html.text("This project is quarantined: its files are not offered to anybody.");
  } else {
    html.text("The status of this project is: " + status.status + ".");
  }
  if (!status.reason.empty()) html.text(" Reason given: " + status.reason);
  html.element("span", " (says " + std::string(from) + ")", {{"class", "small"}}).close("p");
}

void write_origin(Html& html, const http::Request& request, std::string_view index, std::string_view own) {
  html.open("a", {{"class", index == own ? "chip" : "chip info"}, {"href", index_address(request, index)}}).text(index).close("a");
}

void write_day(Html& html, WallTime when) {
  const std::string moment = rfc3339(std::chrono::floor<std::chrono::seconds>(when));
  html.element("time", moment.substr(0, 10), {{"datetime", moment}, {"title", moment}, {"class", "timestamp"}});
}

}  // namespace bodega::web
