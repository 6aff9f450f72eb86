#include "web/forms.h"

#include "base/text.h"
#include "web/error_page.h"

namespace bodega::web {
namespace {

constexpr std::size_t kMaxForm = 1 << 20;

std::string_view form_type() { return "application/x-www-form-urlencoded"; }

}  // namespace

void begin_form(Html& html, const PageRequest& asked, std::string_view action, std::string_view css_class) {
  html.open("form", {{"class", css_class}, {"method", "post"}, {"action", address(asked.request, action)}});
  write_hidden(html, "csrf", asked.csrf);
}

void write_hidden(Html& html, std::string_view name, std::string_view value) {
  html.leaf("input", {{"type", "hidden"}, {"name", name}, {"value", value.data() ? value : std::string_view("")}});
}

void write_field(Html& html, const Field& field) {
  const std::string id = "field-" + std::string(field.name);
  const std::string hint = id + "-hint";
  const bool hinted = !field.hint.empty();
  html.open("div", {{"class", "field"}}).element("label", field.label, {{"for", id}});
  if (field.type == "textarea") {
    html.open("textarea", {{"id", id}, {"name", field.name}, {"rows", "3"}, {"aria-describedby", hint, hinted}});
    html.text(field.value).close("textarea");
  } else {
    html.leaf("input", {{"id", id},
                        {"name", field.name},
                        {"type", field.type},
                        {"value", field.value},
                        {"autocomplete", field.autocomplete},
                        flag("required", field.required),
                        {"aria-describedby", hint, hinted}});
  }
  if (hinted) html.element("p", field.hint, {{"class", "hint"}, {"id", hint}});
  html.close("div");
}

void write_check(Html& html, std::string_view name, std::string_view label, bool on, std::string_view hint) {
  const std::string id = "field-" + std::string(name);
  html.open("div", {{"class", "check"}});
  html.leaf("input", {{"type", "checkbox"}, {"id", id}, {"name", name}, {"value", "yes"}, flag("checked", on)});
  html.open("div").element("label", label, {{"for", id}});
  if (!hint.empty()) html.element("p", hint, {{"class", "hint"}});
  html.close("div").close("div");
}

void end_form(Html& html, std::string_view button) {
  html.open("div", {{"class", "actions"}}).element("button", button).close("div").close("form");
}

void write_problem(Html& html, std::string_view problem) {
  if (!problem.empty()) html.element("p", problem, {{"class", "banner bad"}, {"role", "alert"}});
}

std::string_view FormValues::raw(std::string_view name) const {
  for (const auto& [key, value] : fields_) {
    if (key == name) return value;
  }
  return {};
}

std::string_view FormValues::get(std::string_view name) const { return trim(raw(name)); }

bool FormValues::has(std::string_view name) const {
  for (const auto& field : fields_) {
    if (field.first == name) return true;
  }
  return false;
}

Task<Result<FormValues>> read_form(http::Request& request) {
  const auto type = http::parse_header_value(request.headers.get("Content-Type"));
  if (!type || type->value != form_type()) co_return fail(Code::invalid, "That is not one of our forms.");
  std::string body;
  while (request.body) {
    auto piece = co_await request.body->read();
    if (!piece) co_return fail(std::move(piece).error());
    if (piece->empty()) break;
    if (body.size() + piece->size() > kMaxForm) co_return fail(Code::too_large, "The form is too large.");
    body += *piece;
  }
  auto fields = http::parse_urlencoded(body);
  if (!fields) co_return fail(std::move(fields).error());
  co_return FormValues(std::move(*fields));
}

Task<Result<std::string>> TextBody::read() { co_return std::exchange(text_, {}); }

http::Request program_request(const PageRequest& asked, http::Method method, http::RequestBody* body) {
  http::Request request;
  request.id = asked.request.id;
  request.method = method;
  request.path = "/";
  request.peer = asked.request.peer;
  request.scheme = asked.request.scheme;
  request.host = asked.request.host;
  request.mount = asked.request.mount;
  request.received = asked.request.received;
  request.headers.add("Accept", "application/json");
  if (const auto* login = asked.request.headers.find("Authorization")) request.headers.add("Authorization", *login);
  request.body = body;
  return request;
}

Outcome outcome_of(const http::Response& response) {
  Outcome outcome{response.status, message_of(response), {}};
  const auto* text = std::get_if<std::string>(&response.body);
  if (text == nullptr) return outcome;
  if (auto json = pypi::Json::parse(*text)) {
    if (const auto* result = json->find("result")) outcome.answer = *result;
  }
  if (outcome.message.empty()) outcome.message = std::string(http::standard_reason(response.status));
  return outcome;
}

}  // namespace bodega::web
