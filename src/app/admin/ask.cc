#include "app/admin/ask.h"

#include <cstdio>

#include "base/text.h"

namespace bodega::app {

using pypi::Json;

namespace {

Code code_of(int status) {
  switch (status) {
    case 400: return Code::invalid;
    case 403: return Code::forbidden;
    case 404: return Code::not_found;
    case 409: return Code::conflict;
    default: return Code::io;
  }
}

Error refused(const http::LocalAnswer& answer, const std::string& target) {
  const auto json = Json::parse(answer.body);
  std::string message(json ? json->text("message") : std::string_view());
  if (const auto title = json ? json->text("detail") : std::string_view(); message.empty()) message = title;
  message = std::string(trim(message));
  if (message.empty()) message = "the server answered with " + std::to_string(answer.status);
  if (answer.status == 403 && message.find("permission check") != std::string::npos) {
    message = "there is no " + percent_decode(target.substr(1)).value_or(target) + ", or it cannot be changed like that";
  }
  return {code_of(answer.status), std::move(message), {}, {}};
}

Exit exit_of(Code code) {
  switch (code) {
    case Code::invalid: return Exit::usage;
    case Code::no_space:
    case Code::corrupt: return Exit::data_unusable;
    default: return Exit::failed;
  }
}

bool is_segment(std::string_view name) {
  return !name.empty() && name != "." && name != ".." && name.find_first_of("/+") == std::string_view::npos;
}

}  // namespace

Result<Json> ask(Administration& administration, const std::string& method, const std::string& target, const Json* body) {
  http::LocalCall call{method, target, body != nullptr ? body->compact() : std::string()};
  BODEGA_TRY(const auto answer, administration.call(call));
  if (answer.status < 200 || answer.status > 299) return fail(refused(answer, target));
  return Json::parse(answer.body);
}

Result<Json> ask_once(const Command& command, const std::string& method, const std::string& target, const Json* body) {
  BODEGA_TRY(const auto administration, open_administration(command.config));
  return ask(*administration, method, target, body);
}

Json result_of(const Json& answer) {
  const auto* result = answer.find("result");
  return result != nullptr ? *result : Json();
}

Result<std::string> user_path(const std::string& user) {
  if (!is_segment(user)) return fail(Code::invalid, "\"" + user + "\" is no name of a user");
  return "/" + percent_encode(user, "@");
}

Result<std::string> index_path(const std::string& key) {
  const auto slash = key.find('/');
  if (slash == std::string::npos) return fail(Code::invalid, "an index is named USER/INDEX, such as root/pypi, not \"" + key + "\"");
  BODEGA_TRY(const auto user, user_path(key.substr(0, slash)));
  const auto name = key.substr(slash + 1);
  if (!is_segment(name)) return fail(Code::invalid, "\"" + key + "\" is no name of an index; write USER/INDEX, such as root/pypi");
  return user + "/" + percent_encode(name, "@");
}

Exit complain(const Error& error) {
  std::fprintf(stderr, "bodega: %s\n", error.message.c_str());
  return exit_of(error.code);
}

Exit conclude(const Result<Json>& answer) {
  if (!answer) return complain(answer.error());
  print(answer->text("message"));
  return Exit::ok;
}

void print(std::string_view text) { std::printf("%.*s\n", static_cast<int>(text.size()), text.data()); }

std::string cell(const Json* value) {
  if (value == nullptr || value->is_null()) return {};
  if (value->string()) return *value->string();
  if (!value->is_array()) return value->compact();
  std::vector<std::string> parts;
  for (const auto& item : value->items()) parts.push_back(cell(&item));
  return join(parts, ", ");
}

}  // namespace bodega::app
