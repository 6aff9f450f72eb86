#include "web/error_page.h"

#include "base/text.h"
#include "pypi/format/json_value.h"
#include "web/icons.h"
#include "web/layout.h"

namespace bodega::web {
namespace {

std::string text_of_body(const http::Response& response) {
  if (const auto* text = std::get_if<std::string>(&response.body)) return *text;
  const auto* shared = std::get_if<std::shared_ptr<const std::string>>(&response.body);
  return shared && *shared ? **shared : std::string();
}

// The five that html_escape writes, and Python's apostrophe.
std::string unescape(std::string text) {
  constexpr std::pair<std::string_view, std::string_view> kEscapes[] = {{"&lt;", "<"},  {"&gt;", ">"},   {"&quot;", "\""},
                                                                        {"&#39;", "'"}, {"&#x27;", "'"}, {"&amp;", "&"}};
  for (const auto& [from, to] : kEscapes) {
    for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) text.replace(at, from.size(), to);
  }
  return text;
}

// Of the plain pages, which say it behind their title.
std::string text_of_page(std::string_view html) {
  const auto title = html.find("</h1>");
  if (title != std::string_view::npos) html.remove_prefix(title + 5);
  std::string out;
  bool in_tag = false;
  for (const char c : html) {
    if (c == '<') in_tag = true;
    if (!in_tag) out += c;
    if (c == '>') in_tag = false;
  }
  return unescape(std::move(out));
}

std::string on_one_line(std::string_view text) {
  std::string out;
  for (const char c : trim(text)) {
    const bool blank = c == ' ' || c == '\n' || c == '\r' || c == '\t';
    if (!blank) {
      out += c;
    } else if (!out.ends_with(' ')) {
      out += ' ';
    }
  }
  return out;
}

// What everybody knows already once the title is read.
bool says_nothing(std::string_view message) {
  return message.empty() || message == "The resource could not be found." || message.starts_with("The resource could not be found. /");
}

std::string_view headline(int status) {
  switch (status) {
    case 400: return "That request is not right";
    case 401: return "Who are you?";
    case 403: return "You may not do that";
    case 404: return "There is no such page";
    case 409: return "That clashes with what is here";
    case 410: return "That was here once, and was deleted";
    case 413: return "That is too much at once";
    case 429: return "Too many tries";
    case 502:
    case 504: return "The upstream index does not answer";
    case 503: return "The server is busy";
    case 507: return "The disk is full";
    default: return status >= 500 ? "Something went wrong here" : "That did not work";
  }
}

std::string_view advice(int status, bool anonymous) {
  switch (status) {
    case 400: return "Go back and look at what was sent.";
    case 401: return "Log in, and try again.";
    case 403: return anonymous ? "Log in with an account that may." : "Ask the owner of the index, or log in with another account.";
    case 404:
      return anonymous ? "Look at the address for a mistake, or search. If what you look for is private, log in first."
                       : "Look at the address for a mistake, or search. Perhaps it is private, and not shared with you.";
    case 409: return "Choose another name, or change what is here.";
    case 410: return "Look at the project for what replaced it.";
    case 413: return "Send less, or ask the administrator for a higher limit.";
    case 429: return "Wait a little, then try again.";
    case 502:
    case 504: return "What was read before is still served from the cache. Try again in a moment.";
    case 503: return "Try again in a few seconds.";
    case 507: return "The administrator must make room. What is stored can still be read.";
    default: return "Try again. If it stays, tell the administrator; the log says more.";
  }
}

}  // namespace

std::string message_of(const http::Response& response) {
  const std::string type(response.headers.get("Content-Type"));
  const std::string body = text_of_body(response);
  std::string message;
  if (type.find("json") != std::string::npos) {
    const auto json = pypi::Json::parse(body);
    if (json) message = std::string(json->text("message").empty() ? json->text("detail") : json->text("message"));
  } else {
    message = type.find("html") != std::string::npos ? text_of_page(body) : body;
  }
  message = on_one_line(message);
  return says_nothing(message) ? std::string() : message;
}

http::Response error_page(const PageRequest& asked, int status, std::string_view message) {
  const bool anonymous = asked.who.anonymous();
  Html html;
  html.open("section", {{"class", "error"}}).open("p", {{"class", "error-status"}}).raw(icon(Icon::warning));
  html.text(std::to_string(status) + " " + std::string(http::standard_reason(status))).close("p");
  html.element("h1", headline(status));
  if (!message.empty()) html.element("p", message, {{"class", "error-message"}});
  html.element("p", advice(status, anonymous));
  html.open("p", {{"class", "actions"}});
  html.link(address(asked.request, "/"), "Home", "button");
  if (anonymous && (status == 401 || status == 403 || status == 404)) {
    html.text(" ").link(login_address(asked.request), "Log in", "button quiet");
  }
  html.close("p").close("section");
  return page({.asked = asked, .title = std::string(headline(status)), .status = status}, std::move(html).markup());
}

}  // namespace bodega::web
