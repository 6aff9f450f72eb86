// bodega index ...
#include "app/admin/ask.h"
#include "app/admin/commands.h"
#include "app/admin/prompt.h"
#include "app/admin/table.h"

namespace bodega::app {

using pypi::Json;

namespace {

// The words behind the name of the index.
std::vector<std::string> settings_of(const Command& command) { return {command.operands.begin() + 1, command.operands.end()}; }

Result<Json> options_of_new(const std::vector<std::string>& settings) {
  Json out = Json::object();
  for (const auto& setting : settings) {
    const auto equals = setting.find('=');
    if (equals == std::string::npos || equals == 0) {
      return fail(Code::invalid, "write KEY=VALUE, such as bases=root/pypi or volatile=False, not \"" + setting + "\"");
    }
    out.set(setting.substr(0, equals), setting.substr(equals + 1));
  }
  return out;
}

Result<Json> create(const Command& command) {
  BODEGA_TRY(const auto path, index_path(command.operands.front()));
  BODEGA_TRY(const auto body, options_of_new(settings_of(command)));
  return ask_once(command, "PUT", path, &body);
}

Result<Json> modify(const Command& command) {
  BODEGA_TRY(const auto path, index_path(command.operands.front()));
  const Json body(settings_of(command));
  return ask_once(command, "PATCH", path, &body);
}

Result<Json> show(const Command& command) {
  BODEGA_TRY(const auto path, index_path(command.operands.front()));
  return ask_once(command, "GET", path + "?no_projects=");
}

Exit print_options(const Command& command, const Result<Json>& answer) {
  if (!answer) return complain(answer.error());
  const auto options = result_of(*answer);
  if (command.has("json")) {
    print(options.pretty());
    return Exit::ok;
  }
  std::vector<Row> rows;
  for (const auto& [name, value] : options.members()) rows.push_back({name, cell(&value)});
  const auto text = table_text({"OPTION", "VALUE"}, rows, terminal_width());
  print(std::string_view(text).substr(0, text.size() - 1));
  return Exit::ok;
}

}  // namespace

Exit run_index_list(const Command& command) {
  const auto answer = ask_once(command, "GET", "/");
  if (!answer) return complain(answer.error());
  const auto users = result_of(*answer);
  Json all = Json::object();
  std::vector<Row> rows;
  for (const auto& [user, fields] : users.members()) {
    const auto* indexes = fields.find("indexes");
    if (indexes == nullptr || (!command.operands.empty() && user != command.operands.front())) continue;
    for (const auto& [name, options] : indexes->members()) {
      all.set(user + "/" + name, options);
      const auto bases = options.find("bases") != nullptr ? cell(options.find("bases")) : cell(options.find("mirror_url"));
      rows.push_back(
          {user + "/" + name, cell(options.find("type")), cell(options.find("volatile")), cell(options.find("acl_upload")), bases});
    }
  }
  if (command.has("json")) {
    print(all.pretty());
    return Exit::ok;
  }
  const auto text = table_text({"INDEX", "TYPE", "VOLATILE", "UPLOAD", "BASES"}, rows, terminal_width());
  print(std::string_view(text).substr(0, text.size() - 1));
  return Exit::ok;
}

Exit run_index_show(const Command& command) { return print_options(command, show(command)); }
Exit run_index_create(const Command& command) { return print_options(command, create(command)); }
Exit run_index_modify(const Command& command) { return print_options(command, modify(command)); }

Exit run_index_delete(const Command& command) {
  const auto path = index_path(command.operands.front());
  if (!path) return complain(path.error());
  const bool sure =
      command.has("yes") || confirm("Delete the index " + command.operands.front() + " with everything in it?") == Answer::yes;
  return sure ? conclude(ask_once(command, "DELETE", *path)) : Exit::failed;
}

}  // namespace bodega::app
