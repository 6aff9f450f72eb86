// bodega user ..., bodega passwd
#include "app/admin/ask.h"
#include "app/admin/commands.h"
#include "app/admin/prompt.h"
#include "app/admin/table.h"
#include "base/text.h"

namespace bodega::app {

using pypi::Json;

namespace {

std::string index_names(const Json& user) {
  std::vector<std::string> names;
  if (const auto* indexes = user.find("indexes")) {
    for (const auto& [name, options] : indexes->members()) names.push_back(name);
  }
  return join(names, ", ");
}

Json without_indexes(const Json& user) {
  Json out = user;
  out.remove("indexes");
  return out;
}

Result<Json> create(const Command& command) {
  BODEGA_TRY(const auto path, user_path(command.operands.front()));
  // Before anybody types a password.
  BODEGA_TRY(const auto administration, open_administration(command.config));
  if (ask(*administration, "GET", path)) return fail(Code::conflict, "user " + command.operands.front() + " exists already");
  BODEGA_TRY(const auto password, read_new_password(command.flag("password-file")));
  Json body = Json::object();
  body.set("password", password.reveal());
  if (const auto email = command.flag("email")) body.set("email", *email);
  return ask(*administration, "PUT", path, &body);
}

Result<Json> change_password(const Command& command) {
  BODEGA_TRY(const auto path, user_path(command.operands.front()));
  BODEGA_TRY(const auto administration, open_administration(command.config));
  BODEGA_TRY(const auto present, ask(*administration, "GET", path));
  (void)present;
  BODEGA_TRY(const auto password, read_new_password(command.flag("password-file")));
  Json body = Json::object();
  body.set("password", password.reveal());
  return ask(*administration, "PATCH", path, &body);
}

Result<Json> show(const Command& command) {
  BODEGA_TRY(const auto path, user_path(command.operands.front()));
  return ask_once(command, "GET", path);
}

}  // namespace

Exit run_user_list(const Command& command) {
  const auto answer = ask_once(command, "GET", "/");
  if (!answer) return complain(answer.error());
  const auto users = result_of(*answer);
  if (command.has("json")) {
    print(users.pretty());
    return Exit::ok;
  }
  std::vector<Row> rows;
  for (const auto& [name, user] : users.members()) {
    rows.push_back({name, cell(user.find("email")), cell(user.find("created")), index_names(user)});
  }
  const auto text = table_text({"USER", "EMAIL", "CREATED", "INDEXES"}, rows, terminal_width());
  print(std::string_view(text).substr(0, text.size() - 1));
  return Exit::ok;
}

Exit run_user_show(const Command& command) {
  const auto answer = show(command);
  if (!answer) return complain(answer.error());
  const auto user = result_of(*answer);
  if (command.has("json")) {
    print(user.pretty());
    return Exit::ok;
  }
  std::vector<Row> rows;
  const auto fields = without_indexes(user);
  for (const auto& [name, value] : fields.members()) rows.push_back({name, cell(&value)});
  rows.push_back({"indexes", index_names(user)});
  const auto text = table_text({"FIELD", "VALUE"}, rows, terminal_width());
  print(std::string_view(text).substr(0, text.size() - 1));
  return Exit::ok;
}

Exit run_user_create(const Command& command) {
  const auto answer = create(command);
  if (!answer) return complain(answer.error());
  print("user " + command.operands.front() + " created");
  return Exit::ok;
}

Exit run_user_delete(const Command& command) {
  const auto path = user_path(command.operands.front());
  if (!path) return complain(path.error());
  const bool sure = command.has("yes") || confirm("Delete the user " + command.operands.front() + " with all indexes?") == Answer::yes;
  return sure ? conclude(ask_once(command, "DELETE", *path)) : Exit::failed;
}

Exit run_passwd(const Command& command) {
  const auto answer = change_password(command);
  if (!answer) return complain(answer.error());
  print("the password of " + command.operands.front() + " was changed; logins that are under way go on until they expire");
  return Exit::ok;
}

}  // namespace bodega::app
