// bodega token ..., bodega status
#include <cstdio>

#include "app/admin/ask.h"
#include "app/admin/commands.h"
#include "app/admin/table.h"
#include "app/option_values.h"
#include "base/text.h"

namespace bodega::app {

using pypi::Json;

namespace {

Result<Json> wish_of(const Command& command) {
  Json out = Json::object();
  for (const auto* name : {"user", "scope"}) {
    const auto value = command.flag(name);
    if (!value) return fail(Code::invalid, "bodega token create needs --user USER and --scope read|upload");
    out.set(name, *value);
  }
  for (const auto* name : {"index", "comment"}) {
    if (const auto value = command.flag(name)) out.set(name, *value);
  }
  if (const auto text = command.flag("expires")) {
    Duration life{};
    if (const auto read = parse_value(*text, life); !read) return fail(Code::invalid, "--expires: " + read.error().message);
    const auto seconds = std::chrono::floor<std::chrono::seconds>(life).count();
    if (seconds < 1) return fail(Code::invalid, "--expires: a token must live for a second at least");
    out.set("expires", std::int64_t{seconds});
  }
  return out;
}

Result<Json> create(const Command& command) {
  BODEGA_TRY(const auto body, wish_of(command));
  return ask_once(command, "POST", "/+admin/tokens", &body);
}

}  // namespace

Exit run_token_create(const Command& command) {
  const auto answer = create(command);
  if (!answer) return complain(answer.error());
  const auto token = result_of(*answer);
  if (command.has("json")) {
    print(token.pretty());
    return Exit::ok;
  }
  // The token alone on standard output, so that TOKEN=$(bodega token create ...) works.
  std::fprintf(stderr, "token %s of %s, scope %s; this is the only time it is shown:\n", cell(token.find("id")).c_str(),
               cell(token.find("user")).c_str(), cell(token.find("scope")).c_str());
  print(token.text("token"));
  return Exit::ok;
}

Exit run_token_list(const Command& command) {
  const auto answer = ask_once(command, "GET", "/+admin/tokens");
  if (!answer) return complain(answer.error());
  const auto user = command.flag("user");
  Json shown = Json::array();
  std::vector<Row> rows;
  const auto tokens = result_of(*answer);
  for (const auto& token : tokens.items()) {
    if (user && token.text("user") != *user) continue;
    shown.push_back(token);
    Row row;
    for (const auto* key : {"id", "user", "scope", "index", "created", "expires", "last_used", "comment"})
      row.push_back(cell(token.find(key)));
    rows.push_back(std::move(row));
  }
  if (command.has("json")) {
    print(shown.pretty());
    return Exit::ok;
  }
  const auto text = table_text({"ID", "USER", "SCOPE", "INDEX", "CREATED", "EXPIRES", "LAST USED", "COMMENT"}, rows, terminal_width());
  print(std::string_view(text).substr(0, text.size() - 1));
  return Exit::ok;
}

Exit run_token_revoke(const Command& command) {
  return conclude(ask_once(command, "DELETE", "/+admin/tokens/" + percent_encode(command.operands.front())));
}

Exit run_token_rotate_secret(const Command& command) { return conclude(ask_once(command, "POST", "/+admin/rotate-secret")); }

Exit run_status(const Command& command) {
  const auto administration = open_administration(command.config);
  if (!administration) return complain(administration.error());
  const auto answer = ask(**administration, "GET", "/+admin/status");
  if (!answer) return complain(answer.error());
  auto status = result_of(*answer);
  const bool runs = (*administration)->server_runs();
  if (!runs) status.remove("started");
  if (command.has("json")) {
    status.set("running", runs);
    print(status.pretty());
    return Exit::ok;
  }
  const auto* health = status.find("health");
  std::vector<Row> rows{{"server", runs ? "running" : "not running"}};
  if (health != nullptr) {
    rows.push_back({"health", cell(health->find("status"))});
    if (const auto reasons = cell(health->find("reasons")); !reasons.empty()) rows.push_back({"reasons", reasons});
  }
  for (const auto& [name, value] : status.members()) {
    const bool bytes = name.ends_with("_bytes") && value.integer() != nullptr;
    if (name != "health") rows.push_back({name, bytes ? std::to_string(*value.integer() / 1'000'000) + " MB" : cell(&value)});
  }
  const auto text = table_text({"WHAT", "VALUE"}, rows, terminal_width());
  print(std::string_view(text).substr(0, text.size() - 1));
  return Exit::ok;
}

}  // namespace bodega::app
