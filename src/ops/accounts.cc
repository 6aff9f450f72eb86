#include "ops/accounts.h"

#include "base/text.h"
#include "pypi/format/json_value.h"

namespace bodega::ops {
namespace {

using pypi::Json;

Json optional_time(const std::optional<WallTime>& time) { return time ? Json(to_unix_micros(*time)) : Json(); }

std::optional<WallTime> time_of(const Json& row, std::string_view key) {
  const Json* const value = row.find(key);
  if (value == nullptr || value->integer() == nullptr) return std::nullopt;
  return from_unix_micros(*value->integer());
}

Json user_json(const catalog::UserRow& user) {
  Json row = Json::object();
  row.set("name", user.name);
  row.set("password_hash", user.password_hash);
  row.set("profile", user.profile_json);
  row.set("created", to_unix_micros(user.created));
  row.set("modified", optional_time(user.modified));
  return row;
}

Json token_json(const catalog::TokenRow& token) {
  Json row = Json::object();
  row.set("id", token.id);
  row.set("user", token.user);
  row.set("scope", token.scope);
  row.set("index", token.index);
  row.set("hash", token.hash.hex());
  row.set("comment", token.comment);
  row.set("created", to_unix_micros(token.created));
  row.set("expires", optional_time(token.expires));
  row.set("last_used", optional_time(token.last_used));
  return row;
}

Result<void> restore_token(catalog::Transaction& transaction, const Json& row) {
  const auto hash = Digest::from_hex(row.text("hash"));
  if (!hash) return fail(Code::invalid, "a token without its hash");
  catalog::TokenRow token;
  token.id = row.text("id");
  token.user = row.text("user");
  token.scope = row.text("scope");
  token.index = row.text("index");
  token.hash = *hash;
  token.comment = row.text("comment");
  token.created = time_of(row, "created").value_or(WallTime{});
  token.expires = time_of(row, "expires");
  token.last_used = time_of(row, "last_used");
  return transaction.insert_token(token);
}

const Json::Array& list(const Json& all, std::string_view key) {
  static const Json::Array kNone;
  const Json* const found = all.find(key);
  return found == nullptr ? kNone : found->items();
}

}  // namespace

Result<void> write_whole(store::FileSystem& file_system, const std::filesystem::path& directory, std::string_view name,
                         std::string_view text) {
  const auto making = directory / (std::string(name) + ".new");
  BODEGA_TRY_VOID(file_system.remove(making));
  const auto write = [&]() -> Result<void> {
    BODEGA_TRY(const auto file, file_system.create(making));
    BODEGA_TRY_VOID(file->write_at(text, 0));
    BODEGA_TRY_VOID(file->sync());
    BODEGA_TRY_VOID(file_system.rename(making, directory / name));
    return file_system.sync_directory(directory);
  };
  auto outcome = write();
  if (!outcome) (void)file_system.remove(making);
  return outcome;
}

Result<std::string> accounts_text(catalog::Reader& reader) {
  Json users = Json::array();
  BODEGA_TRY(const auto user_rows, reader.users());
  for (const auto& user : user_rows) users.push_back(user_json(user));
  Json indexes = Json::array();
  BODEGA_TRY(const auto index_rows, reader.indexes());
  for (const auto& index : index_rows) {
    Json row = Json::object();
    row.set("user", index.user);
    row.set("name", index.name);
    row.set("options", index.options_json);
    indexes.push_back(std::move(row));
  }
  Json tokens = Json::array();
  BODEGA_TRY(const auto token_rows, reader.tokens());
  for (const auto& token : token_rows) tokens.push_back(token_json(token));
  Json settings = Json::object();
  BODEGA_TRY(const auto setting_rows, reader.settings());
  for (const auto& [key, value] : setting_rows) settings.set(key, value);
  Json all = Json::object();
  all.set("form", 1);
  all.set("settings", std::move(settings));
  all.set("users", std::move(users));
  all.set("indexes", std::move(indexes));
  all.set("tokens", std::move(tokens));
  return all.pretty() + "\n";
}

Result<RestoredAccounts> restore_accounts(catalog::Transaction& transaction, std::string_view text) {
  BODEGA_TRY(const Json all, Json::parse(text));
  const Json* const form = all.find("form");
  if (form == nullptr || form->integer() == nullptr || *form->integer() != 1) return fail(Code::invalid, "accounts.json has another form");
  RestoredAccounts out;
  if (const Json* const settings = all.find("settings")) {
    for (const auto& [key, value] : settings->members()) {
      if (value.is_string()) BODEGA_TRY_VOID(transaction.set_setting(key, *value.string()));
    }
  }
  for (const auto& row : list(all, "users")) {
    catalog::UserRow user;
    user.name = row.text("name");
    user.password_hash = row.text("password_hash");
    user.profile_json = row.text("profile");
    user.created = time_of(row, "created").value_or(WallTime{});
    user.modified = time_of(row, "modified");
    BODEGA_TRY_VOID(transaction.insert_user(user));
    ++out.users;
  }
  for (const auto& row : list(all, "indexes")) {
    BODEGA_TRY_VOID(
        transaction.insert_index({std::string(row.text("user")), std::string(row.text("name")), std::string(row.text("options"))}));
    ++out.indexes;
  }
  for (const auto& row : list(all, "tokens")) {
    BODEGA_TRY_VOID(restore_token(transaction, row));
    ++out.tokens;
  }
  return out;
}

}  // namespace bodega::ops
